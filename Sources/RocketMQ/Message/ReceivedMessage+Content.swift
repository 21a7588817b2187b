// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

extension ReceivedMessage {
  public var bodyCount: Int { box.bodyCount }

  /// A copy of the body, decompressed.
  public var bodyBytes: [UInt8] { box.withBody { [UInt8]($0) } }

  /// A copy of the body, decompressed, read as UTF-8; what is not UTF-8 is replaced.
  public var bodyText: String { box.withBody { String(decoding: $0, as: UTF8.self) } }

  /// Lends the body where it lies, without copying it.
  public func withBody<R, E: Error>(_ work: (RawSpan) throws(E) -> R) throws(E) -> R {
    try box.withBody { (bytes) throws(E) in try work(bytes.bytes) }
  }

  /// Lends the body where it lies, for interfaces that take pointers.
  public func withUnsafeBody<R, E: Error>(_ work: (UnsafeRawBufferPointer) throws(E) -> R) throws(E) -> R {
    try box.withBody(work)
  }

  /// One property, system or user; nil when absent. Faster than properties when you want one or two.
  public func property(_ name: String) -> String? { box.property(name) }

  /// All properties, parsed at each call.
  public var properties: [String: String] { box.properties }

  /// The properties the sender's code has set, without those that RocketMQ uses itself.
  public var userProperties: [String: String] { box.properties.filter { !PropertyName.isReserved($0.key) } }
}

extension ReceivedMessage: CustomStringConvertible {
  public var description: String { "\(messageID) at \(queue) offset \(queueOffset), \(bodyCount) bytes" }
}
