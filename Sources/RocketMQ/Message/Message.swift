// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

/// A message to send. Java: `Message`.
public struct Message: Sendable {
  /// Letters, digits, "_", "-", "%" and "|"; at most 127 of them.
  public var topic: String
  /// 1 byte to 4 MiB (the producer's `maxMessageBytes`).
  public var body: [UInt8]
  /// What consumers filter by: one tag, in spite of the name it has in RocketMQ. Java: `TAGS`.
  public var tags: String?
  /// What the message can be looked up by at the broker; without spaces. Java: `KEYS`.
  public var keys: [String]
  /// The user's own properties; names that RocketMQ uses itself are refused. All properties together: at most 32,767 bytes.
  public var properties: [String: String]
  /// Yours; carried along untouched.
  public var flag: Int32
  /// 0: deliver at once; 1 to 18 (the broker's setting): 1s 5s 10s 30s 1m 2m ... 10m 20m 30m 1h 2h. Java: `DELAY`.
  public var delayLevel: Int
  /// False lets a broker with synchronous flush or replication answer before it has done them. Java: `WAIT`.
  public var waitsUntilStored: Bool
  /// Properties that are not the user's to set, such as RETRY_TOPIC; they win over everything above.
  package var systemProperties: [String: String] = [:]

  public init(
    topic: String, body: [UInt8], tags: String? = nil, keys: [String] = [], properties: [String: String] = [:], flag: Int32 = 0,
    delayLevel: Int = 0, waitsUntilStored: Bool = true
  ) {
    self.topic = topic
    self.body = body
    self.tags = tags
    self.keys = keys
    self.properties = properties
    self.flag = flag
    self.delayLevel = delayLevel
    self.waitsUntilStored = waitsUntilStored
  }
}
