import SwctrArguments
import Glibc
import SwctrClient
import SwctrCore
import SwctrLinux
import SwctrProto
import SwctrWire
import SwiftProtobuf

struct Stats: ClientCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show what containers use, once or as it changes",
        discussion: """
            Without names all that run. On a terminal the list is drawn anew each second until it is interrupted; \
            otherwise, and with --no-stream, it is printed once.

            Examples:
              swctr stats
              swctr stats --no-stream --format json web
            """)

    @Flag("--no-stream", help: "Print once.")
    var noStream = false

    @Option("--format", valueName: "format", help: ListFormat.help)
    var format = ListFormat.table

    @OptionGroup(title: "Global options")
    var global: GlobalOptions

    @Argument("ids", help: "Names of containers.", completion: .containers)
    var ids: [String] = []

    var action: Action { Action("show use") }

    func execute() throws(EngineError) -> Int32 {
        for id in ids { _ = try ContainerID(id) }
        let client = try global.connect()
        let isLive = !noStream && format == .table && Terminal.isTerminal(STDOUT_FILENO)
        // Processor time is a difference between two moments.
        var before = try Usage.all(client, ids)
        while true {
            // Nothing happens that could be waited for: the list is of a moment, and of another one a second later.
            var nothing = PollSet()
            _ = try nothing.wait(.seconds(1))
            let now = try Usage.all(client, ids)
            let listing = Self.listing(now, before)
            if isLive { emit("\u{1b}[H\u{1b}[J", terminator: "") }
            try listing.print(format)
            if !isLive { return 0 }
            before = now
        }
    }

    static func listing(_ now: [Usage], _ before: [Usage]) -> Listing {
        let earlier = Dictionary(before.map { ($0.id, $0) }, uniquingKeysWith: { $1 })
        let rows = now.map { usage in
            let share = earlier[usage.id].map { usage.processorShare(since: $0) } ?? 0
            let tenths = Int((share * 1000).rounded())
            let limit = usage.memoryLimit
            return JSONValue.object([
                .init("ID", .string(usage.id)),
                .init("CPUPerc", .string("\(tenths / 10).\(tenths % 10)%")),
                .init(
                    "MemUsage",
                    .string(
                        Wording.bytes(Int64(clamping: usage.memory))
                            + (limit.map { " / " + Wording.bytes(Int64(clamping: $0)) } ?? ""))),
                .init("Memory", .integer(usage.memory)),
                .init("MemoryLimit", limit.map { .integer($0) } ?? .null),
                .init("PIDs", .integer(usage.processes)),
            ])
        }
        return Listing(
            columns: [("CONTAINER", "ID"), ("CPU", "CPUPerc"), ("MEMORY", "MemUsage"), ("PIDS", "PIDs")], rows: rows)
    }
}

/// What one container has used by a moment.
struct Usage {
    var id: String
    /// Nanoseconds of processor time.
    var processorTime: UInt64 = 0
    var memory: UInt64 = 0
    /// nil for none.
    var memoryLimit: UInt64?
    var processes: UInt64 = 0
    /// Nanoseconds on the wall.
    var moment: Int64 = 0

    /// Of the named containers, or of all that run.
    static func all(_ client: Client, _ ids: [String]) throws(EngineError) -> [Usage] {
        var names = ids
        if ids.isEmpty {
            let tasks: Swctr_V1_ListTasksResponse = try client.call(
                ServiceName.tasks, "List", Swctr_V1_ListTasksRequest())
            names = tasks.tasks.filter { $0.status == .running || $0.status == .paused }.map(\.containerID)
        }
        var found: [Usage] = []
        for name in names {
            var request = Swctr_V1_TaskMetricsRequest()
            request.id = name
            do throws(EngineError) {
                found.append(Usage(name, try client.call(ServiceName.tasks, "Metrics", request)))
            } catch {
                // One of all that ended meanwhile is just no more among them.
                let hasEnded = error.code == .notFound || error.code == .failedPrecondition
                if !ids.isEmpty || !hasEnded { throw error }
            }
        }
        return found
    }

    init(_ id: String, _ response: Swctr_V1_TaskMetricsResponse) {
        self.id = id
        moment = response.timestamp.seconds * 1_000_000_000 + Int64(response.timestamp.nanos)
        let bytes = [UInt8](response.metrics.value)
        if response.metrics.typeURL.hasSuffix("cgroups.v2.Metrics"),
            let metrics = try? Io_Containerd_Cgroups_V2_Metrics(serializedBytes: bytes)
        {
            processorTime = metrics.cpu.usageUsec * 1000
            memory = metrics.memory.usage
            memoryLimit = Self.limit(metrics.memory.usageLimit)
            processes = metrics.pids.current
        } else if let metrics = try? Io_Containerd_Cgroups_V1_Metrics(serializedBytes: bytes) {
            processorTime = metrics.cpu.usage.total
            memory = metrics.memory.usage.usage
            memoryLimit = Self.limit(metrics.memory.usage.limit)
            processes = metrics.pids.current
        }
    }

    /// Version 1 says "none" by a number near the end of the range.
    private static func limit(_ value: UInt64) -> UInt64? { value == 0 || value >= 1 << 62 ? nil : value }

    /// 1 is one processor.
    func processorShare(since earlier: Usage) -> Double {
        let span = moment - earlier.moment
        guard span > 0, processorTime >= earlier.processorTime else { return 0 }
        return Double(processorTime - earlier.processorTime) / Double(span)
    }
}
