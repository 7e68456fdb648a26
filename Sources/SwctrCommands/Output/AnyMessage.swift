import SwctrClient
import SwctrProto
import SwiftProtobuf

/// Messages that travel in an `Any`, told apart by the last part of their type URL.
enum AnyMessage {
    /// The message as JSON; nil for a type that is not known here, and for bytes that are not of the type.
    static func json(_ packed: Google_Protobuf_Any) -> JSONValue? {
        let name = packed.typeURL.split(separator: "/").last.map(String.init) ?? ""
        return readers[name]?(Array(packed.value))
    }

    private typealias Reader = @Sendable ([UInt8]) -> JSONValue?

    private static func reader<Content: Message>(_ type: Content.Type) -> (String, Reader) {
        (type.protoMessageName, { bytes in (try? Content(serializedBytes: bytes)).map { Wording.json($0) } })
    }

    private static let readers = Dictionary(
        uniqueKeysWithValues: [
            reader(Containerd_Events_TaskCreate.self), reader(Containerd_Events_TaskStart.self),
            reader(Containerd_Events_TaskExit.self), reader(Containerd_Events_TaskDelete.self),
            reader(Containerd_Events_TaskOOM.self), reader(Containerd_Events_TaskExecAdded.self),
            reader(Containerd_Events_TaskExecStarted.self), reader(Containerd_Events_TaskPaused.self),
            reader(Containerd_Events_TaskResumed.self), reader(Containerd_Events_TaskCheckpointed.self),
            reader(Swctr_V1_ContainerCreate.self), reader(Swctr_V1_ContainerUpdate.self),
            reader(Swctr_V1_ContainerDelete.self), reader(Io_Containerd_Cgroups_V1_Metrics.self),
            reader(Io_Containerd_Cgroups_V2_Metrics.self), reader(Swctr_V1_NamespaceUpdate.self),
            reader(Swctr_V1_ImageCreate.self), reader(Swctr_V1_ImageUpdate.self), reader(Swctr_V1_ImageDelete.self),
            reader(Swctr_V1_SnapshotPrepare.self), reader(Swctr_V1_SnapshotCommit.self),
            reader(Swctr_V1_SnapshotRemove.self), reader(Swctr_V1_NamespaceCreate.self),
            reader(Swctr_V1_NamespaceDelete.self), reader(Containerd_Runc_V1_Options.self),
            reader(Runtimeoptions_V1_Options.self),
        ])
}
