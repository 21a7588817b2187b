// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

/// What a listener that consumes in order says of its messages. Java: `ConsumeOrderlyStatus`.
public enum OrderedConsumeResult: Sendable, Hashable {
  /// They are done with. Without auto-commit: they are done with when a ``commit`` comes.
  case success
  /// The queue waits so long, and then the same messages come again, before all others of the queue. 10 ms to 30 s; nil:
  /// ``PushConsumerConfiguration/suspension``. Java: `SUSPEND_CURRENT_QUEUE_A_MOMENT`.
  case suspend(for: Duration? = nil)
  /// Without auto-commit: these, and all since the last commit, are done with. With it the same as ``success``.
  case commit
  /// Without auto-commit: these, and all since the last commit, come again after that time, as with ``suspend(for:)``, but do not count as
  /// failed. With auto-commit the same as ``success``.
  case rollback(after: Duration? = nil)

  /// The same, after the usual time.
  public static var suspend: OrderedConsumeResult { .suspend() }
  /// The same, after the usual time.
  public static var rollback: OrderedConsumeResult { .rollback() }
}
