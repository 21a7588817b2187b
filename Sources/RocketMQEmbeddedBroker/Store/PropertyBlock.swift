// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

/// The property text of a record, edited where it stands: `name \u{1} value \u{2} name \u{1} value`, without a last `\u{2}`, as brokers
/// write it. Java: `MessageDecoder.string2messageProperties` and back again, but the order is kept and only what changes is touched.
struct PropertyBlock {
  private(set) var bytes: [UInt8]

  private static let nameEnd: UInt8 = 1
  private static let valueEnd: UInt8 = 2

  init(_ bytes: UnsafeRawBufferPointer) { self.bytes = [UInt8](bytes) }
  init(_ bytes: [UInt8] = []) { self.bytes = bytes }

  /// nil when absent or empty; with several of one name, the last.
  func value(_ name: String) -> String? {
    bytes.withUnsafeBytes { PropertyBlock.value(name, in: $0) }
  }

  static func value(_ name: String, in bytes: UnsafeRawBufferPointer) -> String? {
    var found: Range<Int>?
    forEachSegment(of: bytes) { segment, end in
      if isNamed(name, bytes, segment, end) { found = (end + 1)..<segment.upperBound }
    }
    guard let found, !found.isEmpty else { return nil }
    return String(decoding: UnsafeRawBufferPointer(rebasing: bytes[found]), as: UTF8.self)
  }

  /// Puts `name` at the end, whether it was there or not.
  mutating func set(_ name: String, _ value: String) {
    remove(name)
    bytes.reserveCapacity(bytes.count + name.utf8.count + value.utf8.count + 2)
    join()
    bytes.append(contentsOf: name.utf8)
    bytes.append(PropertyBlock.nameEnd)
    bytes.append(contentsOf: value.utf8)
  }

  mutating func remove(_ name: String) {
    var ranges: [Range<Int>] = []
    bytes.withUnsafeBytes { bytes in
      PropertyBlock.forEachSegment(of: bytes) { segment, end in
        if PropertyBlock.isNamed(name, bytes, segment, end) { ranges.append(segment) }
      }
    }
    for range in ranges.reversed() {
      // With the separator behind it, or, at the end, the one before it.
      if range.upperBound < bytes.count {
        bytes.removeSubrange(range.lowerBound...range.upperBound)
      } else {
        bytes.removeSubrange(max(range.lowerBound - 1, 0)..<range.upperBound)
      }
    }
  }

  /// Appends a whole property text.
  mutating func append(_ text: UnsafeRawBufferPointer) {
    guard !text.isEmpty else { return }
    join()
    bytes.append(contentsOf: text)
  }

  mutating func replaceAll(with text: UnsafeRawBufferPointer) {
    bytes.removeAll(keepingCapacity: true)
    bytes.append(contentsOf: text)
  }

  private mutating func join() {
    if let last = bytes.last, last != PropertyBlock.valueEnd { bytes.append(PropertyBlock.valueEnd) }
  }

  /// `end` is where the name ends.
  private static func forEachSegment(of bytes: UnsafeRawBufferPointer, _ body: (_ segment: Range<Int>, _ end: Int) -> Void) {
    var start = 0
    var end: Int?
    for i in 0...bytes.count {
      if i == bytes.count || bytes[i] == valueEnd {
        if let end { body(start..<i, end) }
        start = i + 1
        end = nil
      } else if end == nil, bytes[i] == nameEnd {
        end = i
      }
    }
  }

  private static func isNamed(_ name: String, _ bytes: UnsafeRawBufferPointer, _ segment: Range<Int>, _ end: Int) -> Bool {
    end - segment.lowerBound == name.utf8.count && name.utf8.elementsEqual(bytes[segment.lowerBound..<end])
  }
}
