// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

/// Where a topic lives: its brokers, and how many queues each has. Java: `TopicRouteData`.
public struct TopicRoute: Sendable, Hashable {
  /// A broker and its replicas. Java: `BrokerData`.
  public struct Broker: Sendable, Hashable {
    public var cluster: String
    public var name: String
    /// "host:port" by broker id; 0 is the master.
    public var addresses: [Int64: String]

    public init(cluster: String, name: String, addresses: [Int64: String]) {
      self.cluster = cluster
      self.name = name
      self.addresses = addresses
    }
  }

  /// The topic's queues on one broker. Java: `QueueData`.
  public struct Queues: Sendable, Hashable {
    public var brokerName: String
    /// Queues 0..<readQueues can be read.
    public var readQueues: Int32
    /// Queues 0..<writeQueues can be written.
    public var writeQueues: Int32
    public var permission: TopicPermission
    public var sysFlag: Int32

    public init(brokerName: String, readQueues: Int32, writeQueues: Int32, permission: TopicPermission, sysFlag: Int32 = 0) {
      self.brokerName = brokerName
      self.readQueues = readQueues
      self.writeQueues = writeQueues
      self.permission = permission
      self.sysFlag = sysFlag
    }
  }

  /// Sorted by name.
  public var brokers: [Broker]
  /// Sorted by broker name.
  public var queues: [Queues]
  /// The fixed queue order of an ordered topic, "broker-a:4;broker-b:2". Java: `orderTopicConf`.
  public var orderConfiguration: String?

  public init(brokers: [Broker], queues: [Queues], orderConfiguration: String? = nil) {
    self.brokers = brokers.sorted { javaOrder($0.name, $1.name) }
    self.queues = queues.sorted { javaOrder($0.brokerName, $1.brokerName) }
    self.orderConfiguration = orderConfiguration
  }
}

/// What may be done with a topic's queues. Java: `PermName`.
public struct TopicPermission: OptionSet, Sendable, Hashable {
  public let rawValue: Int32
  public init(rawValue: Int32) { self.rawValue = rawValue }

  /// New topics may be made after this one's settings.
  public static let inherit = TopicPermission(rawValue: 1)
  public static let write = TopicPermission(rawValue: 2)
  public static let read = TopicPermission(rawValue: 4)
  public static let readWrite: TopicPermission = [.read, .write]
}
