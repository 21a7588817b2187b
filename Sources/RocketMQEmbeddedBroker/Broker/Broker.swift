// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

internal import Logging
internal import RocketMQ

/// The broker and its name server. Java: `BrokerController`, `NamesrvController`.
///
/// All of its state is confined to the loop thread: requests arrive there, and everyone else goes through the actor. What a request needs
/// is in the extensions, by subject.
actor Broker {
  /// What a deadline on the broker's clock is for.
  enum TimerAction {
    case endHold(ConsumeQueue, HeldPull.ID)
    case deliver(level: Int)
    case removeSilentMembers
  }

  nonisolated let loop: Loop
  nonisolated var unownedExecutor: UnownedSerialExecutor { loop.asUnownedSerialExecutor() }

  nonisolated let configuration: EmbeddedBroker.Configuration
  nonisolated let faults = FaultInjection()
  nonisolated let logger: Logger

  /// What records and routes say of this broker.
  var storeHost: HostAddress
  var nameServer: NameServer

  var store: MessageStore
  /// nil: nothing is kept.
  var persistence: Persistence?
  /// The store's log, when it is one of files.
  var fileLog: FileLog?
  /// Timers that run.
  var flushes = false
  var savesOffsets = false

  var topics: TopicTable
  var groups: GroupTable
  var offsets = OffsetTable()
  var locks = LockTable()
  var consumers = ConsumerGroups()
  var producers = ProducerGroups()
  var schedule = Schedule()
  var carriedConditions = SQLFilterCache()

  /// Milliseconds since 1970; nil: the machine's clock.
  private(set) var manualNow: Int64?
  /// The latest the machine's clock has said: time on the broker never goes back.
  private var latestNow: Int64 = 0
  private var timers = TimerQueue<TimerAction>()
  private var armed: (deadline: Int64, timer: Loop.Timer)?
  let startedAt: Int64
  var lastHeldPull: UInt64 = 0
  var holdWatchers: [HoldWatcher] = []
  var watchesMembers = false
  /// How many requests came, by code.
  private(set) var requestCounts: [Int32: Int] = [:]
  private var requestWatchers: [RequestWatcher] = []
  private(set) var isClosed = false

  init(_ configuration: EmbeddedBroker.Configuration, storeHost: HostAddress, on loop: Loop) {
    self.loop = loop
    self.configuration = configuration
    self.storeHost = storeHost
    logger = configuration.logger
    nameServer = NameServer(
      brokerName: configuration.brokerName, clusterName: configuration.clusterName,
      brokerAddress: address(configuration.announcedHost, UInt16(clamping: storeHost.port)))
    store = MessageStore(log: MemoryLog())
    let machineNow = Timestamp.now.millisecondsSince1970
    if case .manual(let start) = configuration.clock { manualNow = start?.millisecondsSince1970 ?? machineNow }
    startedAt = manualNow ?? machineNow
    topics = TopicTable(configuration, now: startedAt)
    groups = GroupTable(now: startedAt)
  }

  /// The port is known only when the broker listens.
  func announce(port: UInt16) {
    storeHost = HostAddress(ip: storeHost.ip, port: Int32(port))
    nameServer.brokerAddress = address(configuration.announcedHost, port)
    for topic in topics.all { nameServer.register(topic) }
  }

  // MARK: Requests

  func receive(_ request: borrowing InboundRequest, at server: Fault.Server) {
    if isClosed { return loop.close(request.connection) }
    countRequest(request.command.code)
    var path = ReplyPath(loop: loop, responder: request.responder)
    switch faults.strike(request, at: server) {
    case nil: break
    case .delay(let delay): path.fate = .arrivesLater(delay)
    case .dropReply: path.fate = .isLost
    case .dropRequest: return
    case .disconnect: return loop.close(request.connection)
    case .disconnectInsteadOfReply: path.fate = .cutsConnection
    case .answer(let code, let remark): return path.refuse(ResponseCode(rawValue: code), remark)
    }
    switch server {
    case .broker: handle(request, path)
    case .nameServer:
      if let answer = nameServer.answer(request) { path.send(answer) } else { refuseUnknown(request, path) }
    }
  }

  private func handle(_ request: borrowing InboundRequest, _ path: ReplyPath) {
    if let missing = request.command.missingField() {
      return path.refuse(.systemError, "the custom field <\(missing)> is null")
    }
    switch request.code {
    case .pullMessage, .litePullMessage: pull(request, path)
    case .sendMessage, .sendMessageV2, .sendBatchMessage: send(request, path)
    case .consumerSendMsgBack: sendBack(request, path)
    case .updateConsumerOffset: commitOffset(request, path)
    case .queryConsumerOffset: queryOffset(request, path)
    case .getMaxOffset: maxOffset(request, path)
    case .getMinOffset: minOffset(request, path)
    case .searchOffsetByTimestamp: searchOffset(request, path)
    case .getEarliestMsgStoretime: earliestTime(request, path)
    case .getAllConsumerOffset: allOffsets(path)
    case .getConsumeStats: consumeStatistics(request, path)
    case .invokeBrokerToResetOffset: resetOffsets(request, path)
    case .invokeBrokerToGetConsumerStatus: askForOffsets(request, path)
    case .getConsumerRunningInfo: askForRunningInfo(request, path)
    case .consumeMessageDirectly: haveConsumed(request, path)
    case .heartBeat: heartbeat(request, path)
    case .unregisterClient: unregister(request, path)
    case .getConsumerListByGroup: memberIDs(request, path)
    case .getConsumerConnectionList: consumerConnections(request, path)
    case .getProducerConnectionList: producerConnections(request, path)
    case .checkClientConfig: checkSubscription(request, path)
    case .lockBatchMq: lock(request, path)
    case .unlockBatchMq: unlock(request, path)
    case .updateAndCreateTopic: setTopic(request, path)
    case .deleteTopicInBroker: removeTopic(request, path)
    case .getAllTopicConfig: allTopics(path)
    case .getTopicStatsInfo: topicStatistics(request, path)
    case .updateAndCreateSubscriptiongroup: setGroup(request, path)
    case .getAllSubscriptiongroupConfig: allGroups(path)
    case .deleteSubscriptiongroup: removeGroup(request, path)
    case .viewMessageByID: viewMessage(request, path)
    case .queryMessage: queryMessages(request, path)
    case .getBrokerRuntimeInfo: runtimeInfo(path)
    default: refuseUnknown(request, path)
    }
  }

  private func refuseUnknown(_ request: borrowing InboundRequest, _ path: ReplyPath) {
    path.refuse(.requestCodeNotSupported, " request type \(request.command.code) not supported")
  }

  private func countRequest(_ code: Int32) {
    let count = requestCounts[code, default: 0] + 1
    requestCounts[code] = count
    if requestWatchers.isEmpty { return }
    // Once the request has been handled.
    let satisfied = requestWatchers.filter { $0.code == code && $0.count <= count }
    requestWatchers.removeAll { $0.code == code && $0.count <= count }
    if !satisfied.isEmpty { loop.post { for watcher in satisfied { watcher.continuation.resume() } } }
  }

  /// Returns when `count` requests with this code have come and been handled, or the broker stops.
  func untilRequests(code: Int32, count: Int) async {
    if isClosed || requestCounts[code, default: 0] >= count { return }
    await withCheckedContinuation { requestWatchers.append(RequestWatcher(code: code, count: count, continuation: $0)) }
  }

  func connectionClosed(_ connection: ConnectionID) {
    dropHeldPulls(of: connection)
    producers.remove(connection)
    for group in consumers.remove(connection) { notifyMembers(of: group) }
  }

  // MARK: Time

  /// Milliseconds since 1970.
  var now: Int64 {
    if let manualNow { return manualNow }
    latestNow = max(latestNow, Timestamp.now.millisecondsSince1970)
    return latestNow
  }

  func at(_ deadline: Int64, _ action: TimerAction) -> TimerQueue<TimerAction>.Handle {
    let handle = timers.add(at: deadline, action)
    arm()
    return handle
  }

  /// The machine's timer stays armed: it finds nothing to do, which costs less than arming it again each time.
  func cancel(_ timer: TimerQueue<TimerAction>.Handle) { timers.cancel(timer) }

  func advance(byMilliseconds duration: Int64) {
    guard let start = manualNow else { preconditionFailure("BrokerClock.advance(by:) needs a broker that was started with a manual clock") }
    let end = start + max(duration, 0)
    while let next = timers.next, next <= end {
      manualNow = max(next, now)
      runDueTimers()
    }
    manualNow = end
  }

  private func arm() {
    guard !isClosed, let next = timers.next else { return }
    if manualNow != nil {
      // Only what is due already happens without the clock being moved.
      if next <= now { loop.post { [weak self] in self?.assumeIsolated { $0.runDueTimers() } } }
      return
    }
    if let armed {
      if armed.deadline <= next { return }
      loop.cancel(armed.timer)
    }
    let timer = loop.after(.milliseconds(max(next - now, 0))) { [weak self] in
      self?.assumeIsolated { $0.timerFired() }
    }
    armed = (next, timer)
  }

  private func timerFired() {
    armed = nil
    runDueTimers()
    arm()
  }

  private func runDueTimers() {
    while let action = timers.popDue(now) {
      switch action {
      case .endHold(let queue, let id): endHold(id, on: queue)
      case .deliver(let level): deliver(level)
      case .removeSilentMembers: removeSilentMembers()
      }
    }
  }

  /// No request is handled and nothing happens by itself after this.
  func stopServing() {
    isClosed = true
    timers = TimerQueue()
    if let armed { loop.cancel(armed.timer) }
    armed = nil
    dismissHoldWatchers()
    for watcher in requestWatchers { watcher.continuation.resume() }
    requestWatchers = []
  }
}

/// Someone who waits for requests.
private struct RequestWatcher {
  let code: Int32
  let count: Int
  let continuation: CheckedContinuation<Void, Never>
}
