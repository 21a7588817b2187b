// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

internal import Logging
internal import Synchronization

extension PushConsumer {
  /// The group's members, sorted, this one among them; nil when no broker says so.
  func members(_ topic: String) async -> [String]? {
    for attempt in 0..<2 {
      if attempt > 0 { await client.sendHeartbeats(within: Self.greetingLimit) }
      let source = state.withLock { $0.rosters[topic]?.source }
      guard let address = client.routes.anyAddress(forTopic: topic, preferred: source) else { return nil }
      let question = ask(address, topic)
      do throws(RocketMQError) {
        let list = try await client.api.consumerIDs(at: address, group: group)
        // nil: the connection has been lost since. It is tried again.
        if list.contains(client.clientID) { return heard(list, question, topic) }
      } catch {
        logger.debug("no list of members", metadata: [LogKey.topic: "\(topic)", LogKey.error: "\(error)"])
        // SYSTEM_ERROR(1): the broker knows no member, not even this one.
        if error.brokerCode == nil {
          state.withLock { $0.rosters[topic]?.turnAway(from: address) }
          return nil
        }
      }
    }
    return nil
  }

  private func ask(_ address: String, _ topic: String) -> Roster.Question {
    state.withLock { $0.rosters[topic, default: Roster(grace: configuration.absentMemberGrace)].question(to: address) }
  }

  private func heard(_ list: [String], _ question: Roster.Question, _ topic: String) -> [String]? {
    let (roster, wereAbsent) = state.withLock { state -> (Roster?, Set<String>) in
      let wereAbsent = state.rosters[topic]?.absentMembers ?? []
      guard state.rosters[topic]?.answered(question, list, now: stopwatch.milliseconds) == true else { return (nil, wereAbsent) }
      return (state.rosters[topic], wereAbsent)
    }
    guard let roster else { return nil }
    if roster.absentMembers != wereAbsent {
      absenteesChanged.ring()
      let absent = roster.absentMembers.sorted().joined(separator: ", ")
      logger.info(
        absent.isEmpty
          ? "no member is waited for any more" : "members that the broker does not know again yet count as members for a while",
        metadata: [LogKey.topic: "\(topic)", "rocketmq.absent": "\(absent)"])
    }
    return roster.members.sorted(by: javaOrder)
  }

  /// Topics that are no longer subscribed to need none.
  func forgetRosters(except topics: Set<String>) {
    state.withLock { state in state.rosters = state.rosters.filter { topics.contains($0.key) } }
  }

  /// Has queues shared out anew when the time of absent members is over, until the task is cancelled.
  func watchAbsentees() async {
    while !Task.isCancelled {
      let now = stopwatch.milliseconds
      guard let left = state.withLock({ $0.rosters.values.compactMap { $0.nextEnd(now: now) }.min() }) else {
        await absenteesChanged.wait()
        continue
      }
      // Not more often, also when no broker answers.
      let limit = max(Duration.milliseconds(left), .seconds(1))
      if await !absenteesChanged.wait(atMost: limit, on: client.clock), !Task.isCancelled { rebalance.due() }
    }
  }

  package func connected(to address: String) { state.withLock { $0.locks }?.connected(to: address) }

  package func unreachable(_ address: String) {
    state.withLock { state in
      for topic in state.rosters.keys { state.rosters[topic]?.unreachable(address) }
    }
  }

  package func disconnected(from address: String) {
    let now = stopwatch.milliseconds
    let locks = state.withLock { state in
      for topic in state.rosters.keys { state.rosters[topic]?.disconnected(from: address, now: now) }
      return state.locks
    }
    locks?.disconnected(from: address)
  }
}
