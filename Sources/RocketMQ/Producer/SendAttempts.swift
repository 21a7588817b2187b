// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

/// The attempts to send one message: how long each may take, and whether there is another. A value, so that its rules can be tested alone.
struct SendAttempts {
  private let limit: Int
  private let perAttempt: Duration?
  private var failures: [(broker: String, error: RocketMQError)] = []
  private(set) var failedBrokers: Set<String> = []

  init(limit: Int, perAttempt: Duration?) {
    self.limit = max(1, limit)
    self.perAttempt = perAttempt
  }

  /// The time of the next attempt, out of what is left: a share for every broker that could still be tried. One that has no other behind
  /// it gets all, since asking the same broker again would not be faster.
  func share(of left: Duration, brokers: Int) -> Duration {
    let useful = max(1, min(limit - failures.count, brokers - failedBrokers.count))
    let share = left / useful
    return perAttempt.map { min($0, share, left) } ?? share
  }

  /// Takes note of a failure. True: try again.
  mutating func failed(on broker: String, _ error: RocketMQError, left: Duration, brokers: Int) -> Bool {
    failures.append((broker, error))
    failedBrokers.insert(broker)
    guard failures.count < limit, left > Duration.zero else { return false }
    return Self.isWorthRetrying(error, hasOther: brokers > failedBrokers.count)
  }

  /// How long to wait before the next attempt: a busy broker with no other beside it gets a moment to catch up.
  func pause(after error: RocketMQError, left: Duration, brokers: Int) -> Duration {
    guard error.brokerCode == .systemBusy, failedBrokers.count >= brokers else { return .zero }
    return min(.milliseconds(100) * failures.count, left / 2)
  }

  /// The last error, with what happened before it.
  func summary(_ last: RocketMQError, topic: String) -> RocketMQError {
    guard failures.count > 1 else { return last }
    let list = failures.map { "\($0.broker): \($0.error.brokerCode?.description ?? $0.error.code.description)" }
    return RocketMQError(
      last.code, "sending to \(topic) failed after \(failures.count) attempts (\(list.joined(separator: "; ")))",
      brokerCode: last.brokerCode, address: last.address, cause: last)
  }

  /// Java: `retryResponseCodes` (5.x: also SYSTEM_BUSY), and all remoting errors. What would fail everywhere in the same way is not sent
  /// again.
  static func isWorthRetrying(_ error: RocketMQError, hasOther: Bool) -> Bool {
    switch error.code {
    case .connectFailed, .connectionClosed, .tlsFailed, .certificateRefused, .timeout, .badAddress, .overloaded, .brokerNotFound,
      .malformedData:
      true
    case .brokerError:
      switch error.brokerCode {
      case .topicNotExist, .serviceNotAvailable, .noPermission, .noBuyerID, .notInCurrentUnit, .goAway, .systemBusy: true
      // Brokers refuse unknown keys and wrong signatures with this code, too; no other broker would think better of them.
      case .systemError: !error.message.contains("AclException")
      // Stored, but not as safely as wanted.
      case .flushDiskTimeout, .flushSlaveTimeout, .slaveNotAvailable: hasOther
      default: false
      }
    default: false
    }
  }
}
