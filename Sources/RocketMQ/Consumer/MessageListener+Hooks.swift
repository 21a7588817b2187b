// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

extension MessageListener {
  /// The same listener with hooks around each call; itself when there are none, so that they cost nothing then.
  func hooked(by hooks: [any ConsumeHook]) -> MessageListener {
    guard !hooks.isEmpty else { return self }
    switch self {
    case .single(let listen):
      return .single { message, context in
        try await hooks.around([message], context) {
          try await listen(message, context)
        } successes: {
          $0 == .success ? 1 : 0
        }
      }
    case .batch(let size, let listen):
      return .batch(size: size) { messages, context in
        try await hooks.around(messages, context) {
          try await listen(messages, context)
        } successes: {
          $0.split(messages.count).successes
        }
      }
    case .sequence: return self  // each delivery has them
    }
  }
}

extension OrderedListener {
  /// Likewise.
  func hooked(by hooks: [any ConsumeHook]) -> OrderedListener {
    guard !hooks.isEmpty else { return self }
    switch call {
    case .single(let listen):
      let call = Call.single { message, context in
        try await hooks.around([message], context) {
          try await listen(message, context)
        } successes: {
          $0.isSuccess(autoCommit: true) ? 1 : 0
        }
      }
      return OrderedListener(call: call)
    case .batch(let size, let autoCommit, let listen):
      let call = Call.batch(size: size, autoCommit: autoCommit) { messages, context in
        try await hooks.around(messages, context) {
          try await listen(messages, context)
        } successes: {
          $0.isSuccess(autoCommit: autoCommit) ? messages.count : 0
        }
      }
      return OrderedListener(call: call)
    }
  }
}

extension OrderedConsumeResult {
  fileprivate func isSuccess(autoCommit: Bool) -> Bool {
    switch self {
    case .success, .commit: true
    case .rollback: autoCommit
    case .suspend: false
    }
  }
}

extension [any ConsumeHook] {
  /// Those added later are inside: the first one sees the longest time.
  func around<Result>(
    _ messages: [ReceivedMessage], _ context: ConsumeContext, _ listen: () async throws -> Result, successes: (Result) -> Int
  ) async throws -> Result {
    for hook in self { hook.willConsume(messages, context) }
    let start = ContinuousClock.now
    do {
      let result = try await listen()
      ended(messages, context, ConsumeOutcome(successes: successes(result), duration: ContinuousClock.now - start))
      return result
    } catch {
      ended(messages, context, ConsumeOutcome(successes: 0, error: error, duration: ContinuousClock.now - start))
      throw error
    }
  }

  func ended(_ messages: [ReceivedMessage], _ context: ConsumeContext, _ outcome: ConsumeOutcome) {
    for hook in reversed() { hook.didConsume(messages, context, outcome) }
  }
}
