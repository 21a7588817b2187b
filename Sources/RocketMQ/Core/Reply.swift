// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

internal import CRocketCore

/// The header of a command that the core has decoded, lent for the time of a callback.
///
/// Proof for `Sendable`: nobody writes the command while it is lent, and a view cannot outlive its callback, since it is noncopyable and
/// only ever borrowed. A handler confined to an actor on the loop thread needs it to hand the view into the actor.
package struct CommandView: ~Copyable, @unchecked Sendable {
  private let raw: UnsafePointer<rocket_command>
  private let frame: OpaquePointer

  init(_ raw: UnsafePointer<rocket_command>, _ frame: OpaquePointer) {
    self.raw = raw
    self.frame = frame
  }

  package var code: Int32 { raw.pointee.code }
  package var version: Int32 { raw.pointee.version }
  package var language: Int32 { raw.pointee.language }
  package var isOneway: Bool { raw.pointee.flag & Int32(ROCKET_FLAG_ONEWAY) != 0 }
  package var remark: String? { raw.pointee.remark.optionalString }
  var opaque: Int32 { raw.pointee.opaque }
  var isBinary: Bool { raw.pointee.serialization == ROCKET_SERIALIZATION_BINARY }

  /// nil when absent.
  package func string(_ field: HeaderField) -> String? {
    var slice = rocket_slice()
    return rocket_command_get(raw, rocket_field(field.rawValue), &slice) == 0 ? slice.string : nil
  }

  /// Lends the text without copying it; nil when absent.
  package func withBytes<R>(of field: HeaderField, _ work: (UnsafeRawBufferPointer) throws -> R) rethrows -> R? {
    var slice = rocket_slice()
    guard rocket_command_get(raw, rocket_field(field.rawValue), &slice) == 0 else { return nil }
    return try work(slice.buffer)
  }

  /// nil when absent or no number.
  package func int64(_ field: HeaderField) -> Int64? {
    var value: Int64 = 0
    return rocket_command_get_i64(raw, rocket_field(field.rawValue), &value) == 0 ? value : nil
  }

  /// nil when absent or no 32-bit number.
  package func int32(_ field: HeaderField) -> Int32? {
    var value: Int32 = 0
    return rocket_command_get_i32(raw, rocket_field(field.rawValue), &value) == 0 ? value : nil
  }

  /// nil when absent.
  package func bool(_ field: HeaderField) -> Bool? {
    var value = false
    return rocket_command_get_bool(raw, rocket_field(field.rawValue), &value) == 0 ? value : nil
  }

  package func string(named name: String) -> String? {
    var slice = rocket_slice()
    return withSlice(of: name) { rocket_command_get_named(raw, $0, &slice) } == 0 ? slice.string : nil
  }

  /// The first mandatory field of the request's code that is missing or of the wrong type, as text; nil when all is well.
  package func missingField() -> String? {
    var field = ROCKET_FIELD_UNKNOWN
    let status = rocket_command_check_request(raw, &field)
    return status == 0 ? nil : String(cString: rocket_field_name(field))
  }

  /// All fields, by their wire names.
  package var fields: [(name: String, value: String)] {
    // A C array is a tuple here: read it in place.
    guard let offset = MemoryLayout<rocket_command>.offset(of: \.fields) else { return [] }
    let first = UnsafeRawPointer(raw).advanced(by: offset).assumingMemoryBound(to: rocket_command_field.self)
    return (0..<Int(raw.pointee.field_count)).map { (first[$0].name.string, first[$0].value.string) }
  }

  package var bodyCount: Int { raw.pointee.body.size }

  package func withBody<R, E: Error>(_ work: (UnsafeRawBufferPointer) throws(E) -> R) throws(E) -> R {
    try work(raw.pointee.body.buffer)
  }

  /// The body, kept alive beyond the callback.
  package func keepBody() -> FrameSlice {
    let body = raw.pointee.body
    guard let at = body.data, let start = rocket_frame_bytes(frame) else {
      return FrameSlice(frame: Frame(retaining: frame), range: 0..<0)
    }
    let offset = at - UnsafePointer(start)
    return FrameSlice(frame: Frame(retaining: frame), range: offset..<(offset + body.size))
  }
}

/// A response, copied out of the frame except for its body.
package struct Reply: Sendable {
  package let code: ResponseCode
  package let remark: String?
  package let version: Int32
  package let address: String
  package let body: FrameSlice
  private let fields: [(name: String, value: String)]

  init(_ view: borrowing CommandView, from address: String) {
    code = ResponseCode(rawValue: view.code)
    remark = view.remark
    version = view.version
    fields = view.fields
    body = view.keepBody()
    self.address = address
  }

  package func string(_ field: HeaderField) -> String? {
    let name = field.description
    return fields.last { $0.name == name }?.value
  }

  /// A mandatory number. Throws `malformedData` when it is missing or no number.
  package func int64(_ field: HeaderField) throws(RocketMQError) -> Int64 {
    guard let text = string(field), let value = Int64(text) else {
      throw RocketMQError(
        .malformedData, "the response has no usable \(field): \(string(field) ?? "absent")", brokerCode: code, address: address)
    }
    return value
  }

  /// This reply when its code is 0 or one of `also`; otherwise throws `brokerError` with the remark.
  @discardableResult
  package func expect(_ what: @autoclosure () -> String, also: ResponseCode...) throws(RocketMQError) -> Reply {
    guard code == .success || also.contains(code) else { throw error(what()) }
    return self
  }

  package func error(_ what: String) -> RocketMQError {
    RocketMQError(.brokerError, "\(what): \(remark ?? "no remark")", brokerCode: code, address: address)
  }
}
