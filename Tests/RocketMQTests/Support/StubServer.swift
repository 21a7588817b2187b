// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

import RocketMQ
import Synchronization

/// A server for tests, made of one function: for servers that behave as no real one should, and for what an embedded broker has only
/// one of.
final class StubServer: Sendable {
  /// What a request was, copied out.
  struct Request: Sendable {
    let code: RequestCode
    let topic: String?
    let body: [UInt8]
    let fields: [String: String]
    let responder: Responder

    /// The body as JSON; null when it is none.
    var json: JSONValue { (try? JSONValue(parsing: body)) ?? .null }
  }

  /// The answer to a request; nil: none, now or ever.
  typealias Answer = @Sendable (Request) -> Command?

  let address: String
  let loop: Loop
  private let listener: Listener
  private let handler: Handler

  init(port: UInt16 = 0, _ answer: @escaping Answer) throws {
    loop = try Loop()
    handler = Handler(loop, answer)
    listener = try loop.listen("127.0.0.1:\(port)", handler)
    address = "127.0.0.1:\(listener.port)"
  }

  deinit { stop() }

  func stop() { loop.stop() }

  /// All requests so far.
  var requests: [Request] { handler.requests.withLock { $0 } }
  func requests(_ code: RequestCode) -> [Request] { requests.filter { $0.code == code } }

  /// The requests so far, and those to come.
  func watch() -> AsyncStream<Request> { handler.watch() }

  /// Waits for the first request so far or to come that `matches`.
  func request(where matches: @escaping @Sendable (Request) -> Bool) async -> Request {
    for await request in handler.watch() where matches(request) { return request }
    preconditionFailure("the stub server ended")
  }
  func request(_ code: RequestCode) async -> Request { await request { $0.code == code } }

  /// Connections that are open.
  var connections: [ConnectionID] { handler.open.withLock { $0 } }

  /// Closes every connection.
  func disconnectAll() { for connection in connections { loop.close(connection) } }

  private final class Handler: ConnectionHandler {
    let requests = Mutex<[Request]>([])
    let open = Mutex<[ConnectionID]>([])
    private let watchers = Mutex<[AsyncStream<Request>.Continuation]>([])
    private weak let loop: Loop?
    private let answer: Answer

    init(_ loop: Loop, _ answer: @escaping Answer) {
      self.loop = loop
      self.answer = answer
    }

    func watch() -> AsyncStream<Request> {
      let (stream, continuation) = AsyncStream<Request>.makeStream()
      watchers.withLock { watchers in
        for request in requests.withLock({ $0 }) { continuation.yield(request) }
        watchers.append(continuation)
      }
      return stream
    }

    func request(_ request: borrowing InboundRequest) {
      let copy = Request(
        code: request.code, topic: request.command.string(.topic), body: request.command.withBody { [UInt8]($0) },
        fields: Dictionary(request.command.fields.map { ($0.name, $0.value) }) { $1 }, responder: request.responder)
      watchers.withLock { watchers in
        requests.withLock { $0.append(copy) }
        for watcher in watchers { watcher.yield(copy) }
      }
      if let response = answer(copy) { loop?.respond(copy.responder, response) }
    }

    func opened(_ connection: ConnectionID, _ address: String) { open.withLock { $0.append(connection) } }

    func closed(_ connection: ConnectionID, _ address: String, _ reason: RocketMQError) {
      open.withLock { $0.removeAll { $0 == connection } }
    }
  }
}

extension Command {
  /// A successful answer with a JSON body.
  static func ok(_ body: JSONValue) -> Command {
    var command = Command(response: .success)
    command.body = body.bytes()
    return command
  }

  static var ok: Command { Command(response: .success) }

  /// What a broker answers to a send.
  static func stored(queueID: Int32 = 0, offset: Int64 = 0, code: ResponseCode = .success) -> Command {
    var command = Command(response: code)
    command.set(.msgID, "7F00000100002A9F0000000000000000")
    command.set(.queueID, queueID)
    command.set(.queueOffset, offset)
    command.set(.msgRegion, "DefaultRegion")
    command.set(.traceOn, true)
    return command
  }
}

extension TopicRoute {
  /// A route with `queues` queues on each broker; `brokers`: name and address of the master.
  static func test(_ brokers: KeyValuePairs<String, String>, queues: Int32 = 4) -> TopicRoute {
    TopicRoute(
      brokers: brokers.map { Broker(cluster: "c", name: $0.key, addresses: [0: $0.value]) },
      queues: brokers.map { Queues(brokerName: $0.key, readQueues: queues, writeQueues: queues, permission: .readWrite) })
  }

  /// As a name server writes it.
  var json: JSONValue {
    [
      "brokerDatas": .array(
        brokers.map { broker in
          [
            "brokerAddrs": .object(broker.addresses.map { JSONValue.Member(.number(String($0.key)), .string($0.value)) }),
            "brokerName": .string(broker.name), "cluster": .string(broker.cluster),
          ]
        }),
      "filterServerTable": [:],
      "queueDatas": .array(
        queues.map {
          [
            "brokerName": .string($0.brokerName), "perm": .int($0.permission.rawValue), "readQueueNums": .int($0.readQueues),
            "topicSysFlag": 0, "writeQueueNums": .int($0.writeQueues),
          ]
        }),
    ]
  }
}

extension StubServer {
  /// A name server with these routes; other topics do not exist.
  static func nameServer(_ routes: [String: TopicRoute]) throws -> StubServer {
    try StubServer { request in
      guard request.code == .getRouteinfoByTopic, let topic = request.topic, let route = routes[topic] else {
        return Command(response: .topicNotExist, remark: "No topic route info in name server for the topic: \(request.topic ?? "")")
      }
      return .ok(route.json)
    }
  }

  /// A broker that says yes to everything, and stores nothing.
  static func broker(_ answer: @escaping Answer = { $0.code == .sendMessageV2 ? .stored() : .ok }) throws -> StubServer {
    try StubServer(answer)
  }
}
