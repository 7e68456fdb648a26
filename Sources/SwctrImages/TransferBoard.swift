public import SwctrCore
import Synchronization

/// How far one thing of a pull or push has come.
public struct TransferStatus: Sendable, Hashable {
    public enum Phase: String, Sendable {
        case waiting, resolving, downloading, unpacking, uploading, exists, mounted, done
    }

    /// "index", "manifest", "config", "layer", …
    public var kind: String
    public var digest: Digest
    public var phase: Phase
    /// Bytes, of `total`.
    public var offset: Int64
    public var total: Int64

    public init(kind: String, digest: Digest, phase: Phase = .waiting, offset: Int64 = 0, total: Int64) {
        self.kind = kind
        self.digest = digest
        self.phase = phase
        self.offset = offset
        self.total = total
    }
}

/// Where a transfer's parts say how far they are, and whoever looks on reads it.
public final class TransferBoard: Sendable {
    private struct State {
        var order: [Digest] = []
        var entries: [Digest: TransferStatus] = [:]
        var lines: [String] = []
        var lastNews = ContinuousClock.now
        var watchers: [Int: AsyncStream<Void>.Continuation] = [:]
        var nextWatcher = 0
        var isOver = false
    }

    private let state = Mutex(State())

    /// Watchers hear of bytes no more often than this, and of everything else at once.
    private static let pace: Duration = .milliseconds(100)
    private static let lineLimit = 10_000

    public init() {}

    /// Puts a thing on the board, or changes its phase.
    public func set(_ status: TransferStatus) {
        state.withLock { state in
            if state.entries.updateValue(status, forKey: status.digest) == nil { state.order.append(status.digest) }
            Self.tell(&state)
        }
    }

    /// Changes the phase of what is on the board.
    public func set(_ digest: Digest, _ phase: TransferStatus.Phase) {
        state.withLock { state in
            guard state.entries[digest]?.phase != phase else { return }
            state.entries[digest]?.phase = phase
            if phase == .done, let total = state.entries[digest]?.total { state.entries[digest]?.offset = total }
            Self.tell(&state)
        }
    }

    /// So many of its bytes are there.
    public func advance(_ digest: Digest, to offset: Int64) {
        state.withLock { state in
            state.entries[digest]?.offset = offset
            if ContinuousClock.now - state.lastNews >= Self.pace { Self.tell(&state) }
        }
    }

    /// A line for those who want to see what is said to registries.
    public func trace(_ line: String) {
        state.withLock { state in
            if state.lines.count < Self.lineLimit { state.lines.append(line) }
            Self.tell(&state)
        }
    }

    /// All entries in the order in which they came up, and the lines from one on.
    public func read(linesFrom first: Int = 0) -> (entries: [TransferStatus], lines: [String]) {
        state.withLock { state in
            (state.order.compactMap { state.entries[$0] }, Array(state.lines.dropFirst(first)))
        }
    }

    /// Gives a sign after each change; several changes may share one. Ends when the transfer does.
    public func changes() -> AsyncStream<Void> {
        AsyncStream(bufferingPolicy: .bufferingNewest(1)) { continuation in
            let number: Int? = state.withLock { state in
                if state.isOver { return nil }
                state.nextWatcher += 1
                state.watchers[state.nextWatcher] = continuation
                return state.nextWatcher
            }
            guard let number else { return continuation.finish() }
            continuation.yield()
            continuation.onTermination = { [weak self] _ in self?.state.withLock { $0.watchers[number] = nil } }
        }
    }

    /// The transfer is over.
    func finish() {
        let watchers = state.withLock { state in
            state.isOver = true
            defer { state.watchers = [:] }
            return Array(state.watchers.values)
        }
        for watcher in watchers { watcher.finish() }
    }

    private static func tell(_ state: inout State) {
        state.lastNews = .now
        for watcher in state.watchers.values { watcher.yield() }
    }
}
