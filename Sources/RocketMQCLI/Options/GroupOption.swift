// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

internal import ArgumentParser
internal import RocketMQ

struct GroupOption: ParsableArguments {
  @Option(name: .shortAndLong, help: ArgumentHelp("The consumer group. Default: $ROCKETMQ_GROUP.", valueName: "name"))
  var group: String?

  func resolved() throws -> String {
    guard let name = group ?? environment("ROCKETMQ_GROUP") else {
      throw ValidationError("No consumer group: give --group name, or set ROCKETMQ_GROUP.")
    }
    try GroupName.validate(name)
    return name
  }
}
