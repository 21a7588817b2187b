// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Darwin)
  internal import Darwin
#endif

/// The first of these variables that is set and not empty.
func environment(_ names: String...) -> String? {
  for name in names {
    if let value = getenv(name), value.pointee != 0 { return String(cString: value) }
  }
  return nil
}
