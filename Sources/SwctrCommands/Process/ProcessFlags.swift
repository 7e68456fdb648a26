import ArgumentParser
import SwctrCore
import SwctrProto

/// How the process is started.
struct ProcessFlags: ParsableArguments {
    @Flag(name: [.customShort("t"), .long], help: "Give the process a terminal.")
    var tty = false

    @Option(
        parsing: .unconditionalSingleValue,
        help: ArgumentHelp("Set KEY=VALUE; a bare KEY removes the variable. May be repeated.", valueName: "variable"))
    var env: [String] = []

    @Option(help: ArgumentHelp("Take variables from the lines of a file, before those of --env.", valueName: "file"))
    var envFile: String?

    @Option(help: ArgumentHelp("Working directory (default: the image's, else /).", valueName: "path"))
    var cwd: String?

    @Option(
        name: [.customShort("u"), .long],
        help: ArgumentHelp("User, by name or number (default: the image's).", valueName: "user[:group]"))
    var user: String?

    @Option(help: ArgumentHelp("Limit of open files (default: 1024).", valueName: "soft[:hard]"))
    var rlimitNofile: String?

    static let valueOptions: Set<String> = ["--env", "--env-file", "--cwd", "--user", "-u", "--rlimit-nofile"]

    func fill(_ options: inout Swctr_V1_ContainerOptions) throws(EngineError) {
        options.terminal = tty
        if let envFile { options.env = try Self.variables(in: envFile) }
        options.env += env
        options.cwd = cwd ?? ""
        options.user = user ?? ""
        if let rlimitNofile { options.limits.append(try Self.limit(rlimitNofile)) }
    }

    /// A variable a line; there are no comments, and an empty line says nothing.
    private static func variables(in path: String) throws(EngineError) -> [String] {
        // To Swift, CR and LF are one character together.
        try UserFile.text(path, for: "--env-file").replacing("\r\n", with: "\n").split(separator: "\n").map(String.init)
    }

    private static func limit(_ text: String) throws(EngineError) -> Swctr_V1_ResourceLimit {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        let numbers = parts.compactMap { UInt64($0) }
        guard (1...2).contains(parts.count), numbers.count == parts.count, !text.contains("+") else {
            throw EngineError(
                .invalidArgument, subject: "--rlimit-nofile \"\(text)\"", message: "is not of the form soft[:hard]",
                hint: "such as 1024:4096")
        }
        var limit = Swctr_V1_ResourceLimit()
        limit.type = "RLIMIT_NOFILE"
        limit.soft = numbers[0]
        limit.hard = numbers[numbers.count - 1]
        return limit
    }

    /// Flags that were given, by name.
    var given: [String] {
        names([
            ("--tty", tty), ("--env", !env.isEmpty), ("--env-file", envFile != nil), ("--cwd", cwd != nil),
            ("--user", user != nil), ("--rlimit-nofile", rlimitNofile != nil),
        ])
    }
}
