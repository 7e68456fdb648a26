import SwctrArguments
import SwctrClient
import SwctrCore
import SwctrProto
import SwctrWire
import SwiftProtobuf

struct ContainerInfo: ClientCommand {
    static let configuration = CommandConfiguration(
        abstract: "Print a container's record as JSON")

    @Flag("--spec", help: "Print only the OCI runtime spec.")
    var spec = false

    @OptionGroup(title: "Global options")
    var global: GlobalOptions

    @Argument("id", help: "Name of the container.", completion: .containers)
    var id: String

    var action: Action { Action("show", id) }

    func execute() throws(EngineError) -> Int32 {
        _ = try ContainerID(id)
        var request = Swctr_V1_GetContainerRequest()
        request.id = id
        let response: Swctr_V1_GetContainerResponse = try global.connect().call(
            ServiceName.containers, "Get", request)
        let spec = try JSONValue(parsing: Array(response.container.spec))
        emit((self.spec ? spec : Self.record(response.container, spec)).formatted())
        return 0
    }

    /// In the shape of ctr's.
    static func record(_ container: Swctr_V1_Container, _ spec: JSONValue) -> JSONValue {
        var options = JSONValue.null
        if container.runtime.hasOptions {
            options = .object([
                .init("type_url", .string(container.runtime.options.typeURL)),
                .init("value", AnyMessage.json(container.runtime.options) ?? .null),
            ])
        }
        return .object([
            .init("ID", .string(container.id)),
            .init("Labels", .strings(container.labels)),
            .init("Image", .string(container.image)),
            .init(
                "Runtime", .object([.init("Name", .string(container.runtime.name)), .init("Options", options)])),
            .init("SnapshotKey", .string(container.snapshotKey)),
            .init("Snapshotter", .string(container.snapshotter)),
            .init("AutoRemove", .bool(container.autoRemove)),
            .init("CreatedAt", .string(Wording.moment(container.createdAt))),
            .init("UpdatedAt", .string(Wording.moment(container.updatedAt))),
            .init("Spec", spec),
        ])
    }
}
