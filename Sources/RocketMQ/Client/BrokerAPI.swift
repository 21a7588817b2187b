// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

/// One function per request that a client sends: what goes out, what comes back, what is an error. Java: `MQClientAPIImpl`.
///
/// Addresses are "host:port". Every function throws what `Loop.call` throws, and `brokerError` with the response code for an answer that
/// is not the one asked for.
package struct BrokerAPI: Sendable {
  package let loop: Loop
  /// Of a call that names no time-out of its own.
  package let timeout: Duration
  /// Told of an address to which no connection could be made.
  private let onUnreachable: @Sendable (_ address: String) -> Void

  package init(loop: Loop, timeout: Duration, onUnreachable: @escaping @Sendable (_ address: String) -> Void = { _ in }) {
    self.loop = loop
    self.timeout = timeout
    self.onUnreachable = onUnreachable
  }

  /// The one way out to a server: whatever signs or counts requests belongs here.
  func call(_ address: String, _ command: Command, timeout: Duration? = nil) async throws(RocketMQError) -> Reply {
    do throws(RocketMQError) {
      return try await loop.call(.address(address), command, timeout: timeout ?? self.timeout)
    } catch {
      if error.code == .connectFailed { onUnreachable(address) }
      throw error
    }
  }

  func callOneway(_ address: String, _ command: Command, timeout: Duration? = nil) async throws(RocketMQError) {
    try await loop.callOneway(.address(address), command, timeout: timeout ?? self.timeout)
  }

  /// The body of `reply` as JSON; `malformedData` names the address.
  func json(_ reply: Reply, _ what: String) throws(RocketMQError) -> JSONValue {
    do throws(RocketMQError) {
      let result = reply.body.withUnsafeBytes { bytes -> Result<JSONValue, RocketMQError> in
        do throws(RocketMQError) { return .success(try JSONValue(parsing: bytes)) } catch { return .failure(error) }
      }
      return try result.get()
    } catch {
      throw RocketMQError(.malformedData, "the answer to \(what) cannot be read", address: reply.address, cause: error)
    }
  }
}
