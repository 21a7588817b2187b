// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

internal import CRocketCore

/// A stored message as plain values: what a broker writes and reads back.
package struct MessageRecord: Sendable {
  package var topic: String
  package var queueID: Int32 = 0
  package var flag: Int32 = 0
  package var queueOffset: Int64 = 0
  package var commitLogOffset: Int64 = 0
  package var sysFlag: Int32 = 0
  /// Milliseconds since 1970.
  package var bornAt: Int64 = 0
  package var bornHost: HostAddress
  /// Milliseconds since 1970.
  package var storedAt: Int64 = 0
  package var storeHost: HostAddress
  package var reconsumeTimes: Int32 = 0
  package var preparedTransactionOffset: Int64 = 0
  /// As stored: compressed when `sysFlag` says so.
  package var body: [UInt8]
  package var properties: [UInt8]

  package init(topic: String, body: [UInt8], properties: [UInt8], bornHost: HostAddress, storeHost: HostAddress) {
    self.topic = topic
    self.body = body
    self.properties = properties
    self.bornHost = bornHost
    self.storeHost = storeHost
  }

  /// The first record of `bytes`, copied, and its size. Throws `malformedData`.
  package static func decode(_ bytes: UnsafeRawBufferPointer) throws(RocketMQError) -> (record: MessageRecord, size: Int) {
    var message = rocket_message()
    var fault = rocket_fault()
    let status = rocket_message_decode(rocket_slice(bytes), &message, &fault)
    guard status == 0 else { throw coreError(status, "decoding a record at byte \(fault.offset), \(String(cString: fault.what))") }
    var record = MessageRecord(
      topic: message.topic.string, body: [UInt8](message.body.buffer), properties: [UInt8](message.properties.buffer),
      bornHost: HostAddress(message.born_host), storeHost: HostAddress(message.store_host))
    record.queueID = message.queue_id
    record.flag = message.flag
    record.queueOffset = message.queue_offset
    record.commitLogOffset = message.commit_log_offset
    record.sysFlag = message.sys_flag
    record.bornAt = message.born_at_ms
    record.storedAt = message.stored_at_ms
    record.reconsumeTimes = message.reconsume_times
    record.preparedTransactionOffset = message.prepared_transaction_offset
    return (record, Int(message.size))
  }

  package var encodedSize: Int { withRaw { rocket_message_encoded_size($0) } }

  /// Lends the encoded record. Throws `tooLarge` for a topic or properties the format cannot carry.
  package func withEncoded<R>(_ work: (UnsafeRawBufferPointer) throws -> R) throws -> R {
    var buffer = rocket_buffer()
    rocket_buffer_init(&buffer, nil)
    defer { rocket_buffer_clear(&buffer) }
    let status = withRaw { rocket_message_encode($0, &buffer) }
    guard status == 0 else { throw coreError(status, "encoding a record of topic \(topic)") }
    return try work(UnsafeRawBufferPointer(start: buffer.data, count: buffer.size))
  }

  /// Appends the encoded record with this body and these properties instead of its own, which are not looked at: for writing many messages
  /// from one template without copying them first. Throws as ``withEncoded(_:)``.
  package func append(body: UnsafeRawBufferPointer, properties: UnsafeRawBufferPointer, to block: inout ByteBlock) throws(RocketMQError) {
    let status = withSlice(of: topic) { topic in
      var message = rawHead
      message.topic = topic
      message.body = rocket_slice(body)
      message.properties = rocket_slice(properties)
      return block.withBuffer { rocket_message_encode(&message, &$0) }
    }
    guard status == 0 else { throw coreError(status, "encoding a record of topic \(topic)") }
  }

  private func withRaw<R>(_ work: (UnsafePointer<rocket_message>) -> R) -> R {
    var message = rawHead
    return body.withUnsafeBytes { body in
      properties.withUnsafeBytes { properties in
        withSlice(of: topic) { topic in
          message.body = rocket_slice(body)
          message.properties = rocket_slice(properties)
          message.topic = topic
          return work(&message)
        }
      }
    }
  }

  /// All but topic, body and properties.
  private var rawHead: rocket_message {
    var message = rocket_message()
    message.record_version = 1
    message.queue_id = queueID
    message.flag = flag
    message.queue_offset = queueOffset
    message.commit_log_offset = commitLogOffset
    message.sys_flag = sysFlag
    message.born_at_ms = bornAt
    message.born_host = bornHost.raw
    message.stored_at_ms = storedAt
    message.store_host = storeHost.raw
    message.reconsume_times = reconsumeTimes
    message.prepared_transaction_offset = preparedTransactionOffset
    return message
  }
}

/// A stored message as a view over bytes that someone else keeps, lent for the time of a call. Nothing is copied.
package struct RecordView: ~Copyable {
  private let message: rocket_message

  /// Lends the first record of `bytes`. Throws `malformedData`.
  package static func of<R>(_ bytes: UnsafeRawBufferPointer, _ work: (borrowing RecordView) throws -> R) throws -> R {
    var message = rocket_message()
    var fault = rocket_fault()
    let status = rocket_message_decode(rocket_slice(bytes), &message, &fault)
    guard status == 0 else { throw coreError(status, "decoding a record at byte \(fault.offset), \(String(cString: fault.what))") }
    return try work(RecordView(message: message))
  }

  package var size: Int { Int(message.size) }
  package var topic: UnsafeRawBufferPointer { message.topic.buffer }
  package var queueID: Int32 { message.queue_id }
  package var queueOffset: Int64 { message.queue_offset }
  package var commitLogOffset: Int64 { message.commit_log_offset }
  /// Milliseconds since 1970.
  package var storedAt: Int64 { message.stored_at_ms }
  /// As stored: compressed when the record's sysFlag says so.
  package var body: UnsafeRawBufferPointer { message.body.buffer }
  package var properties: UnsafeRawBufferPointer { message.properties.buffer }
}
