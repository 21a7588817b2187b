// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

/// Text in columns, as wide as what is in them.
struct Table {
  enum Alignment {
    case left, right
  }

  private let alignments: [Alignment]
  private var rows: [[String]]

  /// Column heads with their alignment.
  init(_ columns: (head: String, Alignment)...) {
    alignments = columns.map(\.1)
    rows = [columns.map(\.head)]
  }

  /// As many cells as there are columns.
  mutating func add(_ cells: String...) { rows.append(cells) }

  /// With the heads; no white space at their ends.
  var lines: [String] {
    let widths = alignments.indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
    return rows.map { row in
      var line = ""
      for (column, cell) in row.enumerated() {
        let padding = String(repeating: " ", count: widths[column] - cell.count)
        if column > 0 { line += "  " }
        line += alignments[column] == .right ? padding + cell : cell + padding
      }
      while line.last == " " { line.removeLast() }
      return line
    }
  }

  func print() throws(Failure) { for line in lines { try Terminal.print(line) } }
}
