import SwctrArguments
import Testing

@Suite("Help of a command")
struct HelpTextTests {
    private func text(_ line: String..., columns: Int = 80) throws -> String {
        guard case .text(let text) = try demo.request(line, columns: columns) else { return "" }
        return text
    }

    @Test("says what it does, how it is called, and what each part is")
    func command() throws {
        #expect(
            try text("everything", "--help", columns: 60) == """
                OVERVIEW: Do everything

                A first line that is long enough to be wrapped where a
                terminal has no more than sixty columns for it.

                Examples:
                  demo everything --text one two three four five six seven eight nine ten

                USAGE: demo everything [<options>] <source> [<rest> ...]

                ARGUMENTS:
                  <source>                A text that must be there.
                  <rest>                  All others.

                OPTIONS:
                  -l, --loud              A flag.
                  -q                      Another.
                  -t, --text <text>       A text.
                  -c, --colour <colour>   A word of a few. (default: red)
                  --label <key=value>     Many texts.
                  -h, --help              Show this help.

                NUMBERS:
                  -n, --number <count>    A number. (default: 3)
                  --share <share>         A fraction.
                """)
    }

    @Test("of a group lists its commands with their other names")
    func group() throws {
        #expect(
            try text("g") == """
                OVERVIEW: Hold commands

                USAGE: demo group <subcommand>

                OPTIONS:
                  -h, --help              Show this help.

                SUBCOMMANDS:
                  pass, p                 Pass arguments on
                  single                  Take one argument or none

                  See 'demo group <subcommand> --help' for detailed help.
                """)
    }

    @Test("is the same by every way to ask for it")
    func ways() throws {
        let help = try text("help", "everything")
        #expect(try text("everything", "-h") == help)
        #expect(try text("everything", "s", "--loud", "--help") == help)
        #expect(
            try text("group", "pass", "--help").contains(
                "USAGE: demo group pass --name <name> [<options>] <id> <words> ..."))
    }

    @Test("of the root tells of the version, which it prints")
    func version() throws {
        #expect(try text("--help").contains("-v, --version"))
        #expect(try text("--version") == "demo 1.0")
        #expect(try text("-v") == "demo 1.0")
        #expect(throws: Refusal.self) { _ = try demo.request(["everything", "--version"]) }
    }

    @Test("no line of it is wider than the terminal, but for examples", arguments: [60, 80, 120])
    func width(columns: Int) throws {
        for line in try text("everything", "--help", columns: columns).split(separator: "\n") {
            #expect(line.count <= columns || line.hasPrefix("  demo"))
        }
    }
}
