/// Options and arguments that stand together: a command's own, or a group that several commands share.
///
///     struct Hello: ParsableCommand {
///         static let configuration = CommandConfiguration(abstract: "Greet somebody")
///
///         @Option("-g", "--greeting", valueName: "text", help: "What is said.")
///         var greeting = "hello"
///
///         @Flag("-l", "--loud", help: "Say it in capitals.")
///         var loud = false
///
///         @Argument("name", help: "Who is greeted.")
///         var name: String
///
///         func run() -> Int32 { … }
///     }
///
/// Names are spelled as users type them: nothing is found out by reflection, which costs a start more than all the rest.
public protocol ParsableArguments: SendableMetatype {
    init()

    /// Refuses what only all values together show to be wrong. Groups are asked before the command that holds them.
    func validate() throws(ValidationError)
}

extension ParsableArguments {
    public func validate() throws(ValidationError) {}
}

/// What a user may call by its words; either a group of commands, or one that does something.
public protocol ParsableCommand: ParsableArguments {
    static var configuration: CommandConfiguration { get }

    /// Does it.
    ///
    /// - Returns: the program's exit status.
    func run() -> Int32
}

extension ParsableCommand {
    /// Of a group, for which help is printed instead.
    public func run() -> Int32 { 0 }
}

/// What is to be known of a command apart from its options and arguments.
public struct CommandConfiguration: Sendable {
    /// What it does, in the imperative.
    public var abstract: String
    /// Lines in place of the usage that the declarations amount to.
    public var usage: String?
    /// More about it. Lines that begin with two spaces are examples, and are not wrapped.
    public var discussion: String
    /// What `--version` prints; of a program's root only.
    public var version: String
    /// Commands of a group; empty for a command that does something.
    public var subcommands: [Subcommand]
    /// Options of the commands below that may stand before their words.
    public var leadingOptions: [LeadingOption]
    /// Whether nothing is an option any more from the first positional argument on.
    public var passesArguments: Bool

    public init(
        abstract: String, usage: String? = nil, discussion: String = "", version: String = "",
        subcommands: [Subcommand] = [], leadingOptions: [LeadingOption] = [], passesArguments: Bool = false
    ) {
        self.abstract = abstract
        self.usage = usage
        self.discussion = discussion
        self.version = version
        self.subcommands = subcommands
        self.leadingOptions = leadingOptions
        self.passesArguments = passesArguments
    }
}

/// A command, by the words it is called by. They stand with the group and not with the command, so that none but the
/// command that is called has to be looked at.
public struct Subcommand: Sendable {
    public var name: String
    public var aliases: [String]
    public var type: any ParsableCommand.Type

    public init(_ name: String, _ type: any ParsableCommand.Type, aliases: [String] = []) {
        self.name = name
        self.aliases = aliases
        self.type = type
    }
}

/// An option of every command of a group that may also stand before the command's word.
public struct LeadingOption: Sendable {
    /// As the commands know it.
    var name: String
    /// Other spellings, which only hold before the command's word.
    var aliases: [String]
    var takesValue: Bool

    public init(_ name: String, aliases: [String] = [], takesValue: Bool = true) {
        self.name = name
        self.aliases = aliases
        self.takesValue = takesValue
    }
}

/// What is wrong with a command line, in one line: lower case, without a full stop.
public struct ValidationError: Error, Equatable {
    public var message: String
    /// What to do about it; empty where the command's help says it.
    public var hint: String

    public init(_ message: String, hint: String = "") {
        self.message = message
        self.hint = hint
    }
}
