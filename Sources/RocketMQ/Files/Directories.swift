// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Darwin)
  internal import Darwin
#endif

/// With all directories above it; nothing happens when it is there.
package func makeDirectory(_ path: String) throws(RocketMQError) {
  if mkdir(path, 0o755) == 0 || errno == EEXIST { return }
  guard errno == ENOENT, let slash = path.lastIndex(of: "/"), slash != path.startIndex else {
    throw systemError("making the directory \(path)")
  }
  try makeDirectory(String(path[..<slash]))
  guard mkdir(path, 0o755) == 0 || errno == EEXIST else { throw systemError("making the directory \(path)") }
}

/// Blocks until the names in it (of files made, renamed, removed) are on the disk.
package func syncDirectory(_ path: String) throws(RocketMQError) {
  let directory = try FileDescriptor(path: path, flags: O_RDONLY)
  guard fsync(directory.raw) == 0 else { throw systemError("syncing the directory \(path)") }
}
