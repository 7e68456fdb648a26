import SwctrArguments
import SwctrClient
import SwctrCore
import SwctrProto
import SwctrWire

struct OciSeccomp: ClientCommand {
    static let configuration = CommandConfiguration(
        abstract: "Say what a system call filter would do, or print it",
        discussion: """
            Without --explain the filter is printed as it stands in a spec. It is compiled in any case: a profile that \
            does not compile is an error.

            Examples:
              swctr oci seccomp --explain mount
              swctr oci seccomp --explain ptrace --cap-add CAP_SYS_PTRACE
              swctr oci seccomp --profile mine.json --platform linux/arm64
            """)

    @Option("--explain", valueName: "syscall", help: "Explain what happens to this system call, and why.")
    var explain: String?

    @Option("--profile", valueName: "file", help: "Profile (default: the one of run --seccomp).")
    var profile: String?

    @Option(
        "--cap-add", valueName: "name", parsing: .unconditional, help: "As of run: the process has this capability too."
    )
    var capAdd: [String] = []

    @Option(
        "--cap-drop", valueName: "name", parsing: .unconditional, help: "As of run: the process lacks this capability.")
    var capDrop: [String] = []

    @Flag("--privileged", help: "As of run: the process has all of the manager's capabilities.")
    var privileged = false

    @Option("--platform", valueName: "os/arch", help: "Platform (default: the host's).")
    var platform: String?

    @OptionGroup(title: "Global options")
    var global: GlobalOptions

    var action: Action { Action("explain", explain ?? "") }

    func validate() throws(ValidationError) {
        if explain?.isEmpty == true { throw ValidationError("--explain names no system call") }
    }

    func execute() throws(EngineError) -> Int32 {
        var request = Swctr_V1_ExplainSeccompRequest()
        request.syscall = explain ?? ""
        if let profile { request.profile = collection(of: try UserFile.read(profile, for: "--profile")) }
        request.capAdd = capAdd
        request.capDrop = capDrop
        request.privileged = privileged
        request.platform = platform ?? ""
        let response: Swctr_V1_ExplainSeccompResponse = try global.connect().call(
            ServiceName.engine, "ExplainSeccomp", request)
        if let explain {
            emit(try Self.text(explain, response), terminator: "")
        } else {
            emit(try JSONValue(parsing: Array(response.filter)).formatted())
        }
        return 0
    }

    /// - Throws: `.notFound` for a name that neither the profile nor the library knows.
    static func text(
        _ syscall: String, _ response: Swctr_V1_ExplainSeccompResponse
    ) throws(EngineError) -> String {
        if response.numbers.isEmpty, response.rules.isEmpty {
            throw EngineError(
                .notFound, subject: "system call \"\(syscall)\"", message: "not found: Linux has none of this name")
        }
        let numbers = response.numbers.sorted { $0.key < $1.key }.map { architecture, number in
            "\(number) on \(String(architecture.dropFirst("SCMP_ARCH_".count)).lowercased())"
        }
        var text = "\(syscall)" + (numbers.isEmpty ? "" : " (\(numbers.joined(separator: ", ")))") + "\n"
        let standard = Self.effect(response.defaultAction, response.defaultErrno)
        let holding = response.rules.filter(\.obstacle.isEmpty)
        if holding.isEmpty {
            text += "  \(standard): no rule holds, so the profile's default applies\n"
        } else if let rule = holding.first(where: \.arguments.isEmpty) {
            text += "  \(Self.effect(rule.action, rule.errno)): a rule names it\n"
        } else {
            for rule in holding { text += "  \(Self.effect(rule.action, rule.errno)) where \(rule.arguments)\n" }
            text += "  \(standard) otherwise: the profile's default\n"
        }
        for rule in response.rules where !rule.obstacle.isEmpty {
            let condition = rule.arguments.isEmpty ? "" : " where \(rule.arguments)"
            text +=
                "  a rule that does not hold here: \(Self.effect(rule.action, rule.errno))\(condition), \(rule.obstacle)\n"
        }
        return text + "The filter compiles to \(response.instructions) instructions.\n"
    }

    private static func effect(_ action: String, _ number: UInt32) -> String {
        let names: [UInt32: String] = [1: "EPERM", 13: "EACCES", 22: "EINVAL", 38: "ENOSYS", 95: "EOPNOTSUPP"]
        return switch action {
        case "SCMP_ACT_ALLOW": "allowed"
        case "SCMP_ACT_ERRNO": "fails with \(names[number] ?? "errno \(number)")"
        case "SCMP_ACT_LOG": "allowed and logged"
        case "SCMP_ACT_TRAP": "raises SIGSYS"
        case "SCMP_ACT_NOTIFY": "left to a supervisor"
        case "SCMP_ACT_TRACE": "left to a tracer"
        case "SCMP_ACT_KILL_PROCESS": "kills the process"
        default: "kills the thread"
        }
    }
}
