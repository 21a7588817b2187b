// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

internal import CRocketCore

/// A request to send, or a response to give. Java: `RemotingCommand` with its custom header.
///
/// A value: fields are copied in, so it can be built anywhere and sent later.
package struct Command: Sendable {
  package var code: Int32
  package var remark: String?
  package var body: [UInt8] = []
  /// Writes `extFields` even when there is no field, as Java does for responses that have a header class. A field sets it by itself.
  package var carriesFields = false
  private var text: [UInt8] = []
  private var entries: [Entry] = []

  private struct Entry {
    var field: Int32
    var name: Range<Int>  // of `text`; used when the field has no number
    var value: Range<Int>
  }

  package init(_ code: RequestCode) { self.code = code.rawValue }
  package init(response code: ResponseCode, remark: String? = nil) {
    self.code = code.rawValue
    self.remark = remark
  }

  /// nil adds nothing, as Java omits null fields.
  package mutating func set(_ field: HeaderField, _ value: String?) {
    guard let value else { return }
    entries.append(Entry(field: field.rawValue, name: 0..<0, value: append(value)))
  }

  /// Text that is UTF-8 already.
  package mutating func set(_ field: HeaderField, utf8 value: [UInt8]) {
    let start = text.count
    text.append(contentsOf: value)
    entries.append(Entry(field: field.rawValue, name: 0..<0, value: start..<text.count))
  }

  /// Makes room at once for what will be set.
  package mutating func reserve(fields: Int, bytes: Int) {
    entries.reserveCapacity(fields)
    text.reserveCapacity(bytes)
  }

  package mutating func set(_ field: HeaderField, _ value: some BinaryInteger) { set(field, String(value)) }
  package mutating func set(_ field: HeaderField, _ value: Bool) { set(field, value ? "true" : "false") }

  package mutating func set(named name: String, _ value: String) {
    let name = append(name)
    entries.append(Entry(field: ROCKET_FIELD_UNKNOWN.rawValue, name: name, value: append(value)))
  }

  private mutating func append(_ value: String) -> Range<Int> {
    let start = text.count
    text.append(contentsOf: value.utf8)
    return start..<text.count
  }

  /// Lends the command as the core's struct; it borrows this value's memory.
  borrowing func withCommand<R>(responding to: Responder? = nil, _ body: (inout rocket_command) -> R) throws(RocketMQError) -> R {
    var command = rocket_command()
    rocket_command_init(&command, code)
    command.has_fields = carriesFields
    if let to {
      command.opaque = to.opaque
      command.serialization = to.isBinary ? ROCKET_SERIALIZATION_BINARY : ROCKET_SERIALIZATION_JSON
      command.flag = Int32(ROCKET_FLAG_RESPONSE)
    }
    var status: Int32 = 0
    let result: R? = text.withUnsafeBytes { text in
      for entry in entries {
        let value = rocket_slice(UnsafeRawBufferPointer(rebasing: text[entry.value]))
        status =
          entry.name.isEmpty
          ? rocket_command_set(&command, rocket_field(entry.field), value)
          : rocket_command_set_named(&command, rocket_slice(UnsafeRawBufferPointer(rebasing: text[entry.name])), value)
        if status != 0 { return nil }
      }
      guard let remark else { return body(&command) }
      return withSlice(of: remark) { slice in
        command.remark = slice
        return body(&command)
      }
    }
    guard let result else { throw coreError(status, "building \(Core.requestName(code))") }
    return result
  }
}

/// The header fields of the protocol, under the names they have there.
package struct HeaderField: RawRepresentable, Hashable, Sendable, CustomStringConvertible {
  package let rawValue: Int32
  package init(rawValue: Int32) { self.rawValue = rawValue }
  init(_ field: rocket_field) { rawValue = field.rawValue }

  package var description: String { String(cString: rocket_field_name(rocket_field(rawValue))) }
}

/// What a request asks for. Java: `RequestCode`.
package struct RequestCode: RawRepresentable, Hashable, Sendable, CustomStringConvertible {
  package let rawValue: Int32
  package init(rawValue: Int32) { self.rawValue = rawValue }
  init(_ code: rocket_request_code) { rawValue = Int32(bitPattern: code.rawValue) }

  /// "PULL_MESSAGE(11)".
  package var description: String { "\(Core.requestName(rawValue))(\(rawValue))" }
}
