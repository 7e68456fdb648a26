import Glibc
public import SwctrCore
import SwctrLinux
import SwctrProto
import SwctrWire
public import SwiftProtobuf

/// A process that a command stays with: its output is copied, its input fed, signals go to it, and its exit status is
/// the command's. One use each.
///
/// The manager is needed only for what has to be said to it. When it goes away the copying goes on, and when it is back
/// the exit status is asked for anew.
public final class ForegroundProcess {
    /// How the process comes to be, or is met.
    public enum Beginning {
        /// A call of the Tasks service that answers with process events: Run, Start, Exec.
        case call(method: String, request: any Message)
        /// It runs already.
        case attach
    }

    /// How it went.
    public enum Outcome: Equatable, Sendable {
        /// The process has ended. A reason is given where the status is not the process's own word.
        case exited(status: UInt32, reason: String)
        /// The user left by this signal while the process goes on.
        case left(signal: Int32)
        /// The user left by the detach keys while the process goes on.
        case detached
    }

    /// What the user sees and types at.
    public struct Host: Sendable {
        public var input: Int32 = STDIN_FILENO
        public var output: Int32 = STDOUT_FILENO
        public var error: Int32 = STDERR_FILENO
        /// How long silent output may stay open once the process is deleted: a child of it may hold the other end.
        public var grace: Duration = .seconds(2)
        /// Keys that leave a terminal; nil for none.
        public var detachKeys: DetachKeys?
        /// Without a terminal: signals go to the process. Otherwise they are the client's own.
        public var forwardsSignals = true

        public init() {}
    }

    let client: Client
    let id: String
    let execID: String
    let isTerminal: Bool
    let host: Host
    let notify: (String) -> Void

    var outputs: [OutputPump] = []
    var input: InputPump?
    var policy: SignalPolicy
    var main: Connection.Stream?
    var isWaiting: Bool
    var hasStarted: Bool
    var closeIO = CloseIO.unasked
    var requests: Set<Connection.Stream> = []
    var exit: Swctr_V1_ProcessExited?
    var left: Int32?
    /// The user asked to stop waiting for output of a process that has ended.
    var isFinishing = false
    var graceEnd: ContinuousClock.Instant?
    var absence: Absence?
    var lastAbsence: ContinuousClock.Instant?
    var raw: RawMode?

    /// How far the request to close the process's stdin is.
    enum CloseIO { case unasked, wanted, asked(Connection.Stream), done }

    /// - Parameters:
    ///   - execID: empty for the container's own process.
    ///   - terminal: the process has one; then so should we, though it works without.
    ///   - notify: says one line to the user.
    public init(
        _ client: Client, id: String, execID: String = "", fifos: FIFOSet, terminal: Bool, host: Host = Host(),
        notify: @escaping (String) -> Void
    ) throws(EngineError) {
        self.client = client
        self.id = id
        self.execID = execID
        isTerminal = terminal
        self.host = host
        self.notify = notify
        policy = SignalPolicy(isTerminal: terminal, forwards: host.forwardsSignals)
        isWaiting = false
        hasStarted = false
        if !fifos.stdout.isEmpty {
            outputs.append(OutputPump(from: try FIFO.openReader(at: fifos.stdout), to: host.output))
        }
        if !fifos.stderr.isEmpty {
            outputs.append(OutputPump(from: try FIFO.openReader(at: fifos.stderr), to: host.error))
        }
        if !fifos.stdin.isEmpty {
            input = try InputPump(
                from: host.input, to: fifos.stdin, terminal: terminal, detachKeys: host.detachKeys)
        }
    }

    /// Starts or meets the process and stays with it to its end.
    ///
    /// - Throws: what kept it from starting; `.notFound` where its exit status is lost; `.deadlineExceeded`.
    public func run(_ beginning: Beginning) throws(EngineError) -> Outcome {
        let watched = Signal.forwarded + (isTerminal ? [SIGWINCH] : [])
        let signals = try SignalFD(watched)
        if isTerminal, Terminal.isTerminal(host.input) { raw = try RawMode(on: host.input) }
        defer { raw = nil }
        try begin(beginning)

        var set = PollSet()
        while true {
            if let left { return .left(signal: left) }
            // Only of a process that there is: before, the request is on its way and would be cut off.
            if input?.isDetached == true, hasStarted { return .detached }
            if let exit, isFinishing || graceHasPassed || outputs.allSatisfy({ $0.hasEnded }) {
                report()
                return .exited(status: exit.exitStatus, reason: exit.reason)
            }
            try turn(&set, signals)
        }
    }

    /// Waits once and does what is then to be done.
    private func turn(_ set: inout PollSet, _ signals: borrowing SignalFD) throws(EngineError) {
        set.removeAll()
        _ = set.add(signals.descriptor, .readable)
        let manager =
            if let folder = absence?.watch.descriptor {
                set.add(folder, .readable)
            } else {
                set.add(client.connection.descriptor, client.connection.isWriting ? [.readable, .writable] : .readable)
            }
        let outputSlots = outputs.map { pump in
            pump.isHeldUp
                ? set.add(pump.sinkDescriptor, .writable)
                : pump.wantsSource ? set.add(pump.sourceDescriptor, .readable) : nil
        }
        let opening = input?.openingDescriptor.map { set.add($0, .readable) }
        let source = input?.sourceDescriptor.map { set.add($0, .readable) }
        let sink = input?.sinkDescriptor.map { set.add($0, .writable) }

        _ = try set.wait(patience)
        if client.deadline.hasPassed {
            throw EngineError(.deadlineExceeded, message: "it took longer than --timeout allows")
        }

        for (pump, slot) in zip(outputs, outputSlots) {
            if pump.isHeldUp ? set.isWritable(slot) : set.isReadable(slot) {
                pump.move()
                graceEnd = nil
            }
        }
        if set.isReadable(opening) { try input?.opened() }
        if set.isReadable(source) || set.isWritable(sink) { input?.move(sourceIsReady: set.isReadable(source)) }
        while let signal = try signals.take() { try handle(signal) }
        if absence != nil {
            try lookForManager(wasWoken: set.isReadable(manager))
        } else {
            if set.isWritable(manager), client.connection.isWriting { client.connection.writeAvailable() }
            if set.isReadable(manager) { client.connection.readAvailable() }
            try hear()
        }
        closeInput()
    }

    /// How long the next wait may be.
    private var patience: Duration? {
        var shortest = client.deadline.remaining
        func consider(_ other: Duration?) {
            guard let other else { return }
            shortest = min(shortest ?? other, other)
        }
        if let moment = absence?.retryAt { consider(max(.zero, ContinuousClock.now.duration(to: moment))) }
        if exit != nil, !outputs.contains(where: { $0.isHeldUp }) {
            let end = graceEnd ?? ContinuousClock.now + host.grace
            graceEnd = end
            consider(max(.zero, ContinuousClock.now.duration(to: end)))
        }
        return shortest
    }

    private var graceHasPassed: Bool {
        guard let graceEnd, !outputs.contains(where: { $0.isHeldUp }) else { return false }
        return graceEnd <= ContinuousClock.now
    }

    private func report() {
        for pump in outputs {
            if let failure = pump.failure { notify("output was cut off: \(failure)") }
        }
    }
}
