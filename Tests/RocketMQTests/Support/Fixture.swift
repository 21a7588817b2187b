// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// The bytes of a file in `Tests/Fixtures`; none when it is not there.
func fixture(_ name: String, file: StaticString = #filePath) -> [UInt8] {
  let tests = "\(file)".split(separator: "/").prefix { $0 != "RocketMQTests" }.joined(separator: "/")
  guard let file = fopen("/\(tests)/Fixtures/\(name)", "rb") else { return [] }
  defer { fclose(file) }
  var bytes: [UInt8] = []
  var buffer = [UInt8](repeating: 0, count: 65536)
  while true {
    let count = fread(&buffer, 1, buffer.count, file)
    if count == 0 { return bytes }
    bytes += buffer[..<count]
  }
}
