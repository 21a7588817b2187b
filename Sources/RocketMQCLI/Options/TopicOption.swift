// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

internal import ArgumentParser
internal import RocketMQ

struct TopicOption: ParsableArguments {
  @Option(name: .shortAndLong, help: ArgumentHelp("The topic. Default: $ROCKETMQ_TOPIC.", valueName: "name"))
  var topic: String?

  func resolved() throws -> String {
    guard let name = topic ?? environment("ROCKETMQ_TOPIC") else {
      throw ValidationError("No topic: give --topic name, or set ROCKETMQ_TOPIC.")
    }
    try TopicName.validate(name)
    return name
  }
}
