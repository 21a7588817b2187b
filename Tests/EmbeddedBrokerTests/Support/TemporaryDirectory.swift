// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// A new, empty directory for the length of `work`.
func withTemporaryDirectory<R>(_ work: (String) async throws -> R) async throws -> R {
  let path = makeTemporaryDirectory()
  do {
    let result = try await work(path)
    removeTree(path)
    return result
  } catch {
    removeTree(path)
    throw error
  }
}

func makeTemporaryDirectory() -> String {
  var template = Array("/tmp/rocketmq-test-XXXXXX".utf8CString)
  return template.withUnsafeMutableBufferPointer { String(cString: mkdtemp($0.baseAddress!)!) }
}

func removeTree(_ path: String) {
  for name in names(in: path) { removeTree("\(path)/\(name)") }
  remove(path)
}

/// Copies a directory as it is at this moment.
func copyTree(_ source: String, to target: String) {
  mkdir(target, 0o755)
  for name in names(in: source) {
    let (from, to) = ("\(source)/\(name)", "\(target)/\(name)")
    if isDirectory(from) { copyTree(from, to: to) } else { writeFile(to, readFile(from)) }
  }
}

func readFile(_ path: String) -> [UInt8] {
  guard let file = fopen(path, "rb") else { return [] }
  defer { fclose(file) }
  var bytes: [UInt8] = []
  var buffer = [UInt8](repeating: 0, count: 65536)
  while true {
    let count = fread(&buffer, 1, buffer.count, file)
    if count == 0 { return bytes }
    bytes += buffer[..<count]
  }
}

func writeFile(_ path: String, _ bytes: some Collection<UInt8>) {
  guard let file = fopen(path, "wb") else { return }
  fwrite(Array(bytes), 1, bytes.count, file)
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

private func isDirectory(_ path: String) -> Bool {
  guard let directory = opendir(path) else { return false }
  closedir(directory)
  return true
}
