// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

internal import CRocketCore

/// Certificates, keys and rules, read and ready for a loop or a listener.
package final class TLSContext: Sendable {
  let handle: Handle

  /// For the connections that calls open. Reads the files. Throws `invalidArgument` that names the file or setting at fault.
  package init(client configuration: TLSConfiguration) throws(RocketMQError) {
    let lent = LentSlices()
    var options = rocket_tls_client_options()
    rocket_tls_client_options_default(&options)
    lent.lend(configuration.trust, to: &options.trust)
    if let identity = configuration.identity { lent.lend(identity, to: &options.identity) }
    if let serverName = configuration.serverName { options.server_name = lent.slice(of: serverName) }
    options.insecure = configuration.insecure
    options.min_version = configuration.minimumVersion.raw
    handle = try Self.make(from: lent) { rocket_tls_client_new(&options, $0, $1) }
  }

  /// For a listener. With `clientAuthorities`, clients must show a certificate that one of them issued.
  package init(
    server identity: TLSConfiguration.Identity, clientAuthorities: TLSConfiguration.PEM?, minimumVersion: TLSConfiguration.Version
  ) throws(RocketMQError) {
    let lent = LentSlices()
    var options = rocket_tls_server_options()
    rocket_tls_server_options_default(&options)
    lent.lend(identity, to: &options.identity)
    if let clientAuthorities { lent.lend(.authorities(clientAuthorities), to: &options.client_trust) }
    options.min_version = minimumVersion.raw
    handle = try Self.make(from: lent) { rocket_tls_server_new(&options, $0, $1) }
  }

  deinit { rocket_tls_release(handle.raw) }

  private static func make(
    from lent: LentSlices, _ body: (UnsafeMutablePointer<OpaquePointer?>, UnsafeMutablePointer<rocket_fault>) -> Int32
  ) throws(RocketMQError) -> Handle {
    var context: OpaquePointer?
    var fault = rocket_fault()
    let status = withExtendedLifetime(lent) { body(&context, &fault) }
    guard status == 0, let context else {
      let option = fault.what.map { String(cString: $0) } ?? ""
      var error = coreError(status, "TLS: \(subject(option))\(lent.paths[option].map { " in \($0)" } ?? "")")
      if error.code != .outOfMemory { error.code = .invalidArgument }
      throw error
    }
    return Handle(raw: context)
  }

  private static func subject(_ option: String) -> String {
    switch option {
    case "ca_file", "ca_pem": "the certificates of the authorities"
    case "ca_directory": "the authorities"
    case "certificate_file", "certificate_pem": "the certificate"
    case "key_file", "key_pem": "the private key"
    case "server_name": "the server name"
    default: "the settings"
    }
  }
}

extension TLSConfiguration.Version {
  fileprivate var raw: rocket_tls_version {
    switch self {
    case .tls12: ROCKET_TLS_1_2
    case .tls13: ROCKET_TLS_1_3
    }
  }
}

/// Copies of texts that live as long as this object.
private final class LentSlices {
  private var blocks: [UnsafeMutableRawBufferPointer] = []
  /// By the option's name in the core.
  private(set) var paths: [String: String] = [:]

  deinit { for block in blocks { block.deallocate() } }

  func slice(of text: String) -> rocket_slice {
    var text = text
    return text.withUTF8 { bytes in
      let block = UnsafeMutableRawBufferPointer.allocate(byteCount: max(bytes.count, 1), alignment: 1)
      block.copyMemory(from: UnsafeRawBufferPointer(bytes))
      blocks.append(block)
      return rocket_slice(UnsafeRawBufferPointer(rebasing: block[..<bytes.count]))
    }
  }

  func lend(_ trust: TLSConfiguration.Trust, to options: inout rocket_tls_trust) {
    switch trust {
    case .system: break
    case .authorities(.file(let path)): options.ca_file = slice(of: path, for: "ca_file")
    case .authorities(.text(let text)): options.ca_pem = slice(of: text)
    case .directory(let path): options.ca_directory = slice(of: path, for: "ca_directory")
    }
  }

  func lend(_ identity: TLSConfiguration.Identity, to options: inout rocket_tls_identity) {
    switch identity.certificate {
    case .file(let path): options.certificate_file = slice(of: path, for: "certificate_file")
    case .text(let text): options.certificate_pem = slice(of: text)
    }
    switch identity.key {
    case .file(let path): options.key_file = slice(of: path, for: "key_file")
    case .text(let text): options.key_pem = slice(of: text)
    }
    if let password = identity.keyPassword { options.key_password = slice(of: password) }
  }

  private func slice(of path: String, for option: String) -> rocket_slice {
    paths[option] = path
    return slice(of: path)
  }
}

/// What a failure of TLS is to a caller, and what to do about it; nil for other statuses.
func tlsFailure(_ status: Int32) -> (code: RocketMQError.Code, advice: String)? {
  switch status {
  case ROCKET_TLS_HANDSHAKE.rawValue: (.tlsFailed, "compare the TLS versions that both sides allow")
  case ROCKET_TLS_NOT_SPOKEN.rawValue, ROCKET_TLS_CUT_OFF.rawValue, ROCKET_TLS_TIMEOUT.rawValue:
    (.tlsFailed, "turn TLS on there, or off here")
  case ROCKET_TLS_NEEDED.rawValue: (.tlsFailed, "turn TLS on here")
  case ROCKET_TLS_BAD_RECORD.rawValue: (.tlsFailed, "something on the way disturbs the connection")
  case ROCKET_TLS_EXPIRED.rawValue: (.certificateRefused, "renew it, or set this machine's clock right")
  case ROCKET_TLS_UNKNOWN_ISSUER.rawValue: (.certificateRefused, "name the certificate of its authority as trusted")
  case ROCKET_TLS_WRONG_HOST.rawValue: (.certificateRefused, "call it by a name or IP in its certificate, or set the server name")
  case ROCKET_TLS_UNTRUSTED.rawValue: (.certificateRefused, "it needs another certificate")
  case ROCKET_TLS_NO_CERTIFICATE.rawValue, ROCKET_TLS_REFUSED.rawValue:
    (.certificateRefused, "show a certificate that the peer's authorities issued")
  default: nil
  }
}
