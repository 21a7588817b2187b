// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

internal import RocketMQ
internal import Synchronization

/// The way back to whoever sent a request, and what an injected fault does to the answer on it.
struct ReplyPath: Sendable {
  enum Fate: Sendable {
    case arrives
    case arrivesLater(Duration)
    case isLost
    case cutsConnection
  }

  let loop: Loop
  var responder: Responder
  var fate: Fate = .arrives

  var connection: ConnectionID { responder.connection }

  func send(_ response: Command) {
    switch fate {
    case .arrives: loop.respond(responder, response)
    case .arrivesLater(let delay): loop.after(delay) { [loop, responder] in loop.respond(responder, response) }
    case .isLost: break
    case .cutsConnection: loop.close(connection)
    }
  }

  func send(_ response: Command, body: consuming ByteBlock) {
    switch fate {
    case .arrives: loop.respond(responder, response, body: body)
    case .arrivesLater(let delay):
      let body = Parcel(body)
      loop.after(delay) { [loop, responder] in
        if let body = body.take() { loop.respond(responder, response, body: body) }
      }
    case .isLost: break
    case .cutsConnection: loop.close(connection)
    }
  }

  /// The request was refused with this code.
  func refuse(_ code: ResponseCode, _ remark: String) { send(Command(response: code, remark: remark)) }
}

/// Carries a block into a closure that runs later, once.
private final class Parcel: Sendable {
  private let content: Mutex<ByteBlock?>
  init(_ content: consuming ByteBlock) { self.content = Mutex(content) }
  func take() -> ByteBlock? {
    content.withLock { content -> sending ByteBlock? in content.take() }
  }
}
