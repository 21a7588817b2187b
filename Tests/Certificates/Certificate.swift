// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

package import RocketMQ
private import TestCertificates

/// A certificate and its key, made for one test.
package final class Certificate {
  /// This machine's names and addresses.
  package static let local = "DNS:localhost,IP:127.0.0.1,IP:::1"

  private let raw: OpaquePointer

  /// `days`: when it is valid, counted from now. `hosts`: as in ``local``. Without `issuer` it is self-signed.
  package init(
    name: String = "server", hosts: String? = nil, issuer: Certificate? = nil, isAuthority: Bool = false, days: Range<Int> = -1..<1
  ) {
    let made = name.withCString { name in
      withOptionalCString(hosts) { hosts in
        var wish = test_card_wish(
          name: name, hosts: hosts, issuer: issuer?.raw, is_ca: isAuthority, from_days: Int32(days.lowerBound),
          to_days: Int32(days.upperBound), use: nil)
        return test_card_new(&wish)
      }
    }
    guard let made else { preconditionFailure("OpenSSL makes no certificate for \(name)") }
    raw = made
  }

  deinit { test_card_free(raw) }

  package static func authority(_ name: String = "ca") -> Certificate { Certificate(name: name, isAuthority: true) }

  /// In PEM form.
  package var text: String { String(cString: test_card_certificate(raw)) }
  /// In PEM form.
  package var keyText: String { String(cString: test_card_key(raw)) }

  package var identity: TLSConfiguration.Identity { TLSConfiguration.Identity(certificate: .text(text), key: .text(keyText)) }
  package var trust: TLSConfiguration.Trust { .authorities(.text(text)) }
}

private func withOptionalCString<R>(_ text: String?, _ body: (UnsafePointer<CChar>?) -> R) -> R {
  guard let text else { return body(nil) }
  return text.withCString { body($0) }
}
