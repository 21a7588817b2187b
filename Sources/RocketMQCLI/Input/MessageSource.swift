// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

internal import RocketMQ

/// What `produce` sends: the lines of an input, or generated bodies.
struct MessageSource {
  private let template: Message
  private var lines: LineReader?
  private var remaining: Int
  private let size: Int
  private let limit: Int
  private var generated = 0
  /// Empty lines, which cannot be messages.
  private(set) var skipped = 0

  /// - Parameters:
  ///   - input: nil: generates `count` bodies of `size` bytes.
  ///   - limit: bytes of the longest body.
  init(_ template: Message, input: InputFile?, count: Int, size: Int, limit: Int) {
    self.template = template
    lines = input.map { LineReader($0, limit: limit) }
    remaining = count
    self.size = size
    self.limit = limit
  }

  /// 1 to `count` messages, fewer when more would not fit into one request; nil at the end.
  mutating func next(_ count: Int) async throws(Failure) -> [Message]? {
    var messages: [Message] = []
    var bytes = 0
    var last = 0
    // The next one is taken to be as long as the last.
    while messages.count < count, bytes + last <= limit, let body = try await nextBody() {
      var message = template
      message.body = body
      messages.append(message)
      last = body.count
      bytes += last
    }
    return messages.isEmpty ? nil : messages
  }

  private mutating func nextBody() async throws(Failure) -> [UInt8]? {
    guard lines != nil else { return generate() }
    while let line = try await lines?.next() {
      if !line.isEmpty { return line }
      skipped += 1
    }
    return nil
  }

  /// "message 17 ", then letters.
  private mutating func generate() -> [UInt8]? {
    guard remaining > 0 else { return nil }
    remaining -= 1
    generated += 1
    var body = Array("message \(generated) ".utf8.prefix(size))
    body.reserveCapacity(size)
    while body.count < size { body.append(UInt8(ascii: "a") + UInt8(body.count % 26)) }
    return body
  }
}
