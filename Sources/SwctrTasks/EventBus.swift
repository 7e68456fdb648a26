public import Foundation
import SwctrCore
public import SwiftProtobuf
import Synchronization

/// Something that happened, as subscribers see it.
public struct EngineEvent: Sendable {
    public var timestamp: Date
    public var namespace: String
    /// "/tasks/exit", "/images/create", …
    public var topic: String
    public var event: Google_Protobuf_Any

    public init(timestamp: Date = Date(), namespace: String, topic: String, event: Google_Protobuf_Any) {
        self.timestamp = timestamp
        self.namespace = namespace
        self.topic = topic
        self.event = event
    }
}

/// Passes events on to everybody who listens at the time; nothing is kept for later.
public final class EventBus: Sendable {
    public typealias Subscription = AsyncThrowingStream<EngineEvent, any Error>

    private struct State {
        var nextID = 0
        var subscribers: [Int: Subscription.Continuation] = [:]
    }

    private let state = Mutex(State())
    private let capacity: Int

    /// - Parameter capacity: events that may wait for one subscriber.
    public init(capacity: Int = 4096) { self.capacity = capacity }

    /// Packs the message, under its bare name as containerd's typeurl does, and publishes it.
    public func publish(namespace: String, topic: String, _ message: some Message) {
        var packed = Google_Protobuf_Any()
        packed.typeURL = type(of: message).protoMessageName
        guard let value: Data = try? message.serializedBytes() else {
            preconditionFailure("an event of our own lacks nothing that encoding needs")
        }
        packed.value = value
        publish(EngineEvent(namespace: namespace, topic: topic, event: packed))
    }

    public func publish(_ event: EngineEvent) {
        // Inside the lock, so that all subscribers see one order. Yielding resumes a task at most, it runs none.
        let slow = state.withLock { state -> [Subscription.Continuation] in
            var slow: [Subscription.Continuation] = []
            for (id, subscriber) in state.subscribers {
                guard case .dropped = subscriber.yield(event) else { continue }
                state.subscribers[id] = nil
                slow.append(subscriber)
            }
            return slow
        }
        // Outside: finishing calls the termination handler, which takes the lock.
        for subscriber in slow {
            subscriber.finish(
                throwing: EngineError(
                    .resourceExhausted, operation: "subscribe", message: "too slow: \(capacity) events are waiting"))
        }
    }

    /// Events from now on. The stream fails with `.resourceExhausted` for a subscriber that does not keep up; it ends
    /// when the subscriber's task is cancelled or the bus is closed.
    public func subscribe() -> Subscription {
        let (stream, continuation) = Subscription.makeStream(bufferingPolicy: .bufferingOldest(capacity))
        let id = state.withLock { state in
            state.nextID += 1
            state.subscribers[state.nextID] = continuation
            return state.nextID
        }
        continuation.onTermination = { [weak self] _ in
            _ = self?.state.withLock { $0.subscribers.removeValue(forKey: id) }
        }
        return stream
    }

    /// Ends all subscriptions.
    public func close() {
        let all = state.withLock { state in
            defer { state.subscribers = [:] }
            return Array(state.subscribers.values)
        }
        for subscriber in all { subscriber.finish() }
    }

    /// How many listen.
    public var subscriberCount: Int { state.withLock { $0.subscribers.count } }
}
