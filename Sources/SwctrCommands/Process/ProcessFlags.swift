import SwctrArguments
import SwctrCore
import SwctrProto

/// How the process is started.
struct ProcessFlags: ParsableArguments {
    @Flag("-t", "--tty", help: "Give the process a terminal.")
    var tty = false

    @Option(
        "--env", valueName: "variable", parsing: .unconditional,
        help: "Set KEY=VALUE; a bare KEY removes the variable. May be repeated.")
    var env: [String] = []

    @Option("--env-file", valueName: "file", help: "Take variables from the lines of a file, before those of --env.")
    var envFile: String?

    @Option("--cwd", valueName: "path", help: "Working directory (default: the image's, else /).")
    var cwd: String?

    @Option("-u", "--user", valueName: "user[:group]", help: "User, by name or number (default: the image's).")
    var user: String?

    @Option("--rlimit-nofile", valueName: "soft[:hard]", help: "Limit of open files (default: 1024).")
    var rlimitNofile: String?

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
