// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

internal import CRocketCore

/// A JSON text as Java servers write it: keys may be numbers without quotes, or whole objects.
package enum JSONValue: Sendable, Equatable {
  case null
  case bool(Bool)
  /// The digits as they stood, so that 64-bit numbers keep their value.
  case number(String)
  case string(String)
  case array([JSONValue])
  case object([Member])

  package struct Member: Sendable, Equatable {
    package var key: JSONValue
    package var value: JSONValue
    package init(_ key: JSONValue, _ value: JSONValue) {
      self.key = key
      self.value = value
    }
  }

  /// Throws `malformedData` with the place of the fault.
  package init(parsing bytes: UnsafeRawBufferPointer) throws(RocketMQError) {
    var reader = rocket_json_reader()
    rocket_json_reader_init(&reader, rocket_slice(bytes))
    let value = try JSONValue.value(&reader, JSONValue.next(&reader))
    let end = try JSONValue.next(&reader)
    guard end.kind == ROCKET_JSON_END else { throw RocketMQError(.malformedData, "the JSON text goes on after its end") }
    self = value
  }

  package init(parsing bytes: [UInt8]) throws(RocketMQError) {
    self = try bytes.withUnsafeBytes { bytes -> Result<JSONValue, RocketMQError> in
      do throws(RocketMQError) { return .success(try JSONValue(parsing: bytes)) } catch { return .failure(error) }
    }.get()
  }

  // MARK: Reading

  /// The member called `name`; nil in anything but an object. Several: the last.
  package subscript(_ name: String) -> JSONValue? {
    guard case .object(let members) = self else { return nil }
    return members.last { $0.key.text == name }?.value
  }

  package var members: [Member] { if case .object(let members) = self { members } else { [] } }
  package var elements: [JSONValue] { if case .array(let elements) = self { elements } else { [] } }

  /// A string, or the digits of a number, as Java's decoders accept either.
  package var text: String? {
    switch self {
    case .string(let text), .number(let text): text
    default: nil
    }
  }
  package var int64: Int64? { text.flatMap { Int64($0) } }
  package var int32: Int32? { text.flatMap { Int32($0) } }
  package var bool: Bool? {
    switch self {
    case .bool(let value): value
    case .string(let text): text.lowercased() == "true"
    default: nil
    }
  }

  private static func next(_ reader: inout rocket_json_reader) throws(RocketMQError) -> rocket_json_token {
    var token = rocket_json_token()
    var fault = rocket_fault()
    let status = rocket_json_next(&reader, &token, &fault)
    guard status == 0 else { throw coreError(status, "reading JSON at byte \(fault.offset), \(String(cString: fault.what))") }
    return token
  }

  /// Depth is bounded by the reader.
  private static func value(_ reader: inout rocket_json_reader, _ token: rocket_json_token) throws(RocketMQError) -> JSONValue {
    switch token.kind {
    case ROCKET_JSON_NULL: return .null
    case ROCKET_JSON_TRUE: return .bool(true)
    case ROCKET_JSON_FALSE: return .bool(false)
    case ROCKET_JSON_NUMBER: return .number(token.text.string)
    case ROCKET_JSON_STRING: return .string(token.escaped ? try unescaped(token.text) : token.text.string)
    case ROCKET_JSON_ARRAY_BEGIN:
      var elements: [JSONValue] = []
      while true {
        let token = try next(&reader)
        if token.kind == ROCKET_JSON_ARRAY_END { return .array(elements) }
        elements.append(try value(&reader, token))
      }
    case ROCKET_JSON_OBJECT_BEGIN:
      var members: [Member] = []
      while true {
        let token = try next(&reader)
        if token.kind == ROCKET_JSON_OBJECT_END { return .object(members) }
        let key = try value(&reader, token)
        members.append(Member(key, try value(&reader, next(&reader))))
      }
    default:
      throw RocketMQError(.malformedData, "the JSON text ends too early, at byte \(token.offset)")
    }
  }

  private static func unescaped(_ text: rocket_slice) throws(RocketMQError) -> String {
    var status: Int32 = 0
    let result = String(unsafeUninitializedCapacity: text.size) { buffer in
      var size = 0
      status = rocket_json_unescape(text, buffer.baseAddress, &size)
      return status == 0 ? size : 0
    }
    guard status == 0 else { throw coreError(status, "reading a JSON string") }
    return result
  }

  // MARK: Writing

  /// Standard JSON, except that keys which are objects or numbers are written as they are when `asFastjson` (Java: fastjson 1.x), and
  /// otherwise as quoted text.
  package func bytes(asFastjson: Bool = false) -> [UInt8] {
    var buffer = rocket_buffer()
    rocket_buffer_init(&buffer, nil)
    defer { rocket_buffer_clear(&buffer) }
    write(to: &buffer, asFastjson)
    return [UInt8](UnsafeRawBufferPointer(start: buffer.data, count: buffer.size))
  }

  package func string(asFastjson: Bool = false) -> String { String(decoding: bytes(asFastjson: asFastjson), as: UTF8.self) }

  private func write(to buffer: inout rocket_buffer, _ fastjson: Bool) {
    func put(_ text: StaticString) { rocket_buffer_append(&buffer, text.utf8Start, text.utf8CodeUnitCount) }
    func put(_ text: String) { withSlice(of: text) { _ = rocket_buffer_append(&buffer, $0.data, $0.size) } }
    func quote(_ text: String) { withSlice(of: text) { _ = rocket_json_append_string(&buffer, $0) } }
    switch self {
    case .null: put("null" as StaticString)
    case .bool(let value): put(value ? "true" as StaticString : "false")
    case .number(let text): put(text)
    case .string(let text): quote(text)
    case .array(let elements):
      put("[" as StaticString)
      for (i, element) in elements.enumerated() {
        if i > 0 { put("," as StaticString) }
        element.write(to: &buffer, fastjson)
      }
      put("]" as StaticString)
    case .object(let members):
      put("{" as StaticString)
      for (i, member) in members.enumerated() {
        if i > 0 { put("," as StaticString) }
        if case .string(let name) = member.key {
          quote(name)
        } else if fastjson {
          member.key.write(to: &buffer, fastjson)
        } else {
          quote(member.key.string())
        }
        put(":" as StaticString)
        member.value.write(to: &buffer, fastjson)
      }
      put("}" as StaticString)
    }
  }
}

extension JSONValue: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByBooleanLiteral, ExpressibleByArrayLiteral,
  ExpressibleByDictionaryLiteral
{
  package init(stringLiteral value: String) { self = .string(value) }
  package init(integerLiteral value: Int64) { self = .number(String(value)) }
  package init(booleanLiteral value: Bool) { self = .bool(value) }
  package init(arrayLiteral elements: JSONValue...) { self = .array(elements) }
  package init(dictionaryLiteral elements: (String, JSONValue)...) { self = .object(elements.map { Member(.string($0), $1) }) }
  package static func int(_ value: some BinaryInteger) -> JSONValue { .number(String(value)) }
}
