// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

import Testing

@testable import RocketMQ

@Suite("Filter expressions")
struct FilterExpressionTests {
  @Test func tagsAreSplitTrimmedAndUnique() throws {
    let filter = try FilterExpression.tagExpression("TagA || TagB ||  || TagA")
    #expect(filter.description == "TagA || TagB ||  || TagA", "the text goes to brokers as it is")
    #expect(filter.tags == ["TagA", "TagB"])
    #expect(filter.type == "TAG")
    #expect(filter.tags.map { Core.tagHash($0) } == [2_598_919, 2_598_920])
  }

  @Test(arguments: ["", "*"])
  func everythingIsAStar(_ text: String) throws {
    #expect(try FilterExpression.tagExpression(text) == .all)
    #expect(FilterExpression.all.description == "*")
    #expect(FilterExpression.all.tags.isEmpty)
  }

  @Test(arguments: ["||", " ", "|| ||", "\t"])
  func textWithoutATagIsRefused(_ text: String) {
    #expect(throws: RocketMQError.self) { try FilterExpression.tagExpression(text) }
  }

  @Test func bars() throws {
    #expect(try FilterExpression.tagExpression("a|||b").tags == ["a", "|b"], "as Java's split does it")
    #expect(try FilterExpression.tagExpression("a|b").tags == ["a|b"])
    #expect(try FilterExpression.tagExpression("a||").tags == ["a"])
    #expect(try FilterExpression.tagExpression("||a").tags == ["a"])
    #expect(try FilterExpression.tagExpression("a || *").tags == ["a", "*"])
    #expect(try FilterExpression.tagExpression("ä||日本 ").tags == ["ä", "日本"])
  }

  @Test func listedTags() throws {
    #expect(try FilterExpression.tags("paid", "refunded").description == "paid || refunded")
    #expect(try FilterExpression.tags("paid", "refunded").tags == ["paid", "refunded"])
    #expect(try FilterExpression.tags([]) == .all)
    for bad in ["", " ", "a||b", " a"] {
      #expect(throws: RocketMQError.self, "\(bad)") { try FilterExpression.tags(bad) }
    }
  }

  @Test func sqlIsKeptAsItIs() throws {
    let filter = try FilterExpression.sql("price > 10")
    #expect(filter.type == "SQL92")
    #expect(filter.description == "price > 10")
    #expect(filter.tags.isEmpty)
    #expect(throws: RocketMQError.self) { try FilterExpression.sql(" ") }
  }

  @Test func aVersionRisesWithEveryChangeAndWithNothingElse() throws {
    var table = SubscriptionTable()
    #expect(table.set("T", .all, nowMilliseconds: 100) == true)
    #expect(table.data(of: "T")?.version == 100)
    #expect(table.set("T", .all, nowMilliseconds: 200) == false)
    #expect(table.data(of: "T")?.version == 100)
    #expect(try table.set("T", .tags("a"), nowMilliseconds: 100) == true)
    #expect(table.data(of: "T")?.version == 101, "also when the clock stands still")
    #expect(table.remove("T") == true)
    #expect(table.set("T", .all, nowMilliseconds: 50) == true)
    #expect(table.data(of: "T")?.version == 102, "also when the clock goes back")
  }
}
