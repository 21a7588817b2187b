// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

import Testing

@testable import RocketMQ

@Suite(.timeLimit(.minutes(1))) struct WaiterTests {
  @Test func aLoopThatStopsEndsTheWaitsOnIt() async throws {
    let loop = try Loop()
    let waiter = Waiter<Int>()
    async let ended = waiter.end(within: .seconds(600), on: loop)
    loop.stop()
    #expect(await ended == .notRunning)
  }

  @Test func aLoopThatHasStoppedLetsNobodyWait() async throws {
    let loop = try Loop()
    loop.stop()
    #expect(await Waiter<Int>().end(within: .seconds(600), on: loop) == .notRunning)
  }

  @Test func aWaitWithoutItsValueEndsAtItsDeadline() async throws {
    #expect(await Waiter<Int>().end(within: .milliseconds(10), on: try Loop()) == .timeout)
  }
}

extension Waiter {
  /// The code of the error that ends the wait; nil when a value does.
  fileprivate func end(within limit: Duration, on loop: Loop) async -> RocketMQError.Code? {
    do throws(RocketMQError) {
      _ = try await value(within: limit, on: loop, waitingFor: "nothing")
      return nil
    } catch {
      return error.code
    }
  }
}
