import CSwctrLinux
import Glibc
public import SwctrCore

/// A program that is run to its end for its answer: a shim's `start` and `delete`.
public struct Subprocess: Sendable {
    /// Absolute path.
    public var path: String
    /// Without the program's own name.
    public var arguments: [String]
    /// `KEY=VALUE`, all of it.
    public var environment: [String]
    public var directory: String?
    /// What it finds on its standard input; empty: /dev/null.
    public var input: [UInt8]

    public init(
        path: String, arguments: [String], environment: [String], directory: String? = nil, input: [UInt8] = []
    ) {
        self.path = path
        self.arguments = arguments
        self.environment = environment
        self.directory = directory
        self.input = input
    }

    /// How it ended and what it said.
    public struct Outcome: Sendable {
        public var status: ExitStatus
        public var output: [UInt8]
        public var errors: [UInt8]

        /// Everything it said, in one line, for a message.
        public var text: String {
            [errors, output].map { String(decoding: $0, as: UTF8.self) }
                .flatMap { $0.split(whereSeparator: \.isNewline) }
                .map { $0.trimmingPrefix { $0 == " " } }
                .filter { !$0.isEmpty }
                .joined(separator: "; ")
        }
    }

    /// Runs it and blocks the thread until it has ended. Only the program's own end counts: a daemon that it leaves
    /// behind may keep the pipes open for as long as it likes.
    ///
    /// - Parameters:
    ///   - timeout: after it, the program's process group is killed.
    ///   - outputLimit: bytes of each stream that are kept; what comes beyond is read and dropped.
    /// - Throws: `.deadlineExceeded` with what it had said; what starting it failed with.
    public func run(timeout: Duration, outputLimit: Int = 1 << 20) throws(EngineError) -> Outcome {
        var output = try CapturedPipe(limit: outputLimit)
        var errors = try CapturedPipe(limit: outputLimit)
        let child = try spawn(output: output.takeWriter(), errors: errors.takeWriter())
        let deadline = ContinuousClock.now + timeout
        while true {
            let left = ContinuousClock.now.duration(to: deadline)
            if left <= .zero { break }
            var entries = [
                pollfd(fd: child.descriptor, events: Int16(POLLIN), revents: 0),
                pollfd(fd: output.descriptor, events: Int16(POLLIN), revents: 0),
                pollfd(fd: errors.descriptor, events: Int16(POLLIN), revents: 0),
            ]
            if poll(&entries, 3, left.pollMilliseconds) < 0, errno != EINTR {
                throw .system("poll", subject: path)
            }
            // What it wrote before its end is in the pipes by now.
            let status = try child.reap()
            output.drain()
            errors.drain()
            if let status { return Outcome(status: status, output: output.bytes, errors: errors.bytes) }
        }
        // The child leads its group, so what it started meanwhile goes with it.
        kill(-child.pid, SIGKILL)
        try? child.send(SIGKILL)
        _ = child.waitForEnd(timeout: .seconds(5))
        _ = try? child.reap()
        output.drain()
        errors.drain()
        let said = Outcome(status: .killed, output: output.bytes, errors: errors.bytes).text
        throw EngineError(
            .deadlineExceeded, operation: "run", subject: path,
            message: "killed after \(timeout) without an answer" + (said.isEmpty ? "" : ": \(said)"))
    }

    private func spawn(output: consuming OwnedFD, errors: consuming OwnedFD) throws(EngineError) -> PidFD {
        let inputNumber =
            input.isEmpty ? open("/dev/null", O_RDONLY | O_CLOEXEC) : swctr_memory_file(input, input.count)
        if inputNumber < 0 { throw .system("prepare standard input", subject: path) }
        let source = OwnedFD(adopting: inputNumber)
        var pid: pid_t = 0
        var pidfd: Int32 = -1
        let failure = withCStrings([path] + arguments) { argv in
            withCStrings(environment) { envp in
                path.withCString { program in
                    withOptionalCString(directory) { directory in
                        var request = swctr_spawn(
                            path: program, argv: argv, envp: envp, directory: directory, input: source.number,
                            output: output.number, errors: errors.number)
                        return swctr_spawn(&request, &pid, &pidfd)
                    }
                }
            }
        }
        if failure != 0 { throw .system("run", subject: path, errno: failure) }
        return PidFD(adopting: pidfd, pid: pid)
    }
}

/// The reading end of a pipe, with what came out of it.
private struct CapturedPipe: ~Copyable {
    private let reader: OwnedFD
    private var writer: OwnedFD?
    private let limit: Int
    private(set) var bytes: [UInt8] = []
    private var isOpen = true

    init(limit: Int) throws(EngineError) {
        var ends: [Int32] = [-1, -1]
        if swctr_capture_pipe(&ends) != 0 { throw .system("make pipe", subject: "standard output") }
        reader = OwnedFD(adopting: ends[0])
        writer = OwnedFD(adopting: ends[1])
        self.limit = limit
    }

    /// Negative, which poll ignores, once the other side is closed.
    var descriptor: Int32 { isOpen ? reader.number : -1 }

    mutating func takeWriter() throws(EngineError) -> OwnedFD {
        guard let end = writer.take() else {
            throw EngineError(.internal, operation: "run", message: "pipe was handed out before")
        }
        return end
    }

    mutating func drain() {
        var chunk = [UInt8](repeating: 0, count: 4096)
        while isOpen {
            let count = read(reader.number, &chunk, chunk.count)
            if count > 0 {
                bytes += chunk[..<min(count, max(0, limit - bytes.count))]
            } else if count == 0 || (errno != EINTR && errno != EAGAIN) {
                isOpen = false
            } else if errno == EAGAIN {
                return
            }
        }
    }
}

private func withCStrings<R>(
    _ texts: [String], _ body: (UnsafePointer<UnsafeMutablePointer<CChar>?>) -> R
) -> R {
    var pointers: [UnsafeMutablePointer<CChar>?] = texts.map { strdup($0) }
    pointers.append(nil)
    defer { for pointer in pointers { free(pointer) } }
    return pointers.withUnsafeBufferPointer { buffer in
        // Never empty: the closing null is there.
        guard let base = buffer.baseAddress else { preconditionFailure("an array of one element has an address") }
        return body(base)
    }
}

private func withOptionalCString<R>(_ text: String?, _ body: (UnsafePointer<CChar>?) -> R) -> R {
    guard let text else { return body(nil) }
    return text.withCString { body($0) }
}
