import SwctrArguments
import SwctrClient
import SwctrCore
import SwctrProto
import SwctrWire

struct InfoCommand: ClientCommand {
    static let configuration = CommandConfiguration(
        abstract: "Print what the manager is and has, as JSON")

    @OptionGroup(title: "Global options")
    var global: GlobalOptions

    var action: Action { Action("info") }

    func execute() throws(EngineError) -> Int32 {
        let info: Swctr_V1_InfoResponse = try global.connect().call(
            ServiceName.engine, "Info", Swctr_V1_InfoRequest())
        emit(Self.record(info).formatted())
        return 0
    }

    static func record(_ info: Swctr_V1_InfoResponse) -> JSONValue {
        let runtimes = info.runtimes.map { runtime in
            JSONValue.object([
                .init("name", .string(runtime.name)), .init("shim", .string(runtime.shim)),
                .init("options_type", .string(runtime.optionsType)),
            ])
        }
        return .object([
            .init("version", .string(info.version.version)),
            .init("revision", .string(info.version.revision)),
            .init("server_id", .string(info.version.serverID)),
            .init("pid", .integer(info.pid)),
            .init("root", .string(info.root)),
            .init("state", .string(info.state)),
            .init("operating_system", .string(info.operatingSystem)),
            .init("kernel", .string(info.kernel)),
            .init("architecture", .string(info.architecture)),
            .init("cpus", .integer(info.cpus)),
            .init("memory_bytes", .integer(info.memoryBytes)),
            .init("cgroups", .string(info.cgroups)),
            .init("default_runtime", .string(info.defaultRuntime)),
            .init("runtimes", .array(runtimes)),
            .init("default_snapshotter", .string(info.defaultSnapshotter)),
            .init("snapshotters", .array(info.snapshotters.map { .string($0) })),
            .init("containers", .integer(info.containers)),
            .init("running", .integer(info.running)),
            .init("images", .integer(info.images)),
        ])
    }
}
