// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

internal import CRocketCore

/// A stored message as a view over the frame it came in, which it keeps alive: one object a message, its bytes never copied.
package final class MessageBox: Sendable {
  private let view: View
  private let frame: Handle
  /// The body as the producer gave it, when the stored one is compressed.
  private let inflated: [UInt8]?

  /// Proof: the slices point into `frame`, whose bytes nobody writes once it is shared, and which this object keeps; the rest is plain
  /// values.
  private struct View: @unchecked Sendable {
    let message: rocket_message
  }

  /// Takes over one count of `frame`, unless it throws `malformedData` (or `tooLarge` for a body that inflates over `bodyLimit`).
  /// Without a limit the body stays as it is stored: compressed, when `sysFlag` says so.
  init(owning frame: OpaquePointer, record: rocket_slice, bodyLimit: Int?) throws(RocketMQError) {
    var message = rocket_message()
    var fault = rocket_fault()
    let status = rocket_message_decode(record, &message, &fault)
    guard status == 0 else { throw coreError(status, "decoding a message at byte \(fault.offset), \(String(cString: fault.what))") }
    if let bodyLimit, rocket_message_is_compressed(&message) {
      inflated = try MessageBox.inflate(&message, bodyLimit)
    } else {
      inflated = nil
    }
    view = View(message: message)
    self.frame = Handle(raw: frame)
  }

  deinit { rocket_frame_release(frame.raw) }

  private static func inflate(_ message: inout rocket_message, _ limit: Int) throws(RocketMQError) -> [UInt8] {
    var buffer = rocket_buffer()
    rocket_buffer_init(&buffer, nil)
    defer { rocket_buffer_clear(&buffer) }
    let status = rocket_message_body(&message, limit, &buffer)
    guard status == 0 else {
      throw coreError(status, "decompressing the body of the message at offset \(message.queue_offset) of queue \(message.queue_id)")
    }
    return [UInt8](UnsafeRawBufferPointer(start: buffer.data, count: buffer.size))
  }

  package var topic: String { view.message.topic.string }
  package var size: Int { Int(view.message.size) }
  package var queueID: Int32 { view.message.queue_id }
  package var flag: Int32 { view.message.flag }
  package var queueOffset: Int64 { view.message.queue_offset }
  package var commitLogOffset: Int64 { view.message.commit_log_offset }
  package var sysFlag: Int32 { view.message.sys_flag }
  /// Milliseconds since 1970.
  package var bornAt: Int64 { view.message.born_at_ms }
  /// Milliseconds since 1970.
  package var storedAt: Int64 { view.message.stored_at_ms }
  package var bornHost: String { view.message.born_host.text }
  package var storeHost: String { view.message.store_host.text }
  package var reconsumeTimes: Int32 { view.message.reconsume_times }
  package var preparedTransactionOffset: Int64 { view.message.prepared_transaction_offset }
  package var isCompressed: Bool { inflated != nil }
  /// The body is compressed and was left so: nobody should read it.
  package var isBodyAsStored: Bool { inflated == nil && view.message.sys_flag & Int32(ROCKET_SYS_COMPRESSED) != 0 }
  /// It came out of a batch that its broker keeps as one: `commitLogOffset` is the whole batch's.
  package var isPartOfBatch: Bool {
    view.message.sys_flag & Int32(ROCKET_SYS_INNER_BATCH | ROCKET_SYS_NEED_UNWRAP) == Int32(ROCKET_SYS_INNER_BATCH)
  }

  package var bodyCount: Int { inflated?.count ?? view.message.body.size }

  package func withBody<R, E: Error>(_ work: (UnsafeRawBufferPointer) throws(E) -> R) throws(E) -> R {
    defer { withExtendedLifetime(self) {} }
    guard let inflated else { return try work(view.message.body.buffer) }
    return try inflated.withUnsafeBytes { bytes -> Result<R, E> in
      do throws(E) { return .success(try work(bytes)) } catch { return .failure(error) }
    }.get()
  }

  /// Copies of the property's value; with several of one name, the last.
  package func property(_ name: String) -> String? {
    var value = rocket_slice()
    defer { withExtendedLifetime(self) {} }
    return withSlice(of: name) { rocket_property_find(view.message.properties, $0, &value) } ? value.string : nil
  }

  package var properties: [String: String] {
    defer { withExtendedLifetime(self) {} }
    return parseProperties(view.message.properties)
  }

  /// The property text as it is stored.
  package var propertyText: [UInt8] {
    defer { withExtendedLifetime(self) {} }
    return [UInt8](view.message.properties.buffer)
  }

  /// Java: `offsetMsgId`.
  package var offsetMessageID: String {
    var host = view.message.store_host
    return cString(capacity: Int(ROCKET_ID_TEXT_SIZE)) { rocket_offset_id_format(&host, view.message.commit_log_offset, $0) }
  }

  /// All records of `slice` (a reply to a view or query). Throws `malformedData` at the first that cannot be decoded.
  package static func all(in slice: FrameSlice, bodyLimit: Int = Int(ROCKET_MAX_FRAME_BYTES)) throws(RocketMQError) -> [MessageBox] {
    var boxes: [MessageBox] = []
    guard let start = rocket_frame_bytes(slice.frame.handle.raw) else { return [] }
    var position = slice.range.lowerBound
    while position < slice.range.upperBound {
      rocket_frame_retain(slice.frame.handle.raw)
      let rest = rocket_slice(data: start + position, size: slice.range.upperBound - position)
      do throws(RocketMQError) {
        let box = try MessageBox(owning: slice.frame.handle.raw, record: rest, bodyLimit: bodyLimit)
        boxes.append(box)
        position += box.size
      } catch {
        rocket_frame_release(slice.frame.handle.raw)
        throw error
      }
    }
    return boxes
  }
}

/// Names and values of a property text.
func parseProperties(_ text: rocket_slice) -> [String: String] {
  var result: [String: String] = [:]
  var cursor = 0
  var name = rocket_slice()
  var value = rocket_slice()
  while rocket_property_next(text, &cursor, &name, &value) { result[name.string] = value.string }
  return result
}

/// Property texts: `name \u{1} value \u{2} ...`.
package enum PropertyText {
  /// Throws `invalidArgument` for names and values that the format cannot carry.
  package static func encode(_ properties: some Sequence<(key: String, value: String)>) throws(RocketMQError) -> [UInt8] {
    var buffer = rocket_buffer()
    rocket_buffer_init(&buffer, nil)
    defer { rocket_buffer_clear(&buffer) }
    for (name, value) in properties {
      let status = withSlice(of: name) { name in withSlice(of: value) { rocket_property_append(&buffer, name, $0) } }
      guard status == 0 else { throw coreError(status, "the property \(name) cannot be sent") }
    }
    return [UInt8](UnsafeRawBufferPointer(start: buffer.data, count: buffer.size))
  }

  package static func decode(_ text: UnsafeRawBufferPointer) -> [String: String] { parseProperties(rocket_slice(text)) }
  package static func decode(_ text: [UInt8]) -> [String: String] { text.withUnsafeBytes { decode($0) } }

  package static func find(_ name: String, in text: UnsafeRawBufferPointer) -> String? {
    var value = rocket_slice()
    return withSlice(of: name) { rocket_property_find(rocket_slice(text), $0, &value) } ? value.string : nil
  }
}

/// How a body is compressed. Java: `CompressionType`.
package enum BodyCompression: Sendable {
  case zlib, lz4, zstd

  /// The bits to set in a message's sysFlag.
  package var sysFlag: Int32 { Int32(ROCKET_SYS_COMPRESSED) | Int32(bitPattern: raw.rawValue) }

  private var raw: rocket_compression {
    switch self {
    case .zlib: ROCKET_COMPRESSION_ZLIB
    case .lz4: ROCKET_COMPRESSION_LZ4
    case .zstd: ROCKET_COMPRESSION_ZSTD
    }
  }

  package func compress(_ bytes: [UInt8], level: Int) throws(RocketMQError) -> [UInt8] {
    var buffer = rocket_buffer()
    rocket_buffer_init(&buffer, nil)
    defer { rocket_buffer_clear(&buffer) }
    let status = bytes.withUnsafeBytes { rocket_compress(raw, Int32(level), rocket_slice($0), &buffer) }
    guard status == 0 else { throw coreError(status, "compressing a body") }
    return [UInt8](UnsafeRawBufferPointer(start: buffer.data, count: buffer.size))
  }
}

/// The body of SEND_BATCH_MESSAGE.
package enum BatchBody {
  package static func append(flag: Int32, body: [UInt8], properties: [UInt8], to out: inout [UInt8]) throws(RocketMQError) {
    var buffer = rocket_buffer()
    rocket_buffer_init(&buffer, nil)
    defer { rocket_buffer_clear(&buffer) }
    let status = body.withUnsafeBytes { body in
      properties.withUnsafeBytes { rocket_batch_append(&buffer, flag, rocket_slice(body), rocket_slice($0)) }
    }
    guard status == 0 else { throw coreError(status, "adding a message to a batch") }
    out.append(contentsOf: UnsafeRawBufferPointer(start: buffer.data, count: buffer.size))
  }

  /// Calls `each` with flag, body and property text of every message.
  package static func decode(
    _ bytes: UnsafeRawBufferPointer,
    _ each: (_ flag: Int32, _ body: UnsafeRawBufferPointer, _ properties: UnsafeRawBufferPointer) throws(RocketMQError) -> Void
  ) throws(RocketMQError) {
    var rest = bytes
    while !rest.isEmpty {
      var item = rocket_batch_item()
      var fault = rocket_fault()
      let status = rocket_batch_decode(rocket_slice(rest), &item, &fault)
      guard status == 0 else {
        throw coreError(status, "decoding a batch at byte \(bytes.count - rest.count + Int(fault.offset)), \(String(cString: fault.what))")
      }
      try each(item.flag, item.body.buffer, item.properties.buffer)
      rest = UnsafeRawBufferPointer(rebasing: rest[Int(item.size)...])
    }
  }
}
