// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

/// Hands the messages of queues to the application, and finishes them. Java: `ConsumeMessageService`.
protocol MessageDispatcher: AnyObject, Sendable {
  /// Takes up a queue. `make` is given the name it has here.
  func add(_ make: (RunSlot) throws(RocketMQError) -> OwnedQueue) throws(RocketMQError) -> OwnedQueue

  /// So many messages more can be taken. On the loop's thread: must not block.
  func messagesReady(_ queue: OwnedQueue, count: Int)

  /// Nothing more comes into the queue: returns when everything that is in it is finished, or as ``close(_:within:)`` does.
  func drain(_ queue: OwnedQueue, within bound: Duration) async

  /// Hands nothing of the queue out any more, and returns when everything that was is finished, or when `bound` is over (nil: no bound),
  /// or after ``giveUpWaiting()``. Returns how many messages are not finished then.
  func close(_ queue: OwnedQueue, within bound: Duration?) async -> Int

  /// A listener still has messages of the queue, or they are on their way back to the broker.
  func isBusy(_ queue: OwnedQueue) -> Bool

  /// Nothing of the queue is handed out until ``unpark(_:)``.
  func park(_ queue: OwnedQueue)
  func unpark(_ queue: OwnedQueue)

  /// The last means at the end: cancels the tasks of all listeners, and gives those of this queue so long to return.
  func cancel(_ queue: OwnedQueue, grace: Duration) async

  /// A wait for this queue ends now, or does not begin: it ``OwnedQueue/isAbandoned``.
  func stopWaiting(for queue: OwnedQueue)

  /// The end is near: no ``close(_:within:)`` waits any more.
  func giveUpWaiting()

  /// Forgets a closed queue: what is still in hand finishes unheard.
  func remove(_ queue: OwnedQueue)

  /// Begins to hand out.
  func start()

  /// Ends all work, also of listeners: their tasks are cancelled.
  func stop()

  /// How many messages are consumed at the same time, from now on.
  func setConcurrency(_ count: Int)

  /// Sends back, once, what the listener has had for longer than `timeout`. Call it from one task at a time.
  func sendBackExpired(_ queue: OwnedQueue, after timeout: Duration) async

  /// Has the listener consume a message beside all others: nothing is acknowledged or sent back. nil: there is no listener to call.
  func consumeDirectly(_ message: ReceivedMessage) async -> DirectConsumption?

  var counts: DispatchCounts { get }
}

/// What a dispatcher has done since it was made.
struct DispatchCounts: Sendable {
  var consumed = 0
  var failed = 0
  var sentBack = 0
  var passedOver = 0
}
