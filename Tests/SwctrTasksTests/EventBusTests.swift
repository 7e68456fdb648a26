import SwctrCore
import SwctrProto
import SwiftProtobuf
import Testing

@testable import SwctrTasks

@Suite("Event bus")
struct EventBusTests {
    private func start(_ id: String) -> Containerd_Events_TaskStart {
        var message = Containerd_Events_TaskStart()
        message.containerID = id
        return message
    }

    @Test("every subscriber gets what is published after it came, in order")
    func order() async throws {
        let bus = EventBus()
        bus.publish(namespace: "a", topic: "/tasks/start", start("before"))
        let streams = [bus.subscribe(), bus.subscribe()]
        for number in 0..<10 { bus.publish(namespace: "a", topic: "/tasks/start", start("\(number)")) }
        bus.close()
        for stream in streams {
            var ids: [String] = []
            for try await event in stream {
                #expect(event.event.typeURL == "containerd.events.TaskStart")
                ids.append(try Containerd_Events_TaskStart(serializedBytes: event.event.value).containerID)
            }
            #expect(ids == (0..<10).map { "\($0)" })
        }
    }

    @Test("a subscriber that does not keep up is cut off with an error, the others are not")
    func slow() async throws {
        let bus = EventBus(capacity: 4)
        let slow = bus.subscribe()
        for number in 0..<8 { bus.publish(namespace: "a", topic: "/tasks/start", start("\(number)")) }
        #expect(bus.subscriberCount == 0)
        var seen = 0
        let error = await #expect(throws: EngineError.self) {
            for try await _ in slow { seen += 1 }
        }
        #expect(seen == 4)
        #expect(error?.code == .resourceExhausted)
    }

    @Test("one that goes away is forgotten")
    func leaving() async {
        let bus = EventBus()
        let task = Task { for try await _ in bus.subscribe() {} }
        task.cancel()
        _ = await task.result
        #expect(bus.subscriberCount == 0)
    }
}
