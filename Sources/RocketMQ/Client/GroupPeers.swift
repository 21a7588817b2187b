// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

/// Asks the members of a group about themselves, through a broker that knows them.
package struct GroupPeers: Sendable {
  let api: BrokerAPI
  let group: String

  /// Members asked at the same time.
  private static let width = 16

  package init(api: BrokerAPI, group: String) {
    self.api = api
    self.group = group
  }

  /// What those say who answer in time; the others are missing. Returns at the latest a moment after `limit`.
  package func runningInfo(
    of clientIDs: some Collection<String>, at address: String, within limit: Duration = .seconds(2)
  ) async -> [String: RunningInfo] {
    let deadline = Deadline(limit)
    return await withTaskGroup(of: (String, RunningInfo?).self) { tasks in
      var answers: [String: RunningInfo] = [:]
      var running = 0
      for clientID in Set(clientIDs) {
        if running == Self.width {
          running -= 1
          if case (let clientID, let info?)? = await tasks.next() { answers[clientID] = info }
        }
        guard deadline.left > .zero else { break }
        running += 1
        tasks.addTask { [api, group] in
          (clientID, try? await api.runningInfo(of: clientID, group: group, at: address, timeout: deadline.left))
        }
      }
      for await case (let clientID, let info?) in tasks { answers[clientID] = info }
      return answers
    }
  }
}
