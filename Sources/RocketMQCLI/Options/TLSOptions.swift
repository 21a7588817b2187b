// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

internal import ArgumentParser
internal import RocketMQ

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Darwin)
  internal import Darwin
#endif

/// How a command that talks to a cluster encrypts.
struct TLSOptions: ParsableArguments {
  @Flag(help: "Encrypt, and verify who the servers are; each of the other --tls options does, too. Also: ROCKETMQ_TLS=true.")
  var tls = false

  @Option(
    name: .customLong("tls-ca"),
    help: ArgumentHelp(
      "Trust servers whose certificates these issued: a PEM file, or a directory of them. Default: $ROCKETMQ_TLS_CA, else the system's.",
      valueName: "path"))
  var authorities: String?

  @Option(
    name: .customLong("tls-cert"),
    help: ArgumentHelp(
      "The certificate to show to servers that ask for one: a PEM file. Default: $ROCKETMQ_TLS_CERT.", valueName: "file"))
  var certificate: String?

  @Option(
    name: .customLong("tls-key"),
    help: ArgumentHelp("Its private key: a PEM file without password. Default: $ROCKETMQ_TLS_KEY.", valueName: "file"))
  var key: String?

  @Option(
    name: .customLong("tls-server-name"),
    help: ArgumentHelp(
      "The name or IP that the servers' certificates must be for. Default: $ROCKETMQ_TLS_SERVER_NAME, else the host that is called.",
      valueName: "host"))
  var serverName: String?

  @Flag(
    name: .customLong("tls-insecure"),
    help: "Encrypt without verifying anything: for trying out. Whoever is on the way can read and change all of it.")
  var insecure = false

  /// nil: plain.
  func configuration() throws -> TLSConfiguration? {
    let authorities = authorities ?? environment("ROCKETMQ_TLS_CA")
    let certificate = certificate ?? environment("ROCKETMQ_TLS_CERT")
    let key = key ?? environment("ROCKETMQ_TLS_KEY")
    let serverName = serverName ?? environment("ROCKETMQ_TLS_SERVER_NAME")
    let isNamed = self.authorities != nil || self.certificate != nil || self.key != nil || self.serverName != nil
    guard try tls || insecure || isNamed || isSwitchedOn() else { return nil }
    var configuration = TLSConfiguration()
    if let authorities { configuration.trust = isDirectory(authorities) ? .directory(authorities) : .authorities(.file(authorities)) }
    configuration.identity = try TLSOptions.identity(certificate, key, "--tls-cert", "--tls-key")
    configuration.serverName = serverName
    configuration.insecure = insecure
    // Said here, because the client's own warning is below the usual log level.
    if insecure { Terminal.report("rocketmq: TLS without verification: whoever is on the way can read and change everything") }
    return configuration
  }

  private func isSwitchedOn() throws -> Bool {
    guard let value = environment("ROCKETMQ_TLS") else { return false }
    switch value {
    case "true", "1": return true
    case "false", "0": return false
    default: throw ValidationError("ROCKETMQ_TLS is \"\(value)\"; take true or false.")
    }
  }

  static func identity(
    _ certificate: String?, _ key: String?, _ certificateOption: String, _ keyOption: String
  ) throws -> TLSConfiguration.Identity? {
    switch (certificate, key) {
    case (nil, nil): return nil
    case (let certificate?, let key?): return TLSConfiguration.Identity(certificate: .file(certificate), key: .file(key))
    case (nil, _): throw ValidationError("\(keyOption) is of no use without \(certificateOption).")
    case (_, nil): throw ValidationError("\(certificateOption) is of no use without \(keyOption).")
    }
  }
}

private func isDirectory(_ path: String) -> Bool {
  var status = stat()
  return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
}
