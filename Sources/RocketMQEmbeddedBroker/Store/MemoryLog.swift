// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

internal import RocketMQ

/// A log that lives as long as the broker: chunks of memory that are never moved.
final class MemoryLog: CommitLog {
  private struct Chunk {
    let start: Int64
    let memory: UnsafeMutableRawBufferPointer
    var used: Int
    var end: Int64 { start + Int64(used) }
  }

  /// Bytes; a chunk is larger when one batch is.
  private let chunkSize: Int
  private var chunks: [Chunk] = []

  init(chunkSize: Int = 16 << 20) { self.chunkSize = chunkSize }

  deinit { for chunk in chunks { chunk.memory.deallocate() } }

  var nextOffset: Int64 { chunks.last?.end ?? 0 }
  var gap: Int { 0 }

  func append(_ records: UnsafeRawBufferPointer, sizes: [Int]) throws(RocketMQError) {
    if chunks.isEmpty || chunks[chunks.count - 1].memory.count - chunks[chunks.count - 1].used < records.count {
      let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: max(chunkSize, records.count), alignment: 16)
      chunks.append(Chunk(start: nextOffset, memory: memory, used: 0))
    }
    let last = chunks.count - 1
    UnsafeMutableRawBufferPointer(rebasing: chunks[last].memory[chunks[last].used...]).copyMemory(from: records)
    chunks[last].used += records.count
  }

  func bytes(at offset: Int64, count: Int) -> UnsafeRawBufferPointer? {
    guard let chunk = chunk(holding: offset), count >= 0, Int64(count) <= chunk.end - offset else { return nil }
    let position = Int(offset - chunk.start)
    return UnsafeRawBufferPointer(rebasing: chunk.memory[position..<(position + count)])
  }

  func copy(at offset: Int64, count: Int, to block: inout ByteBlock) {
    var (offset, count) = (offset, count)
    while count > 0, let chunk = chunk(holding: offset) {
      let part = min(count, Int(chunk.end - offset))
      let position = Int(offset - chunk.start)
      block.append(UnsafeRawBufferPointer(rebasing: chunk.memory[position..<(position + part)]))
      offset += Int64(part)
      count -= part
    }
  }

  private func chunk(holding offset: Int64) -> Chunk? {
    guard let index = chunks.lastIndex(startingAtOrBefore: offset, \.start), offset < chunks[index].end else { return nil }
    return chunks[index]
  }
}

extension Array {
  /// The last element whose start is not after `offset`; the array is in ascending order of `start`.
  func lastIndex(startingAtOrBefore offset: Int64, _ start: (Element) -> Int64) -> Int? {
    var low = 0
    var high = count
    while low < high {
      let middle = (low + high) / 2
      if start(self[middle]) <= offset { low = middle + 1 } else { high = middle }
    }
    return low == 0 ? nil : low - 1
  }
}
