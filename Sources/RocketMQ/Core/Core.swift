// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

internal import CRocketCore

/// Facts of the C core that need no object.
package enum Core {
  /// "TOPIC_NOT_EXIST".
  package static func responseName(_ code: Int32) -> String { String(cString: rocket_response_name(code)) }
  /// "PULL_MESSAGE".
  package static func requestName(_ code: Int32) -> String { String(cString: rocket_request_name(code)) }

  /// Milliseconds of the monotonic clock that the core's time-outs count in.
  package static func nowMilliseconds() -> UInt64 { rocket_now_ms() }

  /// Java's `String.hashCode`.
  package static func tagHash(_ tag: String) -> Int32 {
    withSlice(of: tag) { rocket_tag_hash($0) }
  }

  /// CRC-32 without its top bit.
  package static func crc31(_ bytes: UnsafeRawBufferPointer) -> UInt32 {
    rocket_crc31(rocket_slice(bytes))
  }
}

/// A C handle that may cross threads. Proof: every function of the core that is reached through it states "Thread: any" in its header, or
/// is only reached on the thread its header names (see `Loop.isCurrent`); the wrappers in this folder own the handle's count.
struct Handle: @unchecked Sendable {
  let raw: OpaquePointer
}

extension rocket_slice {
  init(_ bytes: UnsafeRawBufferPointer) {
    self.init(data: bytes.baseAddress?.assumingMemoryBound(to: UInt8.self), size: bytes.count)
  }

  var buffer: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: data, count: size) }

  var string: String { String(decoding: buffer, as: UTF8.self) }

  /// nil when absent ({NULL, 0}).
  var optionalString: String? { data == nil ? nil : string }
}

/// Lends `text` as a slice.
func withSlice<R>(of text: String, _ body: (rocket_slice) throws -> R) rethrows -> R {
  var text = text
  return try text.withUTF8 { try body(rocket_slice(UnsafeRawBufferPointer($0))) }
}

extension rocket_host {
  /// "10.0.0.1:10911", "[::1]:10911".
  var text: String {
    let port = self.port
    let size = Int(ip_size)
    return withUnsafeBytes(of: ip) { bytes in
      if size == 4 { return "\(bytes[0]).\(bytes[1]).\(bytes[2]).\(bytes[3]):\(port)" }
      var groups: [String] = []
      for i in stride(from: 0, to: 16, by: 2) {
        groups.append(String(UInt16(bytes[i]) << 8 | UInt16(bytes[i + 1]), radix: 16))
      }
      return "[\(groups.joined(separator: ":"))]:\(port)"
    }
  }
}

/// Turns a status of the core into the library's error.
func coreError(_ status: Int32, _ doing: @autoclosure () -> String, address: String? = nil) -> RocketMQError {
  let text = String(cString: rocket_status_text(status))
  let name = String(cString: rocket_status_name(status))
  if let (code, advice) = tlsFailure(status) {
    return RocketMQError(code, "\(doing()): \(text); \(advice) (\(name))", address: address)
  }
  let code: RocketMQError.Code =
    switch status {
    case ROCKET_NO_MEMORY.rawValue: .outOfMemory
    case ROCKET_INVALID_ARGUMENT.rawValue: .invalidArgument
    case ROCKET_TOO_LARGE.rawValue: .tooLarge
    case ROCKET_TIMEOUT.rawValue: .timeout
    case ROCKET_CLOSED.rawValue: .connectionClosed
    case ROCKET_CANCELLED.rawValue: .cancelled
    case ROCKET_STOPPED.rawValue, ROCKET_DROPPED.rawValue: .notRunning
    case ROCKET_BAD_ADDRESS.rawValue: .badAddress
    case ROCKET_CONNECT_TIMEOUT.rawValue: .connectFailed
    case ROCKET_OVERLOADED.rawValue: .overloaded
    case ROCKET_INCOMPLETE.rawValue, ROCKET_BAD_FRAME.rawValue, ROCKET_BAD_SERIALIZATION.rawValue, ROCKET_BAD_HEADER.rawValue,
      ROCKET_BAD_JSON.rawValue, ROCKET_BAD_MESSAGE.rawValue, ROCKET_BAD_BODY.rawValue, ROCKET_BAD_ID.rawValue,
      ROCKET_MISSING_FIELD.rawValue, ROCKET_BAD_FIELD.rawValue, ROCKET_TOO_MANY_FIELDS.rawValue:
      .malformedData
    case -4095 ... -3000: .badAddress  // libuv's codes of name resolution
    case -999 ... -1: .connectFailed  // errno
    default: .internal
    }
  return RocketMQError(code, "\(doing()): \(text) (\(name))", address: address)
}
