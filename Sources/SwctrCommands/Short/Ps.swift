import SwctrArguments
import SwctrClient
import SwctrCore
import SwctrProto
import SwctrWire

struct Ps: ClientCommand {
    static let configuration = CommandConfiguration(
        abstract: "List containers and what they do",
        discussion: """
            Filters are id, name, image, status (running, paused, created, exited, idle) and label, as KEY or KEY=VALUE; one of \
            each kind must hold, all kinds together.

            Examples:
              swctr ps -a
              swctr ps -a --filter status=exited --format '{{.ID}} {{.ExitCode}}'
              swctr ps --filter label=tier=web -q
            """)

    @Flag("-a", "--all", help: "Show those too that do not run.")
    var all = false

    @Flag("-q", "--quiet", help: "Print ids only.")
    var quiet = false

    @Option(
        "-f", "--filter", valueName: "key=value", parsing: .unconditional,
        help: "Show only what passes. May be repeated.")
    var filter: [String] = []

    @Option("--format", valueName: "format", help: ListFormat.help)
    var format = ListFormat.table

    @OptionGroup(title: "Global options")
    var global: GlobalOptions

    var action: Action { Action("list containers") }

    func execute() throws(EngineError) -> Int32 {
        let filter = try ContainerFilter(filter)
        let client = try global.connect()
        let containers: Swctr_V1_ListContainersResponse = try client.call(
            ServiceName.containers, "List", Swctr_V1_ListContainersRequest())
        let tasks: Swctr_V1_ListTasksResponse = try client.call(
            ServiceName.tasks, "List", Swctr_V1_ListTasksRequest())
        var states: [String: Swctr_V1_TaskInfo] = [:]
        for task in tasks.tasks { states[task.containerID] = task }
        var rows: [JSONValue] = []
        for container in containers.containers {
            let state = ContainerState(states[container.id])
            let wanted = all || filter.namesStatus || state.isAlive
            if wanted, filter.passes(container, state) { rows.append(try Self.row(container, state)) }
        }
        if quiet {
            for row in rows { emit(row["ID"]?.text ?? "") }
            return 0
        }
        try Listing(
            columns: [
                ("CONTAINER", "ShortID"), ("IMAGE", "Image"), ("COMMAND", "Command"), ("CREATED", "Created"),
                ("STATUS", "Status"), ("NAME", "Name"),
            ], rows: rows
        ).print(format)
        return 0
    }

    /// Where the manager keeps a container's name.
    static let nameLabel = "swctr.io/name"

    static func row(_ container: Swctr_V1_Container, _ state: ContainerState) throws(EngineError) -> JSONValue {
        var command = ""
        if case .array(let words) = try JSONValue(parsing: Array(container.spec))["process"]?["args"] {
            command = words.compactMap(\.text).joined(separator: " ")
        }
        let shown = command.count > 32 ? command.prefix(31) + "…" : command[...]
        return .object([
            .init("ID", .string(container.id)),
            .init("ShortID", .string(container.id.count == 64 ? String(container.id.prefix(12)) : container.id)),
            .init("Name", .string(container.labels[Self.nameLabel] ?? "")), .init("Image", .string(container.image)),
            .init("Command", .string(String(shown))),
            .init("Created", .string(Wording.age(since: container.createdAt) + " ago")),
            .init("CreatedAt", .string(Wording.moment(container.createdAt))), .init("Status", .string(state.text)),
            .init("State", .string(state.word)), .init("ExitCode", .integer(state.exitCode)),
            .init("Pid", .integer(state.pid)), .init("Runtime", .string(container.runtime.name)),
            .init("Labels", .strings(container.labels)),
        ])
    }
}

/// What a container does, in the words that users know from docker.
struct ContainerState {
    var word: String
    var text: String
    var pid: UInt32 = 0
    var exitCode: UInt32 = 0
    /// Its process is there.
    var isAlive: Bool { word == "running" || word == "paused" || word == "created" }

    /// - Parameter task: nil for a container without one.
    init(_ task: Swctr_V1_TaskInfo?) {
        guard let task else {
            (word, text) = ("idle", "No task")
            return
        }
        pid = task.pid
        switch task.status {
        case .running: (word, text) = ("running", "Up")
        case .paused, .pausing: (word, text) = ("paused", "Up (paused)")
        case .created: (word, text) = ("created", "Created")
        case .stopped:
            exitCode = task.exitStatus
            (word, text) = ("exited", "Exited (\(task.exitStatus)) \(Wording.age(since: task.exitedAt)) ago")
        case .unknown, .UNRECOGNIZED: (word, text) = ("unknown", "Unknown")
        }
    }
}

/// Filters of `ps`, in docker's notation.
struct ContainerFilter {
    private var wanted: [String: [String]] = [:]

    static let kinds = ["id", "name", "image", "status", "label"]

    /// - Throws: `.invalidArgument` for a filter of no kind.
    init(_ texts: [String]) throws(EngineError) {
        for text in texts {
            let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            guard parts.count == 2, Self.kinds.contains(parts[0]), !parts[1].isEmpty else {
                throw EngineError(
                    .invalidArgument, subject: "--filter \"\(text)\"",
                    message: "is none of \(Self.kinds.map { "\($0)=…" }.joined(separator: ", "))")
            }
            wanted[parts[0], default: []].append(parts[1])
        }
    }

    /// Whether those that do not run were asked for.
    var namesStatus: Bool { wanted["status"] != nil }

    func passes(_ container: Swctr_V1_Container, _ state: ContainerState) -> Bool {
        func holds(_ kind: String, _ test: (String) -> Bool) -> Bool { wanted[kind]?.contains(where: test) ?? true }
        return holds("id") { container.id == $0 || container.id.hasPrefix($0) }
            && holds("name") { container.labels[Ps.nameLabel]?.contains($0) ?? false }
            && holds("image") { container.image == $0 || container.image.hasPrefix("\($0):") }
            && holds("status") { state.word == $0 }
            && holds("label") { text in
                let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
                let value = container.labels[parts[0]]
                return parts.count == 1 ? value != nil : value == parts[1]
            }
    }
}
