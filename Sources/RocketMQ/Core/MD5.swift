// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

internal import CRocketCore

/// MD5 for sharing out queues; it protects nothing.
package struct MD5: ~Copyable {
  private let handle: Handle

  /// Throws `outOfMemory`, also when OpenSSL was built without MD5.
  package init() throws(RocketMQError) {
    var raw: OpaquePointer?
    let status = rocket_md5_new(nil, &raw)
    guard status == 0, let raw else { throw coreError(status, "looking for MD5") }
    handle = Handle(raw: raw)
  }

  deinit { rocket_md5_free(handle.raw) }

  /// The first four bytes of the text's digest, the most significant first. Java: `ConsistentHashRouter.MD5Hash`.
  package func hash(_ text: String) throws(RocketMQError) -> UInt32 {
    var digest = [UInt8](repeating: 0, count: Int(ROCKET_MD5_SIZE))
    let status = withSlice(of: text) { rocket_md5_digest(handle.raw, $0, &digest) }
    guard status == 0 else { throw coreError(status, "computing MD5") }
    return digest.prefix(4).reduce(0) { $0 << 8 | UInt32($1) }
  }
}
