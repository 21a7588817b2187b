// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

internal import Synchronization

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Darwin)
  internal import Darwin
#endif

/// A child process whose output arrives line by line. The demo starts its parts with it, and the tests the `rocketmq` command.
///
/// The child is the leader of a process group of its own, so that ^C in a terminal reaches the parent only, which then ends its children in
/// the order it wants. Its standard input is a pipe that nobody writes to unless told so: it ends when the parent does, however that
/// happens.
public final class ChildProcess: Sendable {
  /// How a process ended.
  public enum Exit: Sendable, Equatable {
    case status(Int32)
    case signal(Int32)
  }

  public let processID: Int32
  private let input: Mutex<Int32?>
  private let ending = Mutex(Ending())
  private static let starting = Mutex(())

  private struct Ending {
    var exit: Exit?
    var waiters: [UnsafeContinuation<Exit, Never>] = []
  }

  /// Starts `program`, which is a path or a name to look up in PATH.
  ///
  /// - Parameters:
  ///   - environment: "NAME=value", all of it; nil: as this process has it.
  ///   - input: what the child reads, then the end of file; nil: nothing, and the end of file when ``closeInput()`` is called.
  ///   - onLine: called with each line of standard output, on a thread that reads on when it returns.
  ///   - onErrorLine: the same for standard error; nil: the child writes to this process's.
  /// - Throws: ``StartFailure`` when there is no such program, or no more processes or descriptors may be had.
  public init(
    _ program: String, _ arguments: [String], environment: [String]? = nil, input text: [UInt8]? = nil,
    onLine: @escaping @Sendable (String) -> Void, onErrorLine: (@Sendable (String) -> Void)? = nil
  ) throws(StartFailure) {
    // One start at a time: a pipe is inherited by other children until it has been marked.
    let (child, input, output, errors) = try ChildProcess.starting.withLock {
      _ throws(StartFailure) -> (Int32, Pipe, Pipe, Pipe?) in
      let input = try Pipe()
      let output = try Pipe()
      let errors = onErrorLine == nil ? nil : try Pipe()
      defer {
        close(input.readEnd)
        close(output.writeEnd)
        if let errors { close(errors.writeEnd) }
      }
      do throws(StartFailure) {
        return (try ChildProcess.spawn(program, arguments, environment, input, output, errors), input, output, errors)
      } catch {
        for end in [input.writeEnd, output.readEnd] + (errors.map { [$0.readEnd] } ?? []) { close(end) }
        throw error
      }
    }
    processID = child

    self.input = Mutex(input.writeEnd)
    // The exit is told only after the last line, so that who waits has seen everything.
    let open = Readers(count: errors == nil ? 1 : 2)
    startThread { [self] in
      readLines(output.readEnd, onLine)
      if open.finish() { reap() }
    }
    if let errors, let onErrorLine {
      startThread { [self] in
        readLines(errors.readEnd, onErrorLine)
        if open.finish() { reap() }
      }
    }
    if let text {
      startThread { [self] in
        writeAll(text, to: input.writeEnd)
        closeInput()
      }
    }
  }

  /// Sends the child a signal, such as SIGTERM; nothing once it has ended.
  public func signal(_ number: Int32) {
    ending.withLock { ending in
      if ending.exit == nil { kill(processID, number) }
    }
  }

  /// Kills the child and its own children.
  public func killGroup() {
    ending.withLock { ending in
      if ending.exit == nil { kill(-processID, SIGKILL) }
    }
  }

  /// Writes to the child's standard input; waits while the pipe is full, so keep it short. Nothing happens when the child does not read.
  public func write(_ text: String) {
    input.withLock { descriptor in
      if let descriptor { writeAll(Array(text.utf8), to: descriptor) }
    }
  }

  /// Ends the child's standard input.
  public func closeInput() {
    input.withLock { descriptor in
      if let open = descriptor { close(open) }
      descriptor = nil
    }
  }

  /// Waits for the child's end; its last line has been handed out by then.
  public func wait() async -> Exit {
    await withUnsafeContinuation { continuation in
      let exit = ending.withLock { ending in
        if ending.exit == nil { ending.waiters.append(continuation) }
        return ending.exit
      }
      if let exit { continuation.resume(returning: exit) }
    }
  }

  private func reap() {
    // Wait without reaping first: the id must not pass to another process while `signal` may still use it.
    var info = siginfo_t()
    while waitid(P_PID, id_t(processID), &info, WEXITED | WNOWAIT) < 0 && errno == EINTR {}
    let (exit, waiters) = ending.withLock { ending in
      var raw: Int32 = 0
      while waitpid(processID, &raw, 0) < 0 && errno == EINTR {}
      let exit: Exit = raw & 0x7f == 0 ? .status((raw >> 8) & 0xff) : .signal(raw & 0x7f)
      ending.exit = exit
      defer { ending.waiters = [] }
      return (exit, ending.waiters)
    }
    closeInput()
    for waiter in waiters { waiter.resume(returning: exit) }
  }
}

/// Why a child process could not be started.
public struct StartFailure: Error, CustomStringConvertible {
  public let description: String

  init(_ doing: String, _ code: Int32) { description = "\(doing): \(String(cString: strerror(code)))" }
}

/// Counts down the pipes that are still open.
private final class Readers: Sendable {
  private let open: Mutex<Int>

  init(count: Int) { open = Mutex(count) }

  /// True for the last.
  func finish() -> Bool {
    open.withLock { open in
      open -= 1
      return open == 0
    }
  }
}
