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
    #if canImport(Glibc)
      // What getrusage says is not below what the program had that started this one.
      if let kibibytes = peakOfThisProgram() { return kibibytes / 1024 }
    #endif
    var usage = rusage()
    getrusage(thisProcess, &usage)
    #if canImport(Darwin)
      return Double(usage.ru_maxrss) / 1024 / 1024
    #else
      return Double(usage.ru_maxrss) / 1024
    #endif
  }

  private static func seconds(_ time: timeval) -> Double { Double(time.tv_sec) + Double(time.tv_usec) * 1e-6 }

  #if canImport(Glibc)
    private static var thisProcess: Int32 { Int32(RUSAGE_SELF.rawValue) }

    private static func peakOfThisProgram() -> Double? {
      guard let file = fopen("/proc/self/status", "r") else { return nil }
      defer { fclose(file) }
      var line = [CChar](repeating: 0, count: 256)
      while fgets(&line, Int32(line.count), file) != nil {
        let words = String(decoding: line.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self).split(
          whereSeparator: \.isWhitespace)
        if words.first == "VmHWM:", words.count > 1 { return Double(words[1]) }
      }
      return nil
    }
  #else
    private static var thisProcess: Int32 { RUSAGE_SELF }
  #endif
}
