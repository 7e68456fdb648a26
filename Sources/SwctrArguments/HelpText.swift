/// Help of one command.
struct HelpText {
    private let configuration: CommandConfiguration
    private let declarations: [Declaration]
    private let words: String
    private let isRoot: Bool

    /// Where descriptions begin.
    private static let indent = 26

    /// - Parameter words: of the command, with the program's name.
    init(_ type: any ParsableCommand.Type, words: String, isRoot: Bool) {
        configuration = type.configuration
        declarations = Registration.make(type).1.declarations
        self.words = words
        self.isRoot = isRoot
    }

    func text(columns: Int) -> String {
        let columns = max(columns, Self.indent + 20)
        var text = "OVERVIEW: "
        Self.wrap(configuration.abstract[...], into: &text, indent: 0, from: 10, columns: columns)
        if !configuration.discussion.isEmpty {
            text += "\n"
            for line in configuration.discussion.split(separator: "\n", omittingEmptySubsequences: false) {
                // Examples are to be copied.
                if line.hasPrefix("  ") {
                    text += line + "\n"
                } else {
                    Self.wrap(line, into: &text, indent: 0, from: 0, columns: columns)
                }
            }
        }
        text += "\nUSAGE: "
        let usage = configuration.usage ?? usage
        text += usage.split(separator: "\n").joined(separator: "\n       ") + "\n"
        addSection("Arguments", declarations.filter { $0.kind == .argument }, &text, columns)
        addSection("Options", declarations.filter { $0.kind != .argument && $0.section.isEmpty }, &text, columns)
        var titles: [String] = []
        for declaration in declarations where declaration.kind != .argument && !declaration.section.isEmpty {
            if !titles.contains(declaration.section) { titles.append(declaration.section) }
        }
        for title in titles {
            addSection(title, declarations.filter { $0.kind != .argument && $0.section == title }, &text, columns)
        }
        if !configuration.subcommands.isEmpty {
            text += "\nSUBCOMMANDS:\n"
            for child in configuration.subcommands {
                let names = ([child.name] + child.aliases).joined(separator: ", ")
                Self.addRow(names, child.type.configuration.abstract, &text, columns)
            }
            text += "\n  See '\(words) <subcommand> --help' for detailed help.\n"
        }
        text.removeLast()
        return text
    }

    private var usage: String {
        if !configuration.subcommands.isEmpty { return words + " <subcommand>" }
        var usage = words
        for declaration in declarations where declaration.kind == .option && declaration.isRequired {
            usage += " \(declaration.title)"
        }
        usage += " [<options>]"
        for declaration in declarations where declaration.kind == .argument {
            let dots = declaration.isRepeating ? " ..." : ""
            usage += declaration.isRequired ? " \(declaration.title)\(dots)" : " [\(declaration.title)\(dots)]"
        }
        return usage
    }

    private func addSection(_ title: String, _ rows: [Declaration], _ text: inout String, _ columns: Int) {
        let isOwn = title == "Options"
        if rows.isEmpty, !isOwn { return }
        text += "\n\(title.uppercased()):\n"
        for row in rows {
            let value = row.valueName.isEmpty ? "" : (row.names.isEmpty ? "<" : " <") + row.valueName + ">"
            let standard = row.kind == .flag ? "" : row.standard()
            Self.addRow(
                row.names.joined(separator: ", ") + value,
                standard.isEmpty ? row.help : "\(row.help) (default: \(standard))", &text, columns)
        }
        if !isOwn { return }
        if isRoot, !configuration.version.isEmpty { Self.addRow("-v, --version", "Show the version.", &text, columns) }
        Self.addRow("-h, --help", "Show this help.", &text, columns)
    }

    private static func addRow(_ names: String, _ help: String, _ text: inout String, _ columns: Int) {
        text += "  " + names
        var column = names.unicodeScalars.count + 2
        if column >= indent {
            text += "\n"
            column = 0
        }
        text += String(repeating: " ", count: indent - column)
        wrap(help[...], into: &text, indent: indent, from: indent, columns: columns)
    }

    /// Adds the words of a text in lines of `columns`, and ends the last one.
    ///
    /// - Parameter column: where the first line goes on.
    private static func wrap(
        _ line: Substring, into text: inout String, indent: Int, from column: Int, columns: Int
    ) {
        var column = column
        var isFirst = true
        for word in line.utf8.split(separator: UInt8(ascii: " ")) {
            let word = Substring(word)
            let width = word.unicodeScalars.count
            if isFirst {
                isFirst = false
            } else if column + 1 + width > columns {
                text += "\n" + String(repeating: " ", count: indent)
                column = indent
            } else {
                text += " "
                column += 1
            }
            text += word
            column += width
        }
        text += "\n"
    }
}
