// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

import RocketMQ

/// A name server in good form that says the same of every topic, whatever it is asked.
final class FalseNameServer: ConnectionHandler {
  private let loop: Loop
  private let body: String

  private init(_ body: String) throws(RocketMQError) {
    loop = try Loop()
    self.body = body
  }

  /// Its address, and what to keep for as long as it is needed.
  static func answering(_ body: String) throws -> (address: String, server: Handle) {
    let server = try FalseNameServer(body)
    let listener = try server.loop.listen("127.0.0.1:0", server)
    return ("127.0.0.1:\(listener.port)", Handle(server: server, listener: listener))
  }

  final class Handle: Sendable {
    private let server: FalseNameServer
    private let listener: Listener

    init(server: FalseNameServer, listener: Listener) {
      self.server = server
      self.listener = listener
    }

    deinit {
      listener.close()
      server.loop.stop()
    }
  }

  func request(_ request: borrowing InboundRequest) {
    var response = Command(response: .success)
    response.body = Array(body.utf8)
    loop.respond(request.responder, response)
  }
}
