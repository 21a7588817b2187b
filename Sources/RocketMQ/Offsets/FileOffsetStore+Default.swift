// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Darwin)
  internal import Darwin
#endif

extension FileOffsetStore {
  /// For a broadcasting consumer that was given no store: `$HOME/.rocketmq_offsets/<instance>`.
  ///
  /// The path must be the same at every start, so neither the process nor the address is in it (in Java the address is). It takes over from
  /// the folder that a Java client with the same home, address and instance name has.
  ///
  /// Throws `invalidArgument` when there is no home.
  static func atHome(
    _ home: String? = getenv("HOME").map { String(cString: $0) }, clientID: String, instanceName: String?
  ) throws(RocketMQError) -> FileOffsetStore {
    guard let home, !home.isEmpty else {
      throw RocketMQError(
        .invalidArgument, "HOME is not set, so there is no place for a broadcasting consumer's offsets; give it an offsetStore")
    }
    let instance = instanceName ?? "DEFAULT"
    let address = clientID.prefix { $0 != "@" }
    let base = "\(home)/.rocketmq_offsets"
    return FileOffsetStore(directory: "\(base)/\(folderName(instance))", takingOverFrom: "\(base)/\(address)@\(instance)")
  }

  /// An instance name may be anything; what a path would understand is escaped.
  static func folderName(_ name: String) -> String {
    let escaped = name.replacing("%", with: "%25").replacing("/", with: "%2F")
    return escaped.hasPrefix(".") ? "%2E\(escaped.dropFirst())" : escaped
  }
}
