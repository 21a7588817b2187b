// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

import RocketMQ
import Testing

/// A client for the length of `work`.
func withClient<R>(
  _ nameServers: [String], requestTimeout: Duration = .seconds(3), clock: any Clock<Duration> = ContinuousClock(),
  _ work: (RocketMQClient) async throws -> R
) async throws -> R {
  var configuration = ClientConfiguration(nameServers: nameServers)
  configuration.shutdownTimeout = .milliseconds(300)
  configuration.requestTimeout = requestTimeout
  let client = try RocketMQClient(configuration, clock: clock)
  do {
    let result = try await work(client)
    await client.shutdown()
    return result
  } catch {
    await client.shutdown()
    throw error
  }
}

/// The error that `work` throws; the test fails when it throws none, or another kind.
func failure(
  _ location: SourceLocation = #_sourceLocation, of work: () async throws -> Void
) async throws -> RocketMQError {
  do {
    try await work()
  } catch let error as RocketMQError {
    return error
  }
  Issue.record("no error was thrown", sourceLocation: location)
  throw CancellationError()
}
