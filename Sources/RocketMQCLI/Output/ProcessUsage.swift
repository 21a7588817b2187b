// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Darwin)
  internal import Darwin
#endif

/// What this process has used.
enum ProcessUsage {
  /// Seconds of all its threads, in the system too.
  static var cpuSeconds: Double {
    var usage = rusage()
    getrusage(thisProcess, &usage)
    return seconds(usage.ru_utime) + seconds(usage.ru_stime)
  }

  /// The most memory it ever had, in MiB.
  static var peakMemoryMiB: Double {
    // What getrusage says is not below what the program had that started this one.
    if let peak = statusMiB("VmHWM:") { return peak }
    var usage = rusage()
    getrusage(thisProcess, &usage)
    #if canImport(Darwin)
      return Double(usage.ru_maxrss) / 1024 / 1024
    #else
      return Double(usage.ru_maxrss) / 1024
    #endif
  }

  /// Of its memory now: pages of the program and of libraries, which it shares with other processes. In MiB; nil where nobody tells.
  static var mappedFilesMiB: Double? { statusMiB("RssFile:") }

  private static func seconds(_ time: timeval) -> Double { Double(time.tv_sec) + Double(time.tv_usec) * 1e-6 }

  #if canImport(Glibc)
    private static var thisProcess: Int32 { Int32(RUSAGE_SELF.rawValue) }
  #else
    private static var thisProcess: Int32 { RUSAGE_SELF }
  #endif

  /// A line of Linux's /proc/self/status; nil elsewhere.
  private static func statusMiB(_ name: String) -> Double? {
    guard let file = fopen("/proc/self/status", "r") else { return nil }
    defer { fclose(file) }
    var line = [CChar](repeating: 0, count: 256)
    while fgets(&line, Int32(line.count), file) != nil {
      let text = String(decoding: line.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
      let words = text.split(whereSeparator: \.isWhitespace)
      if words.count > 1, words[0] == name { return Double(words[1]).map { $0 / 1024 } }
    }
    return nil
  }
}
