import SwctrProto
public import SwctrRPC
public import SwctrTasks
import SwctrWire
import SwiftProtobuf

/// `containerd.services.events.ttrpc.v1.Events`: where shims send what happens to their tasks.
public struct ForwardService: Sendable {
    private let tasks: TaskManager

    public init(tasks: TaskManager) { self.tasks = tasks }

    /// Adds the service's method. The event carries its namespace itself, as containerd's rule has it.
    public func register(on router: inout RPCRouter) {
        router.unary(ServiceName.eventsForward, "Forward") {
            (request: Containerd_Services_Events_Ttrpc_V1_ForwardRequest, _) -> Google_Protobuf_Empty in
            try await tasks.forward(request.envelope)
            return Google_Protobuf_Empty()
        }
    }
}
