import CShim

/// What the streams of a process need of their surroundings.
struct StdioContext {
    var loop: EventLoop
    var options: RuntimeOptions
    /// The container's id, or the exec's; and its namespace: a logging program is told.
    var id: Text
    var namespace: Text
    /// The container's directory.
    var bundle: Text
    /// /dev/null.
    var null: Int32
    var scratch: Scratch
    var logs: LogFiles
    /// Has the loop call back when a child of ours has ended.
    var adopt: (pid_t, @escaping () -> Void) -> Void
}

/// Where the two outputs go, before the process's ends are made.
struct OutputSinks: ~Copyable {
    var out = Sink()
    var err = Sink()
}

/// All streams of one process.
final class Stdio {
    private let loop: EventLoop
    private let scratch: Scratch
    private let isTerminal: Bool
    private var outputs: [OutputPump] = []
    private var input: InputPump?
    private var console: ConsoleListener?
    private var logger: LoggingProgram?
    /// A terminal's master, for its size; the pumps have descriptors of their own.
    private var master = OwnedFD()
    private var windowSize: (rows: UInt16, columns: UInt16)?
    private var processHasExited = false
    private var drainWaiters: [() -> Void] = []

    /// What a terminal's pumps are made of when its master arrives.
    private var waitingSink = Sink()
    private var waitingSource = OwnedFD()
    private var waitingHold = OwnedFD()

    /// The process's ends, closed once it has been started.
    private var childInput = OwnedFD()
    private var childOutput = OwnedFD()
    private var childError = OwnedFD()

    /// Called when the runtime has handed over the terminal.
    var onTerminal: (() -> Void)?

    /// Opens the client's ends and makes the process's.
    ///
    /// An error leaves nothing open. Without a terminal each of the three may be missing; with one, stderr is unused.
    init(_ context: StdioContext, _ addresses: StdioAddresses, isTerminal: Bool) throws(RPCError) {
        loop = context.loop
        scratch = context.scratch
        self.isTerminal = isTerminal
        do throws(RPCError) {
            var sinks = OutputSinks()
            if case .program(let address) = addresses.output {
                try startLogger(address, context, &sinks)
            } else {
                // A terminal must be read in any case, or its process stops when the kernel's buffer is full.
                let isUnread = isTerminal && addresses.output == .none
                sinks.out = try Sink.open(isUnread ? .path("/dev/null") : addresses.output, "stdout", context.logs)
                if !isTerminal { sinks.err = try Sink.open(addresses.error, "stderr", context.logs) }
            }
            if isTerminal {
                swap(&waitingSink, &sinks.out)
                try openInput(addresses.input)
                console = try ConsoleListener(loop: loop, bundle: context.bundle, id: context.id) { [self] master in
                    attach(master)
                }
            } else {
                try makeOutput(&sinks.out, &childOutput, context.options)
                try makeOutput(&sinks.err, &childError, context.options)
                try openInput(addresses.input)
                if waitingSource.isOpen { try makeInput(context.options) }
            }
        } catch {
            close()
            throw error
        }
    }

    /// Calls back when everything that was started for the streams is ready, at once if nothing was.
    func whenReady(_ action: @escaping (RPCError?) -> Void) {
        if let logger, logger.isWaiting {
            logger.onReady = action
        } else {
            action(nil)
        }
    }

    /// Value of `--console-socket`; nil without a terminal.
    var consoleSocket: Text? { console?.path }

    /// True until the runtime has handed the terminal over.
    var awaitsTerminal: Bool { console != nil }

    /// Descriptors 0, 1 and 2 for the runtime; `null` stands in for what is not wanted.
    func childDescriptors(null: Int32, output: Int32) -> [Int32] {
        if isTerminal { return [null, output, output] }
        return [
            childInput.isOpen ? childInput.raw : null, childOutput.isOpen ? childOutput.raw : null,
            childError.isOpen ? childError.raw : null,
        ]
    }

    /// The runtime has its copies: from here on, end of file is the process's doing.
    func closeChildEnds() {
        childInput.close()
        childOutput.close()
        childError.close()
    }

    /// Takes a terminal that was sent before the runtime ended, if the loop has not seen it yet.
    func pollTerminal() {
        console?.poll()
    }

    func closeInput() {
        waitingHold.close()
        input?.endInput()
    }

    func resize(rows: UInt16, columns: UInt16) {
        guard isTerminal else { return }
        windowSize = (rows, columns)
        if master.isOpen { _ = shim_set_window_size(master.raw, rows, columns) }
    }

    func processExited() {
        processHasExited = true
        input?.close()
        input = nil
        for output in outputs { output.processExited() }
        outputFinished()
    }

    /// Calls `action` when all output has been passed on, at once if it has.
    func whenDrained(_ action: @escaping () -> Void) {
        if isDrained {
            action()
        } else {
            drainWaiters.append(action)
        }
    }

    func close() {
        closeChildEnds()
        console?.close()
        console = nil
        onTerminal = nil
        waitingSink.close()
        waitingSource.close()
        waitingHold.close()
        input?.close()
        input = nil
        master.close()
        for output in outputs { output.close() }
        outputs = []
        logger?.onReady = nil
        logger?.onExit = nil
        logger?.terminate()
        logger = nil
        finished()
    }

    /// All output has been passed on, and who takes it has had the time to.
    private var isDrained: Bool {
        outputs.allSatisfy { $0.isFinished } && logger?.hasExited ?? true
    }

    private func finished() {
        if processHasExited || outputs.isEmpty { master.close() }
        let waiters = drainWaiters
        drainWaiters = []
        for waiter in waiters { waiter() }
    }

    private func outputFinished() {
        guard outputs.allSatisfy({ $0.isFinished }) else { return }
        if let logger, !logger.hasExited {
            logger.end()
        } else {
            finished()
        }
    }

    private func startLogger(
        _ address: LoggingAddress, _ context: StdioContext, _ sinks: inout OutputSinks
    ) throws(RPCError) {
        let (outReader, outWriter) = try Self.makePipe()
        let out = OwnedFD(adopting: outReader)
        sinks.out = Sink.pipe(adopting: outWriter)
        let (errReader, errWriter) = try Self.makePipe()
        let err = OwnedFD(adopting: errReader)
        sinks.err = Sink.pipe(adopting: errWriter)
        // With a terminal nothing comes on stderr: its pipe ends at once.
        if isTerminal { sinks.err.close() }
        let program = try LoggingProgram(address, context, stdout: out.raw, stderr: err.raw)
        program.onExit = { [self] in outputFinished() }
        logger = program
    }

    private func makeOutput(_ waiting: inout Sink, _ end: inout OwnedFD, _ options: RuntimeOptions) throws(RPCError) {
        guard waiting.isWanted else { return }
        var sink = Sink()
        swap(&sink, &waiting)
        let (reader, writer) = try Self.makePipe()
        end.replace(adopting: writer)
        _ = fchown(writer, options.ioUID, options.ioGID)
        outputs.append(
            OutputPump(
                loop: loop, scratch: scratch, source: OwnedFD(adopting: reader), isTerminal: false, sink: sink
            ) { [self] in outputFinished() })
    }

    private func openInput(_ address: StdioAddress) throws(RPCError) {
        guard case .path(let path) = address else { return }
        if try !Sink.isFIFO(path) {
            if isTerminal { return }
            // A plain file or device needs no pump: the process reads it itself.
            childInput.replace(adopting: path.withCString { shim_open($0, O_RDONLY | O_NOCTTY, 0) })
            if !childInput.isOpen { throw Sink.openError("opening file", path) }
            return
        }
        waitingSource.replace(adopting: path.withCString { shim_open($0, O_RDONLY | O_NONBLOCK, 0) })
        if !waitingSource.isOpen { throw Sink.openError("opening r/o fifo", path) }
        waitingHold.replace(adopting: path.withCString { shim_open($0, O_WRONLY | O_NONBLOCK, 0) })
    }

    private func makeInput(_ options: RuntimeOptions) throws(RPCError) {
        let (reader, writer) = try Self.makePipe()
        childInput.replace(adopting: reader)
        _ = fchown(reader, options.ioUID, options.ioGID)
        input = InputPump(
            loop: loop, scratch: scratch, source: OwnedFD(adopting: waitingSource.take()),
            hold: OwnedFD(adopting: waitingHold.take()), destination: OwnedFD(adopting: writer), isTerminal: false)
    }

    static func makePipe() throws(RPCError) -> (reader: Int32, writer: Int32) {
        var ends: (Int32, Int32) = (-1, -1)
        let result = withUnsafeMutableBytes(of: &ends) { buffer in
            pipe2(buffer.baseAddress?.assumingMemoryBound(to: Int32.self), O_CLOEXEC)
        }
        if result != 0 { throw RPCError(.unknown, SystemError("create pipe").text) }
        return (ends.0, ends.1)
    }

    private func attach(_ descriptor: Int32) {
        console = nil
        master.replace(adopting: descriptor)
        if let windowSize { _ = shim_set_window_size(descriptor, windowSize.rows, windowSize.columns) }
        if waitingSink.isWanted {
            var sink = Sink()
            swap(&sink, &waitingSink)
            outputs.append(
                OutputPump(
                    loop: loop, scratch: scratch, source: OwnedFD(adopting: shim_duplicate(descriptor)),
                    isTerminal: true, sink: sink
                ) { [self] in outputFinished() })
        }
        if waitingSource.isOpen {
            input = InputPump(
                loop: loop, scratch: scratch, source: OwnedFD(adopting: waitingSource.take()),
                hold: OwnedFD(adopting: waitingHold.take()), destination: OwnedFD(adopting: shim_duplicate(descriptor)),
                isTerminal: true)
        }
        let notify = onTerminal
        onTerminal = nil
        notify?()
    }
}
