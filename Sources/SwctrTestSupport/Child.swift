import CTestSupport
import Glibc

/// How a program ended and what it said.
public struct Outcome {
    public let command: [String]
    /// 0-255 as the program gave it; 128+n for death by signal n.
    public let status: Int32
    public let output: [UInt8]
    public let errors: [UInt8]

    public var text: String { String(decoding: output, as: UTF8.self) }
    public var errorText: String { String(decoding: errors, as: UTF8.self) }
    public var lines: [String] { text.split(separator: "\n").map(String.init) }
}

/// A program that a test started. One thread at a time may use it.
///
/// Output is taken in while the test waits (`wait`, `expect`), so that nothing is read behind its back. A child that is
/// still there when its owner goes is killed.
public final class Child {
    public enum Input {
        case null
        case bytes([UInt8])
        /// Written later, with `send`.
        case open
        /// A terminal of this size for all three streams, in a session of its own.
        case terminal(rows: UInt16, columns: UInt16)
    }

    public let processID: pid_t
    public let command: [String]
    public private(set) var output: [UInt8] = []
    public private(set) var errors: [UInt8] = []
    public private(set) var status: Int32?

    /// What has come on stdout so far.
    public var text: String { String(decoding: output, as: UTF8.self) }

    private let end: Descriptor
    private var outputEnd: Descriptor?
    private var errorEnd: Descriptor?
    private var inputEnd: Descriptor?
    private var pending: [UInt8] = []
    private var closesInput = false
    private var matched = 0
    private let isTerminal: Bool

    /// Starts `command`; a name without a slash is looked up in `environment`'s PATH.
    ///
    /// - Parameter log: a file that takes what it says on stdout and stderr, after what is there already; nothing of it
    ///   is kept here then.
    public init(
        _ command: [String], environment: [String: String] = Child.environment, directory: String = "/",
        input: Input = .null, log: String? = nil
    ) throws {
        _ = Glibc.signal(SIGPIPE, SIG_IGN)
        self.command = command
        var plan = SpawnPlan()
        defer { plan.destroy() }
        var childEnds: [Descriptor] = []
        switch input {
        case .terminal(let rows, let columns):
            isTerminal = true
            let terminal = try Terminal(rows: rows, columns: columns)
            plan.startSession()
            plan.open(terminal.path, as: 0)
            plan.duplicate(0, as: 1)
            plan.duplicate(0, as: 2)
            outputEnd = terminal.main
            inputEnd = terminal.main
        case .null, .bytes, .open:
            isTerminal = false
            if case .null = input {
                plan.open("/dev/null", as: 0)
            } else {
                let pipe = try Descriptor.pipe()
                plan.duplicate(pipe.read.number, as: 0)
                inputEnd = pipe.write
                childEnds.append(pipe.read)
            }
            if case .bytes(let bytes) = input {
                pending = bytes
                closesInput = true
            }
            if let log {
                plan.append(log, as: 1)
                plan.duplicate(1, as: 2)
            } else {
                let (out, error) = (try Descriptor.pipe(), try Descriptor.pipe())
                plan.duplicate(out.write.number, as: 1)
                plan.duplicate(error.write.number, as: 2)
                outputEnd = out.read
                errorEnd = error.read
                childEnds += [out.write, error.write]
            }
        }
        plan.directory(directory)
        processID = try plan.spawn(command, environment)
        end = try Descriptor.process(processID)
        for descriptor in childEnds { descriptor.close() }
        for descriptor in [outputEnd, errorEnd, inputEnd] { descriptor?.setNonBlocking() }
    }

    deinit {
        guard status == nil else { return }
        kill(processID, SIGKILL)
        var ignored: Int32 = 0
        waitpid(processID, &ignored, 0)
    }

    /// The tests' own environment, and nothing of the user's that would lead elsewhere.
    public static var environment: [String: String] {
        var result = ["PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8"]
        for name in ["PATH", "HOME", "TMPDIR"] {
            if let value = getenv(name) { result[name] = String(cString: value) }
        }
        return result
    }

    /// Waits for the end of the program and of its output.
    ///
    /// - Throws: where the deadline comes first: with the program still running, or with its output still held open by
    ///   somebody it left behind.
    public func wait(within limit: Duration = .seconds(30)) throws -> Outcome {
        try pump(within: limit) { self.status != nil && self.outputEnd == nil && self.errorEnd == nil }
        guard let status else { throw failure("did not end in \(limit)") }
        if outputEnd != nil || errorEnd != nil { throw failure("ended, but its output is still held open") }
        return Outcome(command: command, status: status, output: output, errors: errors)
    }

    /// Waits until `text` has come on stdout after what was matched before; on a terminal stderr counts too.
    public func expect(_ text: String, within limit: Duration = .seconds(20)) throws {
        let wanted = Array(text.utf8)
        var position: Int?
        try pump(within: limit) {
            position = Self.find(wanted, in: self.output, from: self.matched)
            return position != nil || (self.outputEnd == nil && self.status != nil)
        }
        guard let position else { throw failure("\"\(text)\" did not come in \(limit)") }
        matched = position + wanted.count
    }

    /// Waits until `text` has come on stderr.
    public func expectError(_ text: String, within limit: Duration = .seconds(20)) throws {
        let wanted = Array(text.utf8)
        var found = false
        try pump(within: limit) {
            found = Self.find(wanted, in: self.errors, from: 0) != nil
            return found || (self.errorEnd == nil && self.status != nil)
        }
        if !found { throw failure("\"\(text)\" did not come on stderr in \(limit)") }
    }

    /// Whether `text` comes on stdout within `limit`; no error if not.
    public func shows(_ text: String, within limit: Duration) throws -> Bool {
        let wanted = Array(text.utf8)
        try pump(within: limit) {
            Self.find(wanted, in: self.output, from: self.matched) != nil || self.outputEnd == nil
        }
        return Self.find(wanted, in: output, from: matched) != nil
    }

    /// Queues bytes for the program's stdin; they go out while the test waits.
    public func send(_ text: String) { pending += Array(text.utf8) }

    /// Ends the program's stdin after what was sent.
    public func closeInput() { closesInput = true }

    public func signal(_ number: Int32) { kill(processID, number) }

    /// Changes the size of the program's terminal; it gets SIGWINCH.
    public func resize(rows: UInt16, columns: UInt16) throws {
        guard isTerminal, let outputEnd else { throw failure("has no terminal") }
        var size = winsize(ws_row: rows, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0)
        guard ioctl(outputEnd.number, UInt(TIOCSWINSZ), &size) == 0 else { throw failure("resize: errno \(errno)") }
    }

    private func failure(_ what: String) -> TestFailure {
        TestFailure(
            "`\(command.joined(separator: " "))` \(what); status \(status.map(String.init) ?? "none"), "
                + "stdout: \(excerpt(output)), stderr: \(excerpt(errors))")
    }

    // MARK: Moving bytes

    private func pump(within limit: Duration, until done: () -> Bool) throws {
        let deadline = Patience.deadline(after: limit)
        while true {
            flushInput()
            if done() || ContinuousClock.now >= deadline { return }
            var wanted: [(descriptor: Int32, events: Int16)] = []
            if status == nil { wanted.append((end.number, Int16(POLLIN))) }
            if let outputEnd { wanted.append((outputEnd.number, Int16(POLLIN))) }
            if let errorEnd { wanted.append((errorEnd.number, Int16(POLLIN))) }
            if let inputEnd, !pending.isEmpty { wanted.append((inputEnd.number, Int16(POLLOUT))) }
            if wanted.isEmpty { return }
            _ = awaitReadiness(wanted, until: deadline)
            reap()
            if let open = outputEnd, !drain(open, into: \.output) {
                outputEnd = nil
                if isTerminal { inputEnd = nil }
            }
            if let open = errorEnd, !drain(open, into: \.errors) { errorEnd = nil }
        }
    }

    private func reap() {
        guard status == nil else { return }
        var raw: Int32 = 0
        guard waitpid(processID, &raw, WNOHANG) == processID else { return }
        status = raw & 0x7f == 0 ? (raw >> 8) & 0xff : 128 + (raw & 0x7f)
    }

    /// Takes what is there; false at the end of the stream.
    private func drain(_ source: Descriptor, into target: ReferenceWritableKeyPath<Child, [UInt8]>) -> Bool {
        var chunk = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = read(source.number, &chunk, chunk.count)
            if count > 0 {
                self[keyPath: target] += chunk[..<count]
            } else if count < 0 && (errno == EAGAIN || errno == EINTR) {
                return true
            } else {
                return false
            }
        }
    }

    private func flushInput() {
        while let inputEnd, !pending.isEmpty {
            let count = write(inputEnd.number, pending, pending.count)
            if count > 0 {
                pending.removeFirst(count)
            } else if errno != EINTR {
                if errno != EAGAIN { pending = [] }
                break
            }
        }
        if closesInput && pending.isEmpty && !isTerminal { inputEnd = nil }
    }

    private static func find(_ wanted: [UInt8], in bytes: [UInt8], from start: Int) -> Int? {
        guard !wanted.isEmpty, bytes.count - start >= wanted.count else { return nil }
        return (start...(bytes.count - wanted.count)).first { offset in
            bytes[offset] == wanted[0] && bytes[offset..<(offset + wanted.count)].elementsEqual(wanted)
        }
    }
}

/// Runs `command` to its end.
@discardableResult
public func run(
    _ command: [String], environment: [String: String] = Child.environment, directory: String = "/",
    input: Child.Input = .null, within limit: Duration = .seconds(30)
) throws -> Outcome {
    try Child(command, environment: environment, directory: directory, input: input).wait(within: limit)
}

/// Runs `command`, which must succeed.
@discardableResult
public func must(
    _ command: [String], environment: [String: String] = Child.environment, directory: String = "/",
    input: Child.Input = .null, within limit: Duration = .seconds(30)
) throws -> Outcome {
    let outcome = try run(command, environment: environment, directory: directory, input: input, within: limit)
    if outcome.status != 0 {
        throw TestFailure(
            "`\(command.joined(separator: " "))` ended with \(outcome.status): \(excerpt(outcome.errors))"
                + excerpt(outcome.output))
    }
    return outcome
}
