// swift-tools-version: 6.2
// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

import PackageDescription

let swiftSettings: [SwiftSetting] = [
  .swiftLanguageMode(.v6),
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
]

let package = Package(
  name: "rocketmq-client-swift",
  platforms: [.macOS(.v15)],
  products: [
    .library(name: "RocketMQ", targets: ["RocketMQ"]),
    .library(name: "RocketMQEmbeddedBroker", targets: ["RocketMQEmbeddedBroker"]),
    .executable(name: "rocketmq", targets: ["RocketMQCLI"]),
    .executable(name: "rocketmq-demo", targets: ["Demo"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.5.0"),
    .package(url: "https://github.com/apple/swift-log", from: "1.6.0"),
    .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.6.0"),
  ],
  targets: [
    .systemLibrary(
      name: "CUV", path: "Sources/CSystem/CUV", pkgConfig: "libuv",
      providers: [.apt(["libuv1-dev"]), .brew(["libuv"])]),
    .systemLibrary(
      name: "COpenSSL", path: "Sources/CSystem/COpenSSL", pkgConfig: "openssl",
      providers: [.apt(["libssl-dev"]), .brew(["openssl@3"])]),
    .systemLibrary(
      name: "CZlib", path: "Sources/CSystem/CZlib", pkgConfig: "zlib",
      providers: [.apt(["zlib1g-dev"]), .brew(["zlib"])]),
    .systemLibrary(
      name: "CLZ4", path: "Sources/CSystem/CLZ4", pkgConfig: "liblz4",
      providers: [.apt(["liblz4-dev"]), .brew(["lz4"])]),
    .systemLibrary(
      name: "CZstd", path: "Sources/CSystem/CZstd", pkgConfig: "libzstd",
      providers: [.apt(["libzstd-dev"]), .brew(["zstd"])]),

    .target(
      name: "CRocketCore",
      dependencies: ["CUV", "COpenSSL", "CZlib", "CLZ4", "CZstd"],
      cSettings: [.headerSearchPath(".")]),
    .target(
      name: "RocketMQ",
      dependencies: [
        "CRocketCore",
        .product(name: "Logging", package: "swift-log"),
        .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
      ],
      swiftSettings: swiftSettings),
    .target(
      name: "RocketMQEmbeddedBroker",
      dependencies: ["RocketMQ", .product(name: "Logging", package: "swift-log")],
      swiftSettings: swiftSettings),
    .executableTarget(
      name: "RocketMQCLI",
      dependencies: [
        "RocketMQ", "RocketMQEmbeddedBroker",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
        .product(name: "Logging", package: "swift-log"),
        .product(name: "UnixSignals", package: "swift-service-lifecycle"),
      ],
      swiftSettings: swiftSettings),

    .executableTarget(
      name: "QuickStart", dependencies: ["RocketMQ"], path: "Examples/swift/QuickStart", swiftSettings: swiftSettings),
    .executableTarget(
      name: "Demo",
      dependencies: ["RocketMQ", "ChildProcess", .product(name: "UnixSignals", package: "swift-service-lifecycle")],
      path: "Examples/swift/Demo", swiftSettings: swiftSettings),
    .target(name: "ChildProcess", path: "Examples/swift/ChildProcess", swiftSettings: swiftSettings),

    // What `make allocations` runs: no part of the package's products.
    .target(name: "MallocCount", path: "Tests/MallocCount"),
    .executableTarget(
      name: "AllocationGate",
      dependencies: ["RocketMQ", "RocketMQEmbeddedBroker", "MallocCount", "ChildProcess"],
      path: "Tests/AllocationGate", swiftSettings: swiftSettings),

    .target(name: "TestCertificates", dependencies: ["COpenSSL"], path: "Tests/TestCertificates"),
    .target(
      name: "Certificates", dependencies: ["RocketMQ", "TestCertificates"], path: "Tests/Certificates", swiftSettings: swiftSettings),
    .testTarget(
      name: "RocketMQTests",
      dependencies: ["RocketMQ", "RocketMQEmbeddedBroker"],
      swiftSettings: swiftSettings),
    .testTarget(
      name: "EmbeddedBrokerTests",
      dependencies: ["RocketMQ", "RocketMQEmbeddedBroker", "Certificates"],
      swiftSettings: swiftSettings),
    .testTarget(
      name: "CLITests",
      dependencies: ["RocketMQ", "RocketMQEmbeddedBroker", "RocketMQCLI", "Demo", "ChildProcess", "Certificates"],
      swiftSettings: swiftSettings),
  ],
  cLanguageStandard: .gnu17
)
