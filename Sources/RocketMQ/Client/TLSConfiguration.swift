// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

/// How connections are encrypted, and whom the client believes. The servers' certificates and hosts are verified, unless ``insecure`` is
/// set; TLS 1.2 is the oldest version.
///
/// ```swift
/// var configuration = ClientConfiguration(nameServers: ["mq.example:9876"])
/// configuration.tls = TLSConfiguration(trust: .authorities(.file("/etc/mq/ca.pem")))
/// ```
///
/// Java: `tls.enable`, `TlsSystemConfig`; there every certificate is accepted unless one says otherwise.
public struct TLSConfiguration: Sendable, Hashable {
  /// Certificates or a key in PEM form: "-----BEGIN CERTIFICATE-----" and so on.
  public enum PEM: Sendable, Hashable {
    /// The path of a file with it.
    case file(String)
    /// The text itself.
    case text(String)
  }

  /// Whose certificates are believed.
  public enum Trust: Sendable, Hashable {
    /// What the system trusts: the public authorities, and what its administrator added.
    case system
    /// These certificates, and those that they issued; nobody else. A server's own certificate may be named too. Java:
    /// `tls.client.trustCertPath`.
    case authorities(PEM)
    /// The same with every PEM file in the directory at this path.
    case directory(String)
  }

  /// A certificate of one's own and its private key.
  public struct Identity: Sendable, Hashable {
    /// The certificate first, then those that issued it, up to one that the other side trusts.
    public var certificate: PEM
    /// Its private key.
    public var key: PEM
    /// Of an encrypted key.
    public var keyPassword: String?

    public init(certificate: PEM, key: PEM, keyPassword: String? = nil) {
      self.certificate = certificate
      self.key = key
      self.keyPassword = keyPassword
    }
  }

  /// A version of TLS.
  public enum Version: Sendable, Hashable {
    case tls12
    case tls13
  }

  /// Default: what the system trusts.
  public var trust: Trust
  /// Shown to servers that ask for a certificate; default: none. Java: `tls.client.certPath`, `tls.client.keyPath`.
  public var identity: Identity?
  /// Every server's certificate must be for this name or IP; nil, the default: for the host in the address that is called. Set it when
  /// brokers register IPs that are not in their certificates.
  public var serverName: String?
  /// Accept every certificate for any host: whoever is on the way can read and change everything. Each client that is made with it logs a
  /// warning. Default false; for trying something out. Java: `tls.test.mode.enable`, which defaults to true.
  public var insecure = false
  /// Default ``Version/tls12``.
  public var minimumVersion = Version.tls12

  public init(trust: Trust = .system, identity: Identity? = nil) {
    self.trust = trust
    self.identity = identity
  }
}
