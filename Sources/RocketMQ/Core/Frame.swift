// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

internal import CRocketCore

/// One count of a received frame: the bytes live as long as this object.
package final class Frame: Sendable {
  let handle: Handle

  /// Takes a count of its own.
  init(retaining raw: OpaquePointer) {
    rocket_frame_retain(raw)
    handle = Handle(raw: raw)
  }

  deinit { rocket_frame_release(handle.raw) }
}

/// Bytes inside a frame, which they keep alive. Copying them is explicit: ``bytes``.
package struct FrameSlice: Sendable {
  let frame: Frame
  let range: Range<Int>

  package var count: Int { range.count }

  /// A copy.
  package var bytes: [UInt8] { withUnsafeBytes { [UInt8]($0) } }

  package func withUnsafeBytes<R, E: Error>(_ body: (UnsafeRawBufferPointer) throws(E) -> R) throws(E) -> R {
    let start = rocket_frame_bytes(frame.handle.raw)
    defer { withExtendedLifetime(frame) {} }
    return try body(UnsafeRawBufferPointer(start: start.map { $0 + range.lowerBound }, count: range.count))
  }
}

/// Bytes written once and handed to a connection without a further copy.
package struct ByteBlock: ~Copyable, Sendable {
  private let box: Box

  private final class Box: @unchecked Sendable {
    // Proof: only the noncopyable ByteBlock reaches it, so one thread at a time; then only the connection that drops it.
    var buffer = rocket_buffer()
    deinit { rocket_buffer_clear(&buffer) }
  }

  package init(reserving capacity: Int = 0) {
    box = Box()
    rocket_buffer_init(&box.buffer, nil)
    if capacity > 0 { rocket_buffer_reserve(&box.buffer, capacity) }
  }

  package var count: Int { box.buffer.size }

  package mutating func append(_ bytes: UnsafeRawBufferPointer) {
    rocket_buffer_append(&box.buffer, bytes.baseAddress, bytes.count)
  }

  /// Forgets the bytes and keeps the memory, so that a block can be filled again and again.
  package mutating func removeAll() {
    box.buffer.size = 0
    box.buffer.status = 0
  }

  /// False when an append found no memory: the bytes are then incomplete.
  package var isComplete: Bool { box.buffer.status == 0 }

  package borrowing func withUnsafeBytes<R, E: Error>(_ body: (UnsafeRawBufferPointer) throws(E) -> R) throws(E) -> R {
    try body(UnsafeRawBufferPointer(start: box.buffer.data, count: box.buffer.size))
  }

  /// Lends the buffer to an encoder of the core that appends to it.
  mutating func withBuffer<R>(_ body: (inout rocket_buffer) -> R) -> R { body(&box.buffer) }

  /// Throws when an append found no memory.
  consuming func intoBody() throws(RocketMQError) -> rocket_body {
    guard box.buffer.status == 0 else { throw coreError(box.buffer.status, "building a body") }
    return rocket_body(
      bytes: rocket_slice(data: box.buffer.data, size: box.buffer.size),
      drop: { Unmanaged<Box>.fromOpaque($0!).release() },
      user: Unmanaged.passRetained(box).toOpaque())
  }
}
