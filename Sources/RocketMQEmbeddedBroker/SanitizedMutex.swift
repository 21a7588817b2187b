// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

#if THREAD_SANITIZER
  internal import RocketMQ

  typealias Mutex<Value: ~Copyable> = SanitizedMutex<Value>
#endif
