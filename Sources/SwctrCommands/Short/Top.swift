import SwctrArguments
import SwctrClient
import SwctrCore
import SwctrLinux
import SwctrProto
import SwctrWire

struct Top: ClientCommand {
    static let configuration = CommandConfiguration(
        abstract: "List the processes of a container with their users and commands",
        discussion: "Ids are those of the host; what has ended meanwhile is left out.")

    @Option("--format", valueName: "format", help: ListFormat.help)
    var format = ListFormat.table

    @OptionGroup(title: "Global options")
    var global: GlobalOptions

    @Argument("id", help: "Name of the container.", completion: .containers)
    var id: String

    var action: Action { Action("list processes of", id) }

    func execute() throws(EngineError) -> Int32 {
        _ = try ContainerID(id)
        var request = Swctr_V1_ListProcessesRequest()
        request.id = id
        let response: Swctr_V1_ListProcessesResponse = try global.connect().call(
            ServiceName.tasks, "Processes", request)
        let rows = response.processes.compactMap { process in
            Self.row(
                process.pid, process.execID, status: try? TextFile.read("/proc/\(process.pid)/status", limit: 1 << 16),
                command: try? TextFile.read("/proc/\(process.pid)/cmdline", limit: 1 << 20))
        }
        try Listing(
            columns: [
                ("PID", "PID"), ("PPID", "PPID"), ("UID", "UID"), ("STATE", "State"), ("RSS", "RSS"),
                ("COMMAND", "Command"),
            ],
            rows: rows
        ).print(format)
        return 0
    }

    /// nil for a process that has ended.
    static func row(_ pid: UInt32, _ execID: String, status: String?, command: String?) -> JSONValue? {
        guard let status else { return nil }
        var fields: [Substring: Substring] = [:]
        for line in status.split(separator: "\n") {
            guard let colon = line.firstIndex(of: ":") else { continue }
            fields[line[..<colon]] = line[line.index(after: colon)...].drop { $0 == "\t" || $0 == " " }
        }
        func word(_ name: Substring) -> String {
            fields[name]?.split { $0 == "\t" || $0 == " " }.first.map(String.init) ?? ""
        }
        let line = (command ?? "").split(separator: "\0").joined(separator: " ")
        return .object([
            .init("PID", .integer(pid)), .init("PPID", .number(word("PPid"))), .init("UID", .number(word("Uid"))),
            .init("State", .string(word("State"))),
            .init("RSS", .string(Int64(word("VmRSS")).map { Wording.bytes($0 * 1024) } ?? "")),
            .init("Command", .string(line.isEmpty ? "[\(word("Name"))]" : line)), .init("ExecID", .string(execID)),
        ])
    }
}
