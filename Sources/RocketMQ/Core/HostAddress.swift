// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

internal import CRocketCore

/// An IP address and port as records carry it.
package struct HostAddress: Hashable, Sendable, CustomStringConvertible {
  /// 4 or 16 bytes, network order.
  package let ip: [UInt8]
  package let port: Int32

  package init(ip: [UInt8], port: Int32) {
    self.ip = ip
    self.port = port
  }

  init(_ host: rocket_host) {
    ip = Swift.withUnsafeBytes(of: host.ip) { [UInt8]($0.prefix(Int(host.ip_size))) }
    port = host.port
  }

  var raw: rocket_host {
    var host = rocket_host()
    host.ip_size = UInt8(ip.count == 16 ? 16 : 4)
    host.port = port
    Swift.withUnsafeMutableBytes(of: &host.ip) { $0.copyBytes(from: ip.prefix(Int(host.ip_size))) }
    return host
  }

  package var description: String { raw.text }

  /// The id a broker gives to the record at `commitLogOffset`. Java: `offsetMsgId`.
  package func offsetMessageID(_ commitLogOffset: Int64) -> String {
    var host = raw
    return cString(capacity: Int(ROCKET_ID_TEXT_SIZE)) { rocket_offset_id_format(&host, commitLogOffset, $0) }
  }

  /// Host and commit log offset of an ``offsetMessageID(_:)``; nil when the text is none.
  package static func parse(offsetMessageID text: String) -> (host: HostAddress, commitLogOffset: Int64)? {
    var host = rocket_host()
    var offset: Int64 = 0
    guard withSlice(of: text, { rocket_offset_id_parse($0, &host, &offset) }) == 0 else { return nil }
    return (HostAddress(host), offset)
  }
}

/// Text that a C function writes, zero-terminated.
func cString(capacity: Int, _ write: (UnsafeMutablePointer<CChar>) -> Void) -> String {
  withUnsafeTemporaryAllocation(of: CChar.self, capacity: capacity) { buffer in
    guard let start = buffer.baseAddress else { return "" }
    write(start)
    return String(cString: start)
  }
}

/// Makes the ids that producers give to messages. Java: `MessageClientIDSetter.createUniqID`.
package final class UniqueIDs: Sendable {
  private let handle: Handle

  package init(host: HostAddress, process: UInt32, salt: UInt32) throws(RocketMQError) {
    var host = host.raw
    var ids: OpaquePointer?
    let status = rocket_unique_ids_new(nil, &host, process, salt, &ids)
    guard status == 0, let ids else { throw coreError(status, "making the id generator") }
    handle = Handle(raw: ids)
  }

  deinit { rocket_unique_ids_free(handle.raw) }

  /// `nowMilliseconds` since 1970.
  package func next(nowMilliseconds: Int64) -> String {
    cString(capacity: Int(ROCKET_ID_TEXT_SIZE)) { rocket_unique_ids_next(handle.raw, nowMilliseconds, $0) }
  }
}
