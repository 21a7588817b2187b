// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

import RocketMQ

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// A new, empty directory for the length of `work`.
func withTemporaryDirectory<R>(_ work: (String) async throws -> R) async throws -> R {
  let path = try temporaryDirectory()
  defer { removeTree(path) }
  return try await work(path)
}

/// For those who remove it themselves.
func temporaryDirectory() throws -> String {
  var template = Array("/tmp/rocketmq-test-XXXXXX".utf8CString)
  let made = template.withUnsafeMutableBufferPointer { buffer in buffer.baseAddress.flatMap { mkdtemp($0) }.map { String(cString: $0) } }
  guard let made else { throw RocketMQError(.storageFailed, "no temporary directory") }
  return made
}

func removeTree(_ path: String) {
  for name in names(in: path) { removeTree("\(path)/\(name)") }
  remove(path)
}

/// nil: there is no such file.
func readFile(_ path: String) -> String? {
  guard let file = fopen(path, "rb") else { return nil }
  defer { fclose(file) }
  var bytes: [UInt8] = []
  while case let byte = fgetc(file), byte != EOF { bytes.append(UInt8(byte)) }
  return String(decoding: bytes, as: UTF8.self)
}

/// Makes the folders above it, too.
func writeFile(_ path: String, _ text: String) {
  for index in path.indices where path[index] == "/" { mkdir(String(path[..<index]), 0o755) }
  guard let file = fopen(path, "wb") else { return }
  let bytes = Array(text.utf8)
  fwrite(bytes, 1, bytes.count, file)
  fclose(file)
}

/// Without "." and ".."; empty for what is no directory.
func names(in path: String) -> [String] {
  guard let directory = opendir(path) else { return [] }
  defer { closedir(directory) }
  var names: [String] = []
  while let entry = readdir(directory) {
    let name = withUnsafeBytes(of: &entry.pointee.d_name) { String(cString: $0.assumingMemoryBound(to: CChar.self).baseAddress!) }
    if name != "." && name != ".." { names.append(name) }
  }
  return names.sorted()
}
