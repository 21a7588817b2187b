// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

/// What brokers ask of a client, brought to the consumer it concerns. Java: `ClientRemotingProcessor`.
final class InboundRequests: ConnectionHandler {
  /// Weak: the loop keeps its handler, and the engine keeps the loop.
  private weak let engine: ClientEngine?

  init(_ engine: ClientEngine) { self.engine = engine }

  func opened(_ connection: ConnectionID, _ address: String) {
    guard let engine else { return }
    engine.heartbeats.opened(address)
    for consumer in engine.members.consumers { consumer.connected(to: address) }
  }

  func closed(_ connection: ConnectionID, _ address: String, _ reason: RocketMQError) {
    guard let engine else { return }
    for consumer in engine.members.consumers { consumer.disconnected(from: address) }
  }

  func request(_ request: borrowing InboundRequest) {
    guard let engine else { return }
    let group = request.command.string(.consumerGroup) ?? request.command.string(.group)
    if request.code == .notifyConsumerIDsChanged {
      membersChanged(of: group, engine)
      return
    }
    guard let group else {
      refuse(request, engine)
      return
    }
    guard let consumer = engine.members.consumer(group) else {
      if request.code == .getConsumerStatusFromClient {  // as in Java
        var nothing = Command(response: .success)
        nothing.body = (["consumerTable": [:], "messageQueueTable": [:]] as JSONValue).bytes()
        engine.loop.respond(request.responder, nothing)
        return
      }
      engine.loop.respond(
        request.responder, Command(response: .systemError, remark: "The Consumer Group <\(group)> not exist in this consumer"))
      return
    }
    if !consumer.request(request) { refuse(request, engine) }
  }

  private func membersChanged(of group: String?, _ engine: ClientEngine) {
    engine.lookForMissingRoutes()
    for consumer in engine.members.consumers where group == nil || consumer.group == group { consumer.membersChanged() }
  }

  private func refuse(_ request: borrowing InboundRequest, _ engine: ClientEngine) {
    engine.loop.respond(
      request.responder, Command(response: .requestCodeNotSupported, remark: "the request \(request.code) is not supported"))
  }
}
