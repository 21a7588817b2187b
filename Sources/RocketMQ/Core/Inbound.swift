// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

internal import CRocketCore

/// Where and how to answer a request; may be kept and used later, on any thread, once.
package struct Responder: Sendable {
  package let connection: ConnectionID
  let opaque: Int32
  var isBinary: Bool
  package let isOneway: Bool

  /// The same, but the answer's header is JSON whatever the request's was: what a Java broker does when it answers later.
  package var inJSON: Responder {
    var responder = self
    responder.isBinary = false
    return responder
  }
}

/// A request from the other side, lent for the time of the handler.
///
/// Proof for `Sendable`: see `CommandView`.
package struct InboundRequest: ~Copyable, @unchecked Sendable {
  private let raw: UnsafePointer<rocket_inbound>
  package let command: CommandView

  init(_ raw: UnsafePointer<rocket_inbound>) {
    self.raw = raw
    command = CommandView(raw.pointee.command, raw.pointee.frame)
  }

  package var code: RequestCode { RequestCode(rawValue: command.code) }
  package var connection: ConnectionID { ConnectionID(raw: raw.pointee.connection) }
  /// "ip:port" of the other end.
  package var peer: String { raw.pointee.peer.string }
  package var peerHost: HostAddress { HostAddress(raw.pointee.peer_host) }
  package var localHost: HostAddress { HostAddress(raw.pointee.local_host) }

  package var responder: Responder {
    Responder(connection: connection, opaque: command.opaque, isBinary: command.isBinary, isOneway: command.isOneway)
  }
}

/// What happens on connections. All functions run on the loop thread and must not block it.
package protocol ConnectionHandler: AnyObject, Sendable {
  func request(_ request: borrowing InboundRequest)
  /// `address` is what calls use, or the peer's for an accepted connection.
  func opened(_ connection: ConnectionID, _ address: String)
  func closed(_ connection: ConnectionID, _ address: String, _ reason: RocketMQError)
  /// Somebody came to a listener with TLS and was not let in.
  func refused(_ peer: String, _ reason: RocketMQError)
}

extension ConnectionHandler {
  package func opened(_ connection: ConnectionID, _ address: String) {}
  package func closed(_ connection: ConnectionID, _ address: String, _ reason: RocketMQError) {}
  package func refused(_ peer: String, _ reason: RocketMQError) {}
}

extension Loop {
  /// Hears what the other side starts on connections that calls open.
  package func setHandler(_ handler: any ConnectionHandler) throws(RocketMQError) {
    let status = rocket_loop_set_handler(self.handle.raw, HandlerBox(handler).asHandler())
    guard status == 0 else { throw coreError(status, "setting the connection handler") }
  }

  /// Answers a request; nothing happens when the connection is gone, or the request was oneway.
  package func respond(_ to: Responder, _ response: Command) {
    guard !to.isOneway else { return }
    try? response.withCommand(responding: to) { raw in
      response.body.withUnsafeBytes { bytes in
        _ = rocket_respond(handle.raw, to.connection.raw, &raw, rocket_body(bytes: rocket_slice(bytes), drop: nil, user: nil))
      }
    }
  }

  /// The same with a body that is not copied again.
  package func respond(_ to: Responder, _ response: Command, body: consuming ByteBlock) {
    guard !to.isOneway, let body = try? body.intoBody() else { return }
    do throws(RocketMQError) {
      _ = try response.withCommand(responding: to) { raw in rocket_respond(handle.raw, to.connection.raw, &raw, body) }
    } catch {
      body.drop?(body.user)  // the core never saw it
    }
  }

  package func close(_ connection: ConnectionID) { rocket_connection_close(handle.raw, connection.raw) }

  /// Bytes accepted for the connection but not yet with the system. Only on the loop thread.
  package func unwrittenBytes(_ connection: ConnectionID) -> Int {
    Int(rocket_connection_unwritten(handle.raw, connection.raw))
  }

  /// Listens on "host:port" (port 0: any free one), for TLS only or in the clear. Not on the loop thread: it waits until the socket
  /// listens.
  package func listen(
    _ address: String, tls: TLSContext? = nil, _ handler: any ConnectionHandler
  ) throws(RocketMQError) -> Listener {
    var listener: OpaquePointer?
    var port: UInt16 = 0
    let status = withSlice(of: address) { address in
      withExtendedLifetime(tls) {
        rocket_listener_open_tls(self.handle.raw, address, tls?.handle.raw, HandlerBox(handler).asHandler(), &listener, &port)
      }
    }
    guard status == 0, let listener else { throw coreError(status, "listening on \(address)", address: address) }
    return Listener(handle: Handle(raw: listener), port: port, loop: self)
  }
}

/// The accept side of a server. Close it before its loop ends.
package struct Listener: Sendable {
  let handle: Handle
  package let port: UInt16
  private let loop: Loop

  init(handle: Handle, port: UInt16, loop: Loop) {
    self.handle = handle
    self.port = port
    self.loop = loop
  }

  /// Stops accepting and closes the accepted connections. Call it once.
  package func close() { rocket_listener_close(handle.raw) }
}

private final class HandlerBox {
  let handler: any ConnectionHandler
  init(_ handler: any ConnectionHandler) { self.handler = handler }

  func asHandler() -> rocket_handler {
    rocket_handler(
      request: { user, inbound in
        HandlerBox.of(user).request(InboundRequest(inbound!))
      },
      opened: { user, connection, address in
        HandlerBox.of(user).opened(ConnectionID(raw: connection), address.string)
      },
      closed: { user, connection, address, status in
        let text = address.string
        HandlerBox.of(user).closed(ConnectionID(raw: connection), text, coreError(status, "connection to \(text)", address: text))
      },
      user: Unmanaged.passRetained(self).toOpaque(),
      drop: { Unmanaged<HandlerBox>.fromOpaque($0!).release() },
      refused: { user, peer, status in
        let text = peer.string
        HandlerBox.of(user).refused(text, coreError(status, "connection from \(text)", address: text))
      })
  }

  static func of(_ user: UnsafeMutableRawPointer?) -> any ConnectionHandler {
    Unmanaged<HandlerBox>.fromOpaque(user!).takeUnretainedValue().handler
  }
}
