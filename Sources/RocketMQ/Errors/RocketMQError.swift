// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

/// The one error this library throws: what went wrong, where, and what lies behind it.
///
/// Java: `MQClientException`, `MQBrokerException`, `RemotingException` and their kin in one type.
public struct RocketMQError: Error, Sendable {
  /// What kind of failure it is. New codes may be added; handle the ones you know and treat the rest as `default`.
  public struct Code: Hashable, Sendable, CustomStringConvertible {
    public let description: String

    private init(_ description: String) { self.description = description }

    /// An argument or a setting is outside its documented range. Retrying does not help.
    public static let invalidArgument = Code("invalidArgument")
    /// The client already has a producer (or consumer) of this group.
    public static let groupInUse = Code("groupInUse")
    /// The client, producer or consumer has been shut down, or has not been started.
    public static let notRunning = Code("notRunning")
    /// An address is not `host:port`, or its name cannot be resolved.
    public static let badAddress = Code("badAddress")
    /// No connection could be made.
    public static let connectFailed = Code("connectFailed")
    /// The connection closed before the answer came.
    public static let connectionClosed = Code("connectionClosed")
    /// The two sides could not agree on TLS: one of them does not speak it, there is no version in common, or the bytes were disturbed.
    public static let tlsFailed = Code("tlsFailed")
    /// One side does not accept the other's certificate: it has expired, nobody who is trusted issued it, it is for another host, or there
    /// is none. Retrying does not help; the message says what does.
    public static let certificateRefused = Code("certificateRefused")
    /// No answer came before the deadline.
    public static let timeout = Code("timeout")
    /// The task was cancelled.
    public static let cancelled = Code("cancelled")
    /// Too many bytes are waiting to be sent to one address.
    public static let overloaded = Code("overloaded")
    /// None of the name servers could be reached or gave an answer.
    public static let noNameServer = Code("noNameServer")
    /// The name servers know no route for the topic (Java: code 10005, "No route info of this topic").
    public static let topicNotFound = Code("topicNotFound")
    /// The route names a broker for which no address is known.
    public static let brokerNotFound = Code("brokerNotFound")
    /// The broker answered with an error; ``RocketMQError/brokerCode`` says which.
    public static let brokerError = Code("brokerError")
    /// Another member of the group has the queue's lock; the consumer asks again until it gets it.
    public static let queueLocked = Code("queueLocked")
    /// Bytes from the other side, or from a file, do not follow their format.
    public static let malformedData = Code("malformedData")
    /// A message, frame or list is over its size limit.
    public static let tooLarge = Code("tooLarge")
    /// Reading or writing a file failed.
    public static let storageFailed = Code("storageFailed")
    /// Memory could not be allocated.
    public static let outOfMemory = Code("outOfMemory")
    /// Something this library believes to be impossible; please report it.
    public static let `internal` = Code("internal")
  }

  public var code: Code
  /// One sentence that names what, where, and what to do.
  public var message: String
  /// The broker's or name server's response code (Java: `ResponseCode`), when it answered.
  public var brokerCode: ResponseCode?
  /// The address that was called, when there was one.
  public var address: String?
  /// The error behind this one.
  public var cause: (any Error)?

  public init(
    _ code: Code, _ message: String, brokerCode: ResponseCode? = nil, address: String? = nil, cause: (any Error)? = nil
  ) {
    self.code = code
    self.message = message
    self.brokerCode = brokerCode
    self.address = address
    self.cause = cause
  }
}

extension RocketMQError: CustomStringConvertible {
  public var description: String {
    var text = "\(code): \(message)"
    if let brokerCode { text += " [\(brokerCode)]" }
    if let address { text += " (\(address))" }
    if let cause { text += "; because of \(cause)" }
    return text
  }
}
