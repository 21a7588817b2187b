// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

/// What a broker or a name server answered. Java: `ResponseCode`.
public struct ResponseCode: RawRepresentable, Hashable, Sendable, CustomStringConvertible {
  public let rawValue: Int32

  public init(rawValue: Int32) { self.rawValue = rawValue }

  /// "TOPIC_NOT_EXIST(17)".
  public var description: String { "\(Core.responseName(rawValue))(\(rawValue))" }

  public static let success = ResponseCode(rawValue: 0)
  public static let systemError = ResponseCode(rawValue: 1)
  public static let systemBusy = ResponseCode(rawValue: 2)
  public static let requestCodeNotSupported = ResponseCode(rawValue: 3)
  public static let flushDiskTimeout = ResponseCode(rawValue: 10)
  public static let slaveNotAvailable = ResponseCode(rawValue: 11)
  public static let flushSlaveTimeout = ResponseCode(rawValue: 12)
  public static let messageIllegal = ResponseCode(rawValue: 13)
  public static let serviceNotAvailable = ResponseCode(rawValue: 14)
  public static let noPermission = ResponseCode(rawValue: 16)
  public static let topicNotExist = ResponseCode(rawValue: 17)
  public static let pullNotFound = ResponseCode(rawValue: 19)
  public static let pullRetryImmediately = ResponseCode(rawValue: 20)
  public static let pullOffsetMoved = ResponseCode(rawValue: 21)
  public static let queryNotFound = ResponseCode(rawValue: 22)
  public static let subscriptionParseFailed = ResponseCode(rawValue: 23)
  public static let subscriptionNotExist = ResponseCode(rawValue: 24)
  public static let subscriptionNotLatest = ResponseCode(rawValue: 25)
  public static let subscriptionGroupNotExist = ResponseCode(rawValue: 26)
  public static let filterDataNotExist = ResponseCode(rawValue: 27)
  public static let filterDataNotLatest = ResponseCode(rawValue: 28)
  public static let noBuyerID = ResponseCode(rawValue: 204)
  public static let notInCurrentUnit = ResponseCode(rawValue: 205)
  public static let consumerNotOnline = ResponseCode(rawValue: 206)
  public static let consumeMessageTimeout = ResponseCode(rawValue: 207)
  public static let noMessage = ResponseCode(rawValue: 208)
  public static let flowControl = ResponseCode(rawValue: 215)
  public static let goAway = ResponseCode(rawValue: 1500)
}
