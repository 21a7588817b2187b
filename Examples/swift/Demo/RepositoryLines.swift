// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

internal import ChildProcess

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Darwin)
  internal import Darwin
#endif

/// One line of a text file, as the demo sends it.
struct SourceLine: Sendable {
  /// "Sources/RocketMQ/Message/Message.swift:12"; what the message is told apart by.
  let key: String
  /// The key, a tab, and the line; never empty.
  let body: [UInt8]
}

/// The lines of all text files below `directory`: those git tracks, or, without git, all that are not hidden or built.
func repositoryLines(of directory: String) async throws -> (lines: [SourceLine], files: Int) {
  var lines: [SourceLine] = []
  var files = 0
  for path in try await paths(in: directory) {
    guard let text = textFile("\(directory)/\(path)"), !text.isEmpty else { continue }
    files += 1
    let name = path.replacing(" ", with: "%20")  // keys are separated by blanks
    var rows = text.split(separator: "\n", omittingEmptySubsequences: false)
    if rows.last?.isEmpty == true { rows.removeLast() }
    for (i, row) in rows.enumerated() {
      let key = "\(name):\(i + 1)"
      lines.append(SourceLine(key: key, body: Array("\(key)\t\(row)".utf8)))
    }
  }
  return (lines, files)
}

private func paths(in directory: String) async throws -> [String] {
  let tracked = try? await ChildProcess.run(
    "git", ["-C", directory, "-c", "core.quotePath=off", "ls-files"], limit: .seconds(10))
  if let tracked, tracked.exit == .status(0), !tracked.lines.isEmpty { return tracked.lines }
  let found = try await ChildProcess.run(
    "find", [directory, "-mindepth", "1", "(", "-name", ".*", "-o", "-name", "build", ")", "-prune", "-o", "-type", "f", "-print"],
    limit: .seconds(10))
  return found.lines.sorted().map { String($0.dropFirst(directory.count + 1)) }
}

/// nil for what is not UTF-8, or holds zeros, or cannot be read.
private func textFile(_ path: String) -> String? {
  let descriptor = open(path, O_RDONLY | O_CLOEXEC)
  guard descriptor >= 0 else { return nil }
  defer { close(descriptor) }
  var bytes: [UInt8] = []
  var chunk = [UInt8](repeating: 0, count: 65536)
  while true {
    let count = chunk.withUnsafeMutableBytes { read(descriptor, $0.baseAddress, $0.count) }
    guard count >= 0 else { return nil }
    if count == 0 { break }
    bytes += chunk[..<count]
  }
  guard !bytes.contains(0) else { return nil }
  return String(validating: bytes, as: UTF8.self)
}
