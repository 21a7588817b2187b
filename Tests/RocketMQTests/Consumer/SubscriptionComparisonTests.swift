// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

import Testing

@testable import RocketMQ

@Suite("Comparing subscriptions")
struct SubscriptionComparisonTests {
  @Test func whatMeansTheSameIsNoDifference() {
    var comparison = SubscriptionComparison(group: "G")
    let mine = [tags("T", "a || b", version: 7), all("%RETRY%G")]
    let theirs = [tags("T", "b||a", version: 9), all("%RETRY%G")]
    #expect(comparison.differences(mine, ["c1": theirs], known: mine, isComplete: true).isEmpty)
    #expect(comparison.differences(mine, ["c1": [tags("T", "a || b", version: 1)]], known: mine, isComplete: true).isEmpty)
  }

  @Test func everyDifferenceIsToldOnceWithAllWhoHaveIt() {
    var comparison = SubscriptionComparison(group: "G")
    let mine = [all("T"), all("U")]
    let theirs = ["c2": [tags("T", "a")], "c1": [tags("T", "a")], "c3": mine]
    let told = comparison.differences(mine, theirs, known: mine, isComplete: true)
    #expect(
      told == [
        SubscriptionDifference(topic: "T", mine: "*", theirs: "a", members: ["c1", "c2"]),
        SubscriptionDifference(topic: "U", mine: "*", theirs: nil, members: ["c1", "c2"]),
      ])
    #expect(comparison.differences(mine, theirs, known: mine, isComplete: true).isEmpty)
    #expect(comparison.differences(mine, ["c4": [tags("T", "a")]], known: mine, isComplete: true).isEmpty, "restarted under another id")
  }

  @Test func aDifferenceThatIsOverIsToldAgainWhenItComesBack() {
    var comparison = SubscriptionComparison(group: "G")
    #expect(comparison.differences([all("T")], ["c1": [tags("T", "a")]], known: [], isComplete: true).count == 1)
    #expect(comparison.differences([all("T")], [:], known: [all("T")], isComplete: false).isEmpty)
    #expect(comparison.differences([all("T")], ["c1": [tags("T", "a")]], known: [], isComplete: true).isEmpty, "it was not over")
    #expect(comparison.differences([all("T")], ["c1": [all("T")]], known: [], isComplete: true).isEmpty)
    #expect(comparison.differences([all("T")], ["c1": [tags("T", "a")]], known: [], isComplete: true).count == 1)
  }

  @Test func whatTheBrokerKnowsCountsOnlyWhenSomebodyDidNotAnswer() {
    var comparison = SubscriptionComparison(group: "G")
    #expect(comparison.differences([all("T")], ["c1": [all("T")]], known: [tags("T", "a")], isComplete: true).isEmpty)
    let told = comparison.differences([all("T")], [:], known: [tags("T", "a")], isComplete: false)
    #expect(told == [SubscriptionDifference(topic: "T", mine: "*", theirs: "a", members: [])])
  }

  private func all(_ topic: String) -> SubscriptionData {
    SubscriptionData(topic: topic, expressionType: "TAG", expression: "*", tags: [], version: 1)
  }

  private func tags(_ topic: String, _ expression: String, version: Int64 = 1) -> SubscriptionData {
    let tags = (try? FilterExpression.tagExpression(expression))?.tags ?? []
    return SubscriptionData(topic: topic, expressionType: "TAG", expression: expression, tags: tags, version: version)
  }
}
