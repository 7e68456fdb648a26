import SwctrArguments
import SwctrClient
import SwctrCore
import SwctrProto
import SwctrWire
import SwiftProtobuf

struct TaskMetrics: ClientCommand {
    static let configuration = CommandConfiguration(
        abstract: "Print what a task has used: processes, processor time, memory")

    enum Format: String, ExpressibleByArgument, CaseIterable { case table, json }

    @Option("--format", valueName: "format", help: "How to print it.")
    var format = Format.table

    @OptionGroup(title: "Global options")
    var global: GlobalOptions

    @Argument("id", help: "Name of the container.", completion: .containers)
    var id: String

    var action: Action { Action("metrics of", id) }

    func execute() throws(EngineError) -> Int32 {
        _ = try ContainerID(id)
        var request = Swctr_V1_TaskMetricsRequest()
        request.id = id
        let response: Swctr_V1_TaskMetricsResponse = try global.connect().call(ServiceName.tasks, "Metrics", request)
        if format == .json {
            guard let value = AnyMessage.json(response.metrics) else { throw Self.unknown(response.metrics) }
            emit(Self.withNumbers(value).formatted())
            return 0
        }
        var head = Table(["ID", "TIMESTAMP"], gap: 4)
        head.add([id, Wording.moment(response.timestamp)])
        emit(head.text)
        var table = Table(["METRIC", "VALUE"], gap: 4)
        for (name, value) in try Self.rows(response.metrics) { table.add([name, value]) }
        table.print()
        return 0
    }

    /// By the names of the cgroup's files, as ctr has them.
    static func rows(_ metrics: Google_Protobuf_Any) throws(EngineError) -> [(String, String)] {
        switch metrics.typeURL.split(separator: "/").last {
        case "io.containerd.cgroups.v1.Metrics":
            guard let found = try? Io_Containerd_Cgroups_V1_Metrics(serializedBytes: [UInt8](metrics.value)) else {
                throw unknown(metrics)
            }
            return rows(found)
        case "io.containerd.cgroups.v2.Metrics":
            guard let found = try? Io_Containerd_Cgroups_V2_Metrics(serializedBytes: [UInt8](metrics.value)) else {
                throw unknown(metrics)
            }
            return rows(found)
        default: throw unknown(metrics)
        }
    }

    /// Protobuf's JSON writes 64-bit numbers as text; readers of metrics want numbers.
    static func withNumbers(_ value: JSONValue) -> JSONValue {
        switch value {
        case .object(let members):
            .object(
                members.map { member in
                    let isText = ["op", "device", "pagesize"].contains(member.name)
                    return .init(member.name, isText ? member.value : withNumbers(member.value))
                })
        case .array(let values): .array(values.map(withNumbers))
        case .string(let text) where UInt64(text) != nil: .number(text)
        default: value
        }
    }

    private static func rows(_ found: Io_Containerd_Cgroups_V1_Metrics) -> [(String, String)] {
        var rows: [(String, String)] = []
        if found.hasMemory {
            rows += [
                ("memory.usage_in_bytes", "\(found.memory.usage.usage)"),
                ("memory.limit_in_bytes", "\(found.memory.usage.limit)"),
                ("memory.stat.cache", "\(found.memory.totalCache)"),
            ]
        }
        if found.hasCpu {
            rows += [
                ("cpuacct.usage", "\(found.cpu.usage.total)"),
                ("cpuacct.usage_percpu", "\(found.cpu.usage.perCpu)"),
            ]
        }
        if found.hasPids {
            rows += [("pids.current", "\(found.pids.current)"), ("pids.limit", "\(found.pids.limit)")]
        }
        return rows
    }

    private static func rows(_ found: Io_Containerd_Cgroups_V2_Metrics) -> [(String, String)] {
        var rows: [(String, String)] = []
        if found.hasPids {
            rows += [("pids.current", "\(found.pids.current)"), ("pids.limit", "\(found.pids.limit)")]
        }
        if found.hasCpu {
            rows += [
                ("cpu.usage_usec", "\(found.cpu.usageUsec)"), ("cpu.user_usec", "\(found.cpu.userUsec)"),
                ("cpu.system_usec", "\(found.cpu.systemUsec)"), ("cpu.nr_periods", "\(found.cpu.nrPeriods)"),
                ("cpu.nr_throttled", "\(found.cpu.nrThrottled)"),
                ("cpu.throttled_usec", "\(found.cpu.throttledUsec)"),
            ]
        }
        if found.hasMemory {
            rows += [
                ("memory.usage", "\(found.memory.usage)"), ("memory.usage_limit", "\(found.memory.usageLimit)"),
                ("memory.swap_usage", "\(found.memory.swapUsage)"),
                ("memory.swap_limit", "\(found.memory.swapLimit)"),
            ]
        }
        return rows
    }

    private static func unknown(_ metrics: Google_Protobuf_Any) -> EngineError {
        EngineError(
            .unimplemented, subject: "metrics",
            message: "the runtime answers \(metrics.typeURL), which is not known here")
    }
}
