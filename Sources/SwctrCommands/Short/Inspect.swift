import SwctrArguments
import SwctrClient
import SwctrCore
import SwctrProto
import SwctrWire

struct Inspect: ClientCommand {
    static let configuration = CommandConfiguration(
        abstract: "Print records of containers, and what they do",
        discussion: """
            Examples:
              swctr inspect web
              swctr inspect --format '{{.State.Pid}} {{json .Spec.process.args}}' web
            """)

    @Option("--format", valueName: "template", help: "A template in place of JSON, such as '{{.State.Status}}'.")
    var format: String?

    @OptionGroup(title: "Global options")
    var global: GlobalOptions

    @Argument("ids", help: "Names of containers.", completion: .containers)
    var ids: [String]

    var action: Action { Action("inspect", ids.count == 1 ? ids[0] : "") }

    func execute() throws(EngineError) -> Int32 {
        var template: Template?
        if let format, format != "json" {
            guard let parsed = Template(format) else {
                throw EngineError(
                    .invalidArgument, subject: "--format \"\(format)\"", message: "is no template",
                    hint: "such as '{{.State.Status}}'")
            }
            template = parsed
        }
        let client = try global.connect()
        var records: [JSONValue] = []
        let status = try forEach(ids, debug: global.debug, verb: "inspect") { id throws(EngineError) in
            records.append(try Self.record(id, client))
            return 0
        }
        if let template {
            for record in records { emit(try template.filled(with: record)) }
        } else {
            emit(JSONValue.array(records).formatted())
        }
        return status
    }

    private static func record(_ id: String, _ client: Client) throws(EngineError) -> JSONValue {
        _ = try ContainerID(id)
        var request = Swctr_V1_GetContainerRequest()
        request.id = id
        let response: Swctr_V1_GetContainerResponse = try client.call(ServiceName.containers, "Get", request)
        let spec = try JSONValue(parsing: Array(response.container.spec))
        guard case .object(var members) = ContainerInfo.record(response.container, spec) else { return .null }
        let task = try? client.task(id)
        let state = ContainerState(task)
        var fields: [JSONValue.Member] = [
            .init("Status", .string(state.word)), .init("Pid", .integer(state.pid)),
            .init("ExitCode", .integer(state.exitCode)),
        ]
        if let task {
            fields.append(.init("FinishedAt", task.hasExitedAt ? .string(Wording.moment(task.exitedAt)) : .null))
            fields.append(.init("Reason", .string(task.exitReason)))
            fields.append(.init("ShimPid", .integer(task.shimPid)))
            fields.append(.init("Bundle", .string(task.bundle)))
        }
        members.insert(.init("State", .object(fields)), at: members.count - 1)
        return .object(members)
    }
}
