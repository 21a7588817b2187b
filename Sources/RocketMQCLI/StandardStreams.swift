// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Darwin)
  internal import Darwin
#endif

/// Standard input, output and error as the command was given them.
enum StandardStreams {
  /// Those that were closed at the start (`rocketmq … >&-`). Asking for them first puts /dev/null in their place, so that no socket takes
  /// their number and is then written to as if it were a terminal.
  private static let closed: Set<Int32> = {
    var closed: Set<Int32> = []
    for descriptor: Int32 in 0...2 where fcntl(descriptor, F_GETFD) < 0 && errno == EBADF {
      closed.insert(descriptor)
      _ = open("/dev/null", O_RDWR)  // takes the lowest number that is free: this one
    }
    return closed
  }()

  /// To be called before anything is opened.
  static func fill() { _ = closed }

  static func requireInput() throws(Failure) {
    if closed.contains(0) { throw Failure("standard input is closed; for no input, read /dev/null: </dev/null") }
  }

  static func requireOutput() throws(Failure) {
    if closed.contains(1) { throw Failure("standard output is closed; to drop the output, send it to /dev/null: >/dev/null") }
  }
}
