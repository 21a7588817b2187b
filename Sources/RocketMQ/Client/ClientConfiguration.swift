// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

public import Logging

/// Settings of a client. Java: `ClientConfig`.
public struct ClientConfiguration: Sendable {
  /// "host:port" each; IPv6 in brackets. Empty: the environment variable NAMESRV_ADDR, split at ";" or ",".
  public var nameServers: [String]
  /// Tells clients of one process and machine apart; nil: process id, time and a random number, which never clash. Set it only when a
  /// name must stay the same from start to start. Java: `instanceName`, `rocketmq.client.name`.
  public var instanceName: String?
  /// How long one call to a broker or name server may take, where nothing else is said; default 3 s. Java: `mqClientApiTimeout`.
  public var requestTimeout: Duration = .seconds(3)
  /// How long making a connection may take; default 3 s.
  public var connectTimeout: Duration = .seconds(3)
  /// Connections with nothing read or written for this long are closed; default 120 s.
  public var idleTimeout: Duration = .seconds(120)
  /// Default 30 s. Java: `heartbeatBrokerInterval`.
  public var heartbeatInterval: Duration = .seconds(30)
  /// Default 30 s. Java: `pollNameServerInterval`.
  public var routeRefreshInterval: Duration = .seconds(30)
  /// How long ``RocketMQClient/shutdown()`` may take, whatever the servers do; default 5 s.
  public var shutdownTimeout: Duration = .seconds(5)
  /// Body bytes that all consumers of this client may hold together; default 512 MiB.
  public var maxCachedBytes = 512 << 20
  /// Write request headers in RocketMQ's binary form instead of JSON; default false. Java: `rocketmq.serialize.type`.
  public var usesBinaryHeaders = false
  /// Encrypts the connections to name servers and brokers; nil, the default: they are plain. Java: `useTLS`.
  public var tls: TLSConfiguration?
  /// Default: logs nothing. Give a logger to see what the client does.
  public var logger = Logger(label: "rocketmq") { _ in SwiftLogNoOpLogHandler() }

  public init(nameServers: [String] = []) { self.nameServers = nameServers }
}

extension ClientConfiguration {
  /// Throws `invalidArgument` that names the setting.
  func validate() throws(RocketMQError) {
    let durations = [
      ("requestTimeout", requestTimeout), ("connectTimeout", connectTimeout), ("idleTimeout", idleTimeout),
      ("heartbeatInterval", heartbeatInterval), ("routeRefreshInterval", routeRefreshInterval), ("shutdownTimeout", shutdownTimeout),
    ]
    for (name, duration) in durations where duration <= .zero {
      throw RocketMQError(.invalidArgument, "client: \(name) is \(duration), but must be longer than nothing")
    }
    guard maxCachedBytes > 0 else {
      throw RocketMQError(.invalidArgument, "client: maxCachedBytes is \(maxCachedBytes), but must be at least 1")
    }
  }
}
