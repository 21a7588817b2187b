// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

public import Logging
public import RocketMQ

extension EmbeddedBroker {
  /// Where messages, topics and offsets are kept.
  public enum Storage: Sendable, Hashable {
    /// In memory, for as long as the broker lives. Nothing is ever thrown away, so memory grows with what is sent.
    case memory
    /// In the directory at this path, which is made when there is none. Everything a client was told is stored survives the end of the
    /// process, also by `kill -9`; what is older than ``Configuration/flushInterval`` survives a power failure.
    case directory(String)
  }

  /// Which time the broker goes by for storing messages, delay levels, held pulls, locks and silent members.
  public enum ClockMode: Sendable, Hashable {
    /// The machine's.
    case system
    /// Stands still, and moves only with ``BrokerClock/advance(by:)``: for tests of what takes minutes or hours. It starts at this time; by
    /// default at the machine's.
    case manual(startingAt: Timestamp? = nil)

    /// ``manual(startingAt:)``, from the machine's time.
    public static var manual: ClockMode { .manual(startingAt: nil) }
  }

  /// How much a broker takes and gives at once.
  public struct Limits: Sendable, Hashable {
    /// Bytes of one message's body, or of one batch. Default 4 MiB. Java: `maxMessageSize`.
    public var maxMessageBytes: Int
    /// Messages in the answer to one pull, whatever the pull asks for. Default 32. Java: `maxTransferCountOnMessageInMemory`.
    public var maxPullMessages: Int
    /// Bytes in the answer to one pull, unless a single message is larger. Default 256 KiB. Java: `maxTransferBytesOnMessageInMemory`.
    public var maxPullBytes: Int

    /// The defaults are Java's; see the properties.
    public init(maxMessageBytes: Int = 4 << 20, maxPullMessages: Int = 32, maxPullBytes: Int = 256 << 10) {
      self.maxMessageBytes = maxMessageBytes
      self.maxPullMessages = maxPullMessages
      self.maxPullBytes = maxPullBytes
    }
  }

  /// How both servers encrypt. Java: `tls.server.*`, with `tls.server.mode=enforcing`.
  public struct TLS: Sendable, Hashable {
    /// What the servers show. Its certificate must name the host that clients call: ``Configuration/host``, or
    /// ``Configuration/advertisedHost``. Java: `tls.server.certPath`, `tls.server.keyPath`.
    public var identity: TLSConfiguration.Identity
    /// Clients must show a certificate that one of these issued; nil, the default: they need none. Java:
    /// `tls.server.trustCertPath`, with `tls.server.need.client.auth=require`.
    public var clientAuthorities: TLSConfiguration.PEM?
    /// Default ``TLSConfiguration/Version/tls12``.
    public var minimumVersion = TLSConfiguration.Version.tls12

    public init(identity: TLSConfiguration.Identity, clientAuthorities: TLSConfiguration.PEM? = nil) {
      self.identity = identity
      self.clientAuthorities = clientAuthorities
    }
  }

  /// The settings of an embedded broker. The defaults are those of the Java broker where it has them.
  public struct Configuration: Sendable {
    /// Address that both servers listen on, without port: `127.0.0.1`, `0.0.0.0`, `::1`. Default `127.0.0.1`.
    public var host = "127.0.0.1"
    /// The broker's port; 0, the default, is any free one. The Java broker's is 10911.
    public var brokerPort: UInt16 = 0
    /// The name server's port; 0, the default, is any free one. The Java name server's is 9876.
    public var nameServerPort: UInt16 = 0
    /// Host that routes give to clients, when they reach the broker under another name than ``host``: from outside of a container, say.
    /// Default: ``host``, or `127.0.0.1` (`::1`) where that means all addresses. Java: `brokerIP1`.
    public var advertisedHost: String?
    /// Name server and broker speak TLS, and nothing else; nil, the default: neither does.
    public var tls: TLS?
    /// Default ``Storage/memory``.
    public var storage: Storage
    /// Default `broker-a`.
    public var brokerName = "broker-a"
    /// Default `DefaultCluster`.
    public var clusterName = "DefaultCluster"
    /// With ``Storage/directory(_:)``: how long after a message was stored it is synced to the disk at the latest. Default 500 ms, as in
    /// Java.
    public var flushInterval: Duration = .milliseconds(500)
    /// With ``Storage/directory(_:)``: how often changed consumer offsets are written. Default 5 s, as in Java. They are also written at
    /// ``EmbeddedBroker/shutdown()``.
    public var offsetInterval: Duration = .seconds(5)
    /// A message to a topic that does not exist makes it. Default true. Java: `autoCreateTopicEnable`.
    public var autoCreateTopics = true
    /// At most so many queues has a topic that a message makes. Default 8. Java: `defaultTopicQueueNums`.
    public var defaultQueues: Int32 = 8
    /// Consumers may filter by SQL92 conditions over properties. Default true, so that nothing needs to be set up on a laptop. Java:
    /// `enablePropertyFilter`, there false.
    public var sqlFilters = true
    /// Who sets a group's offsets when an administrator wants it. False, the default: the members, which are told, as with brokers 4.x.
    /// True: the broker, and members are told with the answers to their next pulls, as with brokers 5.x. Java: `useServerSideResetOffset`.
    public var resetsOffsetsItself = false
    /// How much is taken and given at once.
    public var limits = Limits()
    /// Default ``ClockMode/system``.
    public var clock: ClockMode
    /// A consumer or producer that has not sent a heartbeat for so long is taken for gone. nil, the default: 120 s on the system clock, and
    /// never on a manual one, because heartbeats come in real time.
    public var memberExpiry: Duration?
    /// Where the broker logs; by default nowhere.
    public var logger = Logger(label: "rocketmq.embedded-broker", factory: { _ in SwiftLogNoOpLogHandler() })
    /// With ``Storage/directory(_:)``: bytes after which a new log file is begun.
    package var segmentBytes = 128 << 20

    /// The defaults; change what should differ.
    public init(storage: Storage = .memory, clock: ClockMode = .system) {
      self.storage = storage
      self.clock = clock
    }
  }
}

extension EmbeddedBroker.Configuration {
  /// Throws `invalidArgument` that names the setting.
  func validate() throws(RocketMQError) {
    func check(_ holds: Bool, _ rule: String) throws(RocketMQError) {
      if !holds { throw RocketMQError(.invalidArgument, "embedded broker: \(rule)") }
    }
    try check(!host.isEmpty, "host is empty")
    try check(!brokerName.isEmpty && !clusterName.isEmpty, "brokerName and clusterName must not be empty")
    try check(brokerPort == 0 || brokerPort != nameServerPort, "brokerPort and nameServerPort are both \(brokerPort)")
    try check((1...1024).contains(defaultQueues), "defaultQueues is \(defaultQueues); 1 to 1024 are allowed")
    try check(
      (1...(15 << 20)).contains(limits.maxMessageBytes), "limits.maxMessageBytes is \(limits.maxMessageBytes); a frame has room for 15 MiB")
    try check(limits.maxPullMessages > 0, "limits.maxPullMessages is \(limits.maxPullMessages), but must be at least 1")
    try check(
      (1...(15 << 20)).contains(limits.maxPullBytes), "limits.maxPullBytes is \(limits.maxPullBytes); a frame has room for 15 MiB")
    try check(flushInterval > .zero && offsetInterval > .zero, "flushInterval and offsetInterval must be longer than nothing")
  }

  /// The host that clients are told.
  var announcedHost: String {
    if let advertisedHost { return advertisedHost }
    switch host {
    case "0.0.0.0": return "127.0.0.1"
    case "::", "[::]": return "::1"
    default: return host
    }
  }
}

/// "host:port", with brackets around an IPv6 address.
func address(_ host: String, _ port: UInt16) -> String {
  host.contains(":") && !host.hasPrefix("[") ? "[\(host)]:\(port)" : "\(host):\(port)"
}
