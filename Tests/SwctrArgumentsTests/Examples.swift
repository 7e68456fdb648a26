import SwctrArguments

/// A command with one of everything.
struct Everything: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Do everything",
        discussion: """
            A first line that is long enough to be wrapped where a terminal has no more than sixty columns for it.

            Examples:
              demo everything --text one two three four five six seven eight nine ten
            """)

    enum Colour: String, CaseIterable, ExpressibleByArgument { case red, green }

    @Flag("-l", "--loud", help: "A flag.")
    var loud = false

    @Flag("-q", help: "Another.")
    var quiet = false

    @Option("-t", "--text", valueName: "text", help: "A text.")
    var text: String?

    @Option("-c", "--colour", valueName: "colour", help: "A word of a few.")
    var colour = Colour.red

    @Option("--label", valueName: "key=value", parsing: .unconditional, help: "Many texts.")
    var labels: [String] = []

    @OptionGroup(title: "Numbers")
    var numbers: Numbers

    @Argument("source", help: "A text that must be there.")
    var source: String

    @Argument("rest", help: "All others.")
    var rest: [String] = []
}

struct Numbers: ParsableArguments {
    @Option("-n", "--number", valueName: "count", help: "A number.")
    var number: UInt32 = 3

    @Option("--share", valueName: "share", parsing: .unconditional, help: "A fraction.")
    var share: Double?

    func validate() throws(ValidationError) {
        if number == 13 { throw ValidationError("--number is 13", hint: "take another") }
    }
}

/// A command with a required option, whose later arguments are another program's.
struct Pass: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Pass arguments on", passesArguments: true)

    @Option("--name", valueName: "name", help: "A name that must be there.")
    var name: String

    @Flag("--loud", help: "A flag.")
    var loud = false

    @Argument("id", help: "An id.", completion: .custom { ["web", "db:1"] })
    var id: String

    @Argument("words", help: "Words of a command.")
    var words: [String]

    func run() -> Int32 { 7 }
}

struct Single: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Take one argument or none")

    @Option("--name", valueName: "name", help: "A name.")
    var name: String?

    @Argument("server", help: "A host.")
    var server = "localhost"

    @Argument("port", help: "A port.")
    var port: UInt32?
}

struct Group: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Hold commands",
        subcommands: [Subcommand("pass", Pass.self, aliases: ["p"]), Subcommand("single", Single.self)],
        leadingOptions: [LeadingOption("--name", aliases: ["-N"])])
}

struct Root: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show what can be declared", version: "demo 1.0",
        subcommands: [Subcommand("everything", Everything.self), Subcommand("group", Group.self, aliases: ["g"])])
}

let demo = Program("demo", Root.self)

func everything(_ line: String...) throws -> Everything? {
    try demo.command(["everything"] + line) as? Everything
}
