// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

/// Something that goes wrong on purpose: which requests it hits, what happens to them, and how often.
///
/// ```swift
/// broker.faults.add(Fault(on: .init(code: 11), effect: .delay(.seconds(2)), times: 1))
/// ```
public struct Fault: Sendable, Hashable {
  /// Which requests a fault hits: those that have everything that is set. With nothing set: all.
  public struct Match: Sendable, Hashable {
    /// Request code: 11 is a pull, 310 a send. Java: `RequestCode`.
    public var code: Int32?
    /// The topic the request names.
    public var topic: String?
    /// The consumer or producer group the request names.
    public var group: String?
    /// Address of the client's end of the connection, "127.0.0.1:40112", as a record's `bornHost` says it.
    public var peer: String?
    /// The server the request came to; nil is either.
    public var server: Server?

    /// What is nil does not matter.
    public init(code: Int32? = nil, topic: String? = nil, group: String? = nil, peer: String? = nil, server: Server? = nil) {
      self.code = code
      self.topic = topic
      self.group = group
      self.peer = peer
      self.server = server
    }
  }

  /// One of the two servers in an embedded broker.
  public enum Server: Sendable, Hashable {
    case broker
    case nameServer
  }

  /// What happens to a request that is hit.
  public enum Effect: Sendable, Hashable {
    /// It is handled at once; its answer goes out so much later, in real time also when the broker's clock is manual.
    case delay(Duration)
    /// It is handled, but not answered: to the client it looks like a time-out.
    case dropReply
    /// It is neither handled nor answered.
    case dropRequest
    /// It is not handled; the connection it came on is closed.
    case disconnect
    /// It is handled, and then the connection is closed instead of answering: the client cannot know that it was handled.
    case disconnectInsteadOfReply
    /// It is not handled, but answered with this response code (Java: `ResponseCode`) and remark.
    case answer(code: Int32, remark: String)
  }

  /// Which requests it hits.
  public var on: Match
  /// What happens to them.
  public var effect: Effect
  /// How many requests it hits before it is used up; nil: all, until it is removed.
  public var times: Int?

  /// See the properties.
  public init(on: Match = Match(), effect: Effect, times: Int? = nil) {
    self.on = on
    self.effect = effect
    self.times = times
  }
}
