/// Rows under a header, in columns as wide as their widest cell.
struct Table {
    private var rows: [[String]]
    private let gap: Int

    /// - Parameter gap: spaces between columns.
    init(_ header: [String], gap: Int = 1) {
        rows = [header]
        self.gap = gap
    }

    mutating func add(_ cells: [String]) { rows.append(cells.map(Self.harmless)) }

    /// All lines, each with its end.
    var text: String {
        var widths = [Int](repeating: 0, count: rows.map(\.count).max() ?? 0)
        for row in rows {
            for (index, cell) in row.enumerated() { widths[index] = max(widths[index], cell.unicodeScalars.count) }
        }
        var text = ""
        for row in rows {
            for (index, cell) in row.enumerated() {
                text += cell
                if index < row.count - 1 {
                    text += String(repeating: " ", count: widths[index] - cell.unicodeScalars.count + gap)
                }
            }
            text += "\n"
        }
        return text
    }

    func print() { emit(text, terminator: "") }

    /// Labels and names are others' text: it must not steer the terminal or break the line.
    private static func harmless(_ cell: String) -> String {
        if !cell.unicodeScalars.contains(where: { $0.value < 0x20 || $0.value == 0x7f }) { return cell }
        return String(
            String.UnicodeScalarView(cell.unicodeScalars.map { $0.value < 0x20 || $0.value == 0x7f ? "?" : $0 }))
    }
}
