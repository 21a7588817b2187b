// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Darwin)
  internal import Darwin
#endif

/// `make demo`: every line of this repository goes through an embedded broker and two consumer processes of one group, one of which leaves
/// half-way; some messages fail at first. It succeeds only when every line was consumed.
///
///     rocketmq-demo [--directory DIR] [--rocketmq PATH]
///
/// The consumers are this program again: `rocketmq-demo consumer NAME-SERVER TOPIC GROUP`.
@main
struct Demo {
  static func main() async {
    signal(SIGPIPE, SIG_IGN)
    var arguments = Array(CommandLine.arguments.dropFirst())
    if arguments.first == "consumer", arguments.count == 4 {
      await ConsumerProcess(nameServer: arguments[1], topic: arguments[2], group: arguments[3]).main()
    }
    var directory = "."
    var rocketmq = siblingPath("rocketmq")
    while let option = arguments.first {
      guard arguments.count > 1, option == "--directory" || option == "--rocketmq" else {
        fail("usage: rocketmq-demo [--directory DIR] [--rocketmq PATH]", status: 64)
      }
      if option == "--directory" { directory = arguments[1] } else { rocketmq = arguments[1] }
      arguments.removeFirst(2)
    }
    var run = Run(directory: directory, rocketmq: rocketmq, demo: siblingPath("rocketmq-demo"))
    await run.main()
  }

  /// A program in the folder of this one.
  private static func siblingPath(_ name: String) -> String {
    guard let slash = CommandLine.arguments[0].lastIndex(of: "/") else { return name }
    return String(CommandLine.arguments[0][...slash]) + name
  }
}

/// One write a line: not kept back when standard output is a pipe, and not mixed with lines of other threads when it is short.
func say(_ line: String) {
  var line = line + "\n"
  line.withUTF8 { bytes in
    if write(1, bytes.baseAddress, bytes.count) < 0 && errno == EPIPE { exit(1) }  // nobody listens any more
  }
}

func fail(_ text: String, status: Int32 = 1) -> Never {
  say("FAIL: \(text)")
  exit(status)
}

/// Which lines fail the first time they come: about 1 %, always the same ones.
func failsAtFirst(_ key: String) -> Bool {
  // FNV-1a
  let hash = key.utf8.reduce(UInt64(0xcbf2_9ce4_8422_2325)) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
  return hash % 100 == 0
}
