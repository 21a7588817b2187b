// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

internal import CRocketCore

/// What a puller tells its owner, on the loop thread. Java: `PullCallback`.
package enum PullerEvent: Sendable {
  /// This many messages came in.
  case ready(count: Int)
  /// The pull was outside the queue, and the broker corrected it; the puller has stopped.
  case offsetIllegal(next: Int64)
  /// Somebody has told the broker where the group is to go on; the puller has stopped.
  case offsetReset(to: Int64)
  /// A pull failed and will be repeated.
  case failed(RocketMQError)
  /// Flow control begins, for this reason.
  case throttled(String)
  case resumed
  /// No answer for too long; the pull is repeated.
  case stalled
  /// The last event.
  case stopped
}

/// Keeps one long poll in flight for one queue. Java: `PullMessageService`, `PullRequest`. Behaviour: rocket_puller.h.
package final class Puller: Sendable {
  private let handle: Handle

  package struct Options: Sendable {
    package var group: String
    package var topic: String
    package var brokerName: String
    package var queueID: Int32
    package var firstOffset: Int64
    /// Addresses of the broker by id; 0 is the master.
    package var addresses: [Int64: String]
    package var expressionType = "TAG"
    package var expression = "*"
    package var postSubscription = false
    package var subscriptionVersion: Int64 = 0
    /// Empty: all messages pass.
    package var tags: [String] = []
    package var commitsWithPull = true
    package var batch = 32
    package var interval: Duration = .zero
    package var suspend: Duration = .seconds(15)
    package var timeout: Duration = .seconds(30)
    package var errorDelay: Duration = .seconds(1)
    package var stallTimeout: Duration = .seconds(120)

    package init(group: String, topic: String, brokerName: String, queueID: Int32, firstOffset: Int64, addresses: [Int64: String]) {
      self.group = group
      self.topic = topic
      self.brokerName = brokerName
      self.queueID = queueID
      self.firstOffset = firstOffset
      self.addresses = addresses
    }
  }

  package init(
    _ options: Options, filling queue: ProcessQueue, on loop: Loop, events: @escaping @Sendable (PullerEvent) -> Void
  ) throws(RocketMQError) {
    var puller: OpaquePointer?
    let slices = Slices()
    var raw = rocket_puller_options()
    rocket_puller_options_default(&raw)
    raw.group = slices.add(options.group)
    raw.topic = slices.add(options.topic)
    raw.broker_name = slices.add(options.brokerName)
    raw.queue_id = options.queueID
    raw.first_offset = options.firstOffset
    raw.expression_type = slices.add(options.expressionType)
    raw.subscription = slices.add(options.expression)
    raw.post_subscription = options.postSubscription
    raw.subscription_version = options.subscriptionVersion
    raw.commit_with_pull = options.commitsWithPull
    raw.batch = UInt32(clamping: options.batch)
    raw.interval_ms = options.interval.wholeMilliseconds
    raw.suspend_ms = options.suspend.wholeMilliseconds
    raw.timeout_ms = options.timeout.wholeMilliseconds
    raw.error_delay_ms = options.errorDelay.wholeMilliseconds
    raw.stall_timeout_ms = options.stallTimeout.wholeMilliseconds
    let listener = Listener(queue: "\(options.topic)@\(options.brokerName):\(options.queueID)", events: events)
    let status = slices.tags(options.tags).withUnsafeBufferPointer { tags in
      raw.tags = tags.baseAddress
      raw.tag_count = UInt32(tags.count)
      return slices.addresses(options.addresses).withUnsafeBufferPointer { addresses in
        raw.addresses = addresses.baseAddress
        raw.address_count = UInt32(addresses.count)
        return rocket_puller_new(loop.handle.raw, &raw, queue.handle.raw, listener.asListener(), &puller)
      }
    }
    guard status == 0, let puller else { throw coreError(status, "making the puller of \(listener.queue)") }
    handle = Handle(raw: puller)
  }

  deinit { rocket_puller_free(handle.raw) }

  package func start() throws(RocketMQError) {
    let status = rocket_puller_start(handle.raw)
    guard status == 0 else { throw coreError(status, "starting a puller") }
  }

  /// The pull in flight is given up; `stopped` is the last event.
  package func stop() { rocket_puller_stop(handle.raw) }
  package func pause() { rocket_puller_pause(handle.raw) }
  package func resume() { rocket_puller_resume(handle.raw) }

  /// Repeats a failed pull now instead of after its delay, or goes on with a new subscription.
  package func hurry() { rocket_puller_hurry(handle.raw) }

  package func setAddresses(_ addresses: [Int64: String]) {
    let slices = Slices()
    slices.addresses(addresses).withUnsafeBufferPointer {
      _ = rocket_puller_set_addresses(handle.raw, $0.baseAddress, UInt32($0.count))
    }
  }

  /// With another version than before, the pull in flight is given up, and the next one is sent when the puller is hurried: brokers must
  /// have heard of the subscription first.
  package func setSubscription(expressionType: String, expression: String, version: Int64, tags: [String]) {
    let slices = Slices()
    slices.tags(tags).withUnsafeBufferPointer {
      _ = rocket_puller_set_subscription(
        handle.raw, slices.add(expressionType), slices.add(expression), version, $0.baseAddress, UInt32($0.count))
    }
  }

  /// Flow control has stopped it, until messages are finished.
  package var isThrottled: Bool { rocket_puller_get_state(handle.raw) == ROCKET_PULLER_WAITING }
  /// `Core.nowMilliseconds()` at the last pull sent; 0 before.
  package var lastPullMilliseconds: UInt64 { rocket_puller_last_pull_ms(handle.raw) }
  package var nextOffset: Int64 { rocket_puller_next_offset(handle.raw) }
  /// Where the queue ended when the broker answered last; nil before.
  package var maxOffset: Int64? {
    let offset = rocket_puller_max_offset(handle.raw)
    return offset < 0 ? nil : offset
  }

  /// Text that the core copies during one call, at stable addresses until this object goes.
  private final class Slices {
    private var held: [UnsafeMutableRawBufferPointer] = []

    func add(_ text: String) -> rocket_slice {
      let bytes = UnsafeMutableRawBufferPointer.allocate(byteCount: max(text.utf8.count, 1), alignment: 1)
      bytes.copyBytes(from: text.utf8)
      held.append(bytes)
      return rocket_slice(UnsafeRawBufferPointer(start: bytes.baseAddress, count: text.utf8.count))
    }

    func tags(_ tags: [String]) -> [rocket_slice] { tags.map(add) }

    func addresses(_ addresses: [Int64: String]) -> [rocket_broker_address] {
      addresses.sorted { $0.key < $1.key }.map { rocket_broker_address(broker_id: $0.key, address: add($0.value)) }
    }

    deinit { for bytes in held { bytes.deallocate() } }
  }

  private final class Listener {
    let queue: String
    let events: @Sendable (PullerEvent) -> Void

    init(queue: String, events: @escaping @Sendable (PullerEvent) -> Void) {
      self.queue = queue
      self.events = events
    }

    func asListener() -> rocket_puller_listener {
      rocket_puller_listener(
        fn: { user, event in
          let listener = Unmanaged<Listener>.fromOpaque(user!).takeUnretainedValue()
          listener.hear(event!.pointee)
        },
        user: Unmanaged.passRetained(self).toOpaque(),
        drop: { Unmanaged<Listener>.fromOpaque($0!).release() })
    }

    private func hear(_ event: rocket_puller_event) {
      switch event.kind {
      case ROCKET_PULLER_READY: events(.ready(count: Int(event.count)))
      case ROCKET_PULLER_OFFSET_ILLEGAL: events(.offsetIllegal(next: event.offset))
      case ROCKET_PULLER_OFFSET_RESET: events(.offsetReset(to: event.offset))
      case ROCKET_PULLER_ERROR: events(.failed(failure(event)))
      case ROCKET_PULLER_BAD_MESSAGE:
        events(
          .failed(
            coreError(
              event.status, "a pulled message of \(queue) at offset \(event.offset) or later, byte \(event.fault_offset) of the reply",
              address: event.address.string)))
      case ROCKET_PULLER_THROTTLED: events(.throttled(reason(event.throttle)))
      case ROCKET_PULLER_RESUMED: events(.resumed)
      case ROCKET_PULLER_STALLED: events(.stalled)
      case ROCKET_PULLER_STOPPED: events(.stopped)
      default: break
      }
    }

    private func failure(_ event: rocket_puller_event) -> RocketMQError {
      let address = event.address.string
      if event.status != 0 { return coreError(event.status, "pulling \(queue)", address: address) }
      return RocketMQError(
        .brokerError, "pulling \(queue): \(event.remark.optionalString ?? "no remark")", brokerCode: ResponseCode(rawValue: event.code),
        address: address)
    }

    private func reason(_ throttle: rocket_throttle) -> String {
      switch throttle {
      case ROCKET_THROTTLE_COUNT: "too many messages"
      case ROCKET_THROTTLE_BYTES: "too many bytes"
      case ROCKET_THROTTLE_SPAN: "too wide a span"
      case ROCKET_THROTTLE_BUDGET: "the client's byte budget"
      default: "unknown"
      }
    }
  }
}
