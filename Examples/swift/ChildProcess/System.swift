// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

internal import Dispatch

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Darwin)
  internal import Darwin
#endif

/// Two ends that the program of a child process does not inherit.
struct Pipe {
  let readEnd: Int32
  let writeEnd: Int32

  init() throws(StartFailure) {
    var ends: (Int32, Int32) = (-1, -1)
    let status = withUnsafeMutablePointer(to: &ends) { ends in
      ends.withMemoryRebound(to: Int32.self, capacity: 2) { pipe($0) }
    }
    guard status == 0 else { throw StartFailure("making a pipe", errno) }
    (readEnd, writeEnd) = ends
    _ = fcntl(readEnd, F_SETFD, FD_CLOEXEC)
    _ = fcntl(writeEnd, F_SETFD, FD_CLOEXEC)
  }
}

extension ChildProcess {
  /// The child gets an empty signal mask and the default actions, whatever this process has set.
  static func spawn(
    _ program: String, _ arguments: [String], _ environment: [String]?, _ input: Pipe, _ output: Pipe, _ errors: Pipe?
  ) throws(StartFailure) -> Int32 {
    #if canImport(Glibc)
      var actions = posix_spawn_file_actions_t()
      var attributes = posix_spawnattr_t()
    #else
      var actions: posix_spawn_file_actions_t?
      var attributes: posix_spawnattr_t?
    #endif
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_adddup2(&actions, input.readEnd, 0)
    posix_spawn_file_actions_adddup2(&actions, output.writeEnd, 1)
    posix_spawn_file_actions_adddup2(&actions, errors?.writeEnd ?? 2, 2)

    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    var none = sigset_t()
    var all = sigset_t()
    sigemptyset(&none)
    sigfillset(&all)
    posix_spawnattr_setsigmask(&attributes, &none)
    posix_spawnattr_setsigdefault(&attributes, &all)
    posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))

    var child: pid_t = 0
    let status = withCStrings([program] + arguments) { arguments in
      guard let environment else { return posix_spawnp(&child, program, &actions, &attributes, arguments, environ) }
      return withCStrings(environment) { posix_spawnp(&child, program, &actions, &attributes, arguments, $0) }
    }
    guard status == 0 else { throw StartFailure("starting \(program)", status) }
    return child
  }
}

/// Lends a null-terminated array of C strings.
private func withCStrings<R>(_ strings: [String], _ body: ([UnsafeMutablePointer<CChar>?]) -> R) -> R {
  let copies = strings.map { strdup($0) } + [nil]
  defer { for copy in copies { free(copy) } }
  return body(copies)
}

/// Runs `work` on a queue of its own: it blocks, which a task must not.
func startThread(_ work: @escaping @Sendable () -> Void) {
  DispatchQueue(label: "child process").async(execute: work)
}

/// Reads until the end of file and closes `descriptor`.
func readLines(_ descriptor: Int32, _ onLine: (String) -> Void) {
  var rest: [UInt8] = []
  var chunk = [UInt8](repeating: 0, count: 65536)
  while true {
    let count = chunk.withUnsafeMutableBytes { read(descriptor, $0.baseAddress, $0.count) }
    if count < 0 && errno == EINTR { continue }
    guard count > 0 else { break }
    var start = 0
    while let end = chunk[start..<count].firstIndex(of: UInt8(ascii: "\n")) {
      rest += chunk[start..<end]
      onLine(String(decoding: rest, as: UTF8.self))
      rest.removeAll(keepingCapacity: true)
      start = end + 1
    }
    rest += chunk[start..<count]
  }
  if !rest.isEmpty { onLine(String(decoding: rest, as: UTF8.self)) }
  close(descriptor)
}

/// Stops early when the reader has gone.
func writeAll(_ bytes: [UInt8], to descriptor: Int32) {
  var brokenPipe = sigset_t()
  sigemptyset(&brokenPipe)
  sigaddset(&brokenPipe, SIGPIPE)
  pthread_sigmask(SIG_BLOCK, &brokenPipe, nil)
  var written = 0
  while written < bytes.count {
    let count = bytes.withUnsafeBytes { write(descriptor, $0.baseAddress! + written, $0.count - written) }
    if count < 0 && errno == EINTR { continue }
    guard count > 0 else { return }
    written += count
  }
}
