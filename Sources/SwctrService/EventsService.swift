import SwctrCore
import SwctrProto
public import SwctrRPC
public import SwctrTasks
import SwctrWire
import SwiftProtobuf

/// `swctr.v1.Events`.
public struct EventsService: Sendable {
    private let bus: EventBus

    public init(bus: EventBus) { self.bus = bus }

    /// Adds the service's methods.
    public func register(on router: inout RPCRouter) {
        router.serverStream(ServiceName.events, "Subscribe") {
            (request: Swctr_V1_SubscribeRequest, responder: RPCResponder<Swctr_V1_Event>, _) in
            let filter = try Filter(request.filters)
            // A subscriber that reads too slowly is cut off by the bus, which says so in the stream's error.
            for try await event in bus.subscribe() where filter.matches(event.field) {
                try await responder.send(Swctr_V1_Event(event))
            }
        }
    }
}

extension EngineEvent {
    /// What filters see.
    func field(_ path: [String]) -> String? {
        switch path {
        case ["namespace"]: namespace
        case ["topic"]: topic
        default: nil
        }
    }
}

extension Swctr_V1_Event {
    init(_ event: EngineEvent) {
        self.init()
        timestamp = Google_Protobuf_Timestamp(date: event.timestamp)
        namespace = event.namespace
        topic = event.topic
        self.event = event.event
    }
}
