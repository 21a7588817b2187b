// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

internal import Logging
internal import Synchronization

/// The name servers of a client: one is used until it fails, then the next. Java: `NettyRemotingClient.getAndCreateNameserverChannel`.
package final class NameServers: Sendable {
  package let addresses: [String]
  private let current = Mutex(0)
  private let timeout: Duration
  private let logger: Logger

  /// `addresses` in the order in which to use them; `timeout` is for one call, over all servers it has to try.
  init(_ addresses: [String], timeout: Duration, logger: Logger) {
    self.addresses = addresses
    self.timeout = timeout
    self.logger = logger
  }

  /// Calls the servers one after the other until one answers. An answer is also `topicNotFound`; everything else that `work` throws makes
  /// the server count as failed. Throws `noNameServer` that names all tried and what each did.
  ///
  /// Every server gets its share of the time, so a dead one leaves room for the next.
  func call<R: Sendable>(
    _ what: String, _ work: (_ address: String, _ timeout: Duration) async throws(RocketMQError) -> R
  ) async throws(RocketMQError) -> R {
    let deadline = Deadline(timeout)
    let first = current.withLock { $0 }
    var failures: [(address: String, error: RocketMQError)] = []
    for i in addresses.indices {
      let index = (first + i) % addresses.count
      let address = addresses[index]
      let share = deadline.left / (addresses.count - i)
      do throws(RocketMQError) {
        return try await work(address, max(share, .milliseconds(1)))
      } catch {
        switch error.code {
        case .topicNotFound, .cancelled, .notRunning: throw error
        default: break
        }
        failures.append((address, error))
        current.withLock { if $0 == index { $0 = (index + 1) % addresses.count } }
        logger.warning(
          "a name server failed", metadata: [LogKey.address: "\(address)", LogKey.request: "\(what)", LogKey.error: "\(error)"])
      }
    }
    let tried = failures.map { "\($0.address): \($0.error.code)" }.joined(separator: "; ")
    throw RocketMQError(.noNameServer, "no name server answered for \(what) (\(tried))", cause: failures.last?.error)
  }
}
