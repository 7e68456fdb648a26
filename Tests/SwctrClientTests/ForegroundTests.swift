import Foundation
import SwctrCore
import SwctrLinux
import SwctrProto
import SwctrWire
import Testing

@testable import SwctrClient

/// The whole loop, with real FIFOs and pipes, a script for the manager and one for the shim.
@Suite("Staying with a process", .serialized)
final class ForegroundTests {
    let folder: String
    let fifos: FIFOSet
    let said = Lines()

    init() throws {
        signal(SIGPIPE, SIG_IGN)
        folder = NSTemporaryDirectory() + "swctr-foreground-\(UUID().uuidString.prefix(8))"
        fifos = try FIFOSet(creating: "a", below: folder, terminal: false)
    }

    deinit { try? FileManager.default.removeItem(atPath: folder) }

    final class Lines: @unchecked Sendable {
        // Appended to and read on the test's own thread only.
        var all: [String] = []
    }

    /// A file that holds `bytes`, or is empty, open for reading and writing.
    private func file(_ name: String, _ bytes: Data = Data()) throws -> OwnedFD {
        try bytes.write(to: URL(fileURLWithPath: "\(folder)/\(name)"))
        return try openFile("\(folder)/\(name)", O_RDWR)
    }

    private static func rawPipe() -> (reader: Int32, writer: Int32) {
        var ends: [Int32] = [-1, -1]
        _ = pipe(&ends)
        return (ends[0], ends[1])
    }

    private func contents(_ name: String) throws -> Data {
        try Data(contentsOf: URL(fileURLWithPath: "\(folder)/\(name)"))
    }

    /// Plays the shim for one stream: opens it as containerd's shim does, holding the reading end as well.
    private static func output(_ path: String, _ bytes: Data) throws {
        let writer = try openFile(path, O_WRONLY)
        let hold = try openFile(path, O_RDONLY | O_NONBLOCK)
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Foundation.write(writer.number, $0.baseAddress, min($0.count, 1 << 20)) }
            guard count > 0 else { throw EngineError.system("write", subject: path) }
            rest = rest.dropFirst(count)
        }
        _ = hold.number
    }

    private func run(
        host: ForegroundProcess.Host, fifos: FIFOSet? = nil, terminal: Bool = false, address: String = "/nonexistent",
        script: @escaping @Sendable (ScriptedManager) throws -> Void
    ) throws -> ForegroundProcess.Outcome {
        let (near, far) = try ScriptedManager.pair()
        let script = Script { try script(ScriptedManager(OwnedFD(adopting: far))) }
        let outcome = Result {
            // Gone when this has ended, which some scripts wait for.
            let client = Client(
                .init(address: address, timeout: .seconds(30)), over: Connection(adopting: OwnedFD(adopting: near)))
            let said = self.said
            let process = try ForegroundProcess(
                client, id: "a", fifos: fifos ?? self.fifos, terminal: terminal, host: host,
                notify: { said.all.append($0) })
            return try process.run(.call(method: "Run", request: Swctr_V1_RunRequest()))
        }
        try script.join()
        return try outcome.get()
    }

    @Test("both outputs arrive apart and whole, and the exit status is the process's")
    func outputs() throws {
        let out = try file("out")
        let err = try file("err")
        let input = try file("in")
        var host = ForegroundProcess.Host()
        (host.input, host.output, host.error) = (input.number, out.number, err.number)
        let fifos = fifos
        let outcome = try run(host: host) { manager in
            let call = try manager.next("Run")
            try manager.started(call)
            try Self.output(fifos.stdout, Data("out\n".utf8))
            try Self.output(fifos.stderr, Data("err\n".utf8))
            try manager.exited(call, 42)
        }
        #expect(outcome == .exited(status: 42, reason: ""))
        #expect(try contents("out") == Data("out\n".utf8))
        #expect(try contents("err") == Data("err\n".utf8))
    }

    @Test("64 MiB come through a pipe and through a file unchanged", arguments: [true, false])
    func bulk(throughPipe: Bool) throws {
        let block = [UInt8]((0..<100_003).map { UInt8(truncatingIfNeeded: $0 &* 2_654_435_761 >> 13) })
        var bytes = Data()
        while bytes.count < 64 << 20 { bytes += block }
        let out = try file("out")
        let input = try file("in")
        let (reader, writer) = Self.rawPipe()
        let folder = folder
        let copier = Script {
            _ = FileManager.default.createFile(atPath: "\(folder)/copied", contents: nil)
            let handle = FileHandle(fileDescriptor: reader, closeOnDealloc: true)
            let copy = try FileHandle(forWritingTo: URL(fileURLWithPath: "\(folder)/copied"))
            while let part = try handle.read(upToCount: 1 << 20), !part.isEmpty { try copy.write(contentsOf: part) }
        }
        var host = ForegroundProcess.Host()
        (host.input, host.output) = (input.number, throughPipe ? writer : out.number)
        let (fifos, sent) = (fifos, bytes)
        let outcome = try run(host: host) { manager in
            let call = try manager.next("Run")
            try manager.started(call)
            try Self.output(fifos.stdout, sent)
            try Self.output(fifos.stderr, Data())
            try manager.exited(call, 0)
        }
        close(writer)
        try copier.join()
        #expect(outcome == .exited(status: 0, reason: ""))
        #expect(try contents(throughPipe ? "copied" : "out") == bytes)
    }

    @Test("when nobody reads our output any more, the process's is drained all the same")
    func brokenPipe() throws {
        let (reader, writer) = Self.rawPipe()
        close(reader)
        defer { close(writer) }
        let err = try file("err")
        let input = try file("in")
        var host = ForegroundProcess.Host()
        (host.input, host.output, host.error) = (input.number, writer, err.number)
        let fifos = fifos
        let outcome = try run(host: host) { manager in
            let call = try manager.next("Run")
            try manager.started(call)
            try Self.output(fifos.stdout, Data(repeating: 1, count: 8 << 20))
            try Self.output(fifos.stderr, Data("still\n".utf8))
            try manager.exited(call, 3)
        }
        #expect(outcome == .exited(status: 3, reason: ""))
        #expect(try contents("err") == Data("still\n".utf8))
        #expect(said.all.isEmpty)
    }

    @Test("input arrives whole, and its end closes the process's stdin", arguments: [0, 5, 8 << 20])
    func input(count: Int) throws {
        let bytes = Data([UInt8]((0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31 >> 3) }))
        let input = try file("in", bytes)
        let out = try file("out")
        var host = ForegroundProcess.Host()
        (host.input, host.output, host.error) = (input.number, out.number, out.number)
        let fifos = fifos
        let outcome = try run(host: host) { manager in
            let call = try manager.next("Run")
            // As containerd's shim does: it holds the writing end too, so that only CloseIO ends the input. And it comes
            // late: the user's input has ended by now, and nobody is there yet to be told of it.
            let holder = Holder(fifos.stdin)
            let reader = FileHandle(fileDescriptor: try openFile(fifos.stdin, O_RDONLY).release(), closeOnDealloc: true)
            try manager.started(call)
            var got = Data()
            while got.count < bytes.count, let part = try reader.read(upToCount: bytes.count - got.count) {
                got += part
            }
            #expect(got == bytes)
            let closing = try manager.next()
            #expect(closing.method == "CloseIO")
            try holder.letGo()
            try manager.respond(closing)
            #expect(try reader.readToEnd() ?? Data() == Data())
            try Self.output(fifos.stdout, Data())
            try Self.output(fifos.stderr, Data())
            try manager.exited(call, 0)
        }
        #expect(outcome == .exited(status: 0, reason: ""))
    }

    /// Opens a FIFO's writing end, which waits for its reader, and holds it.
    private final class Holder: @unchecked Sendable {
        // Written by the thread before it ends, read after the join.
        private var fd: Int32 = -1
        private var opening: Script?

        init(_ path: String) { opening = Script { self.fd = try openFile(path, O_WRONLY).release() } }

        func letGo() throws {
            try opening?.join()
            close(fd)
        }
    }

    @Test("a signal goes to the process, one that came early as soon as it runs")
    func signals() throws {
        let input = try file("in")
        let out = try file("out")
        var host = ForegroundProcess.Host()
        (host.input, host.output, host.error) = (input.number, out.number, out.number)
        let here = UInt(pthread_self())
        let outcome = try run(host: host, fifos: FIFOSet(existing: Swctr_V1_Stdio())) { manager in
            let call = try manager.next("Run")
            pthread_kill(here, SIGTERM)
            try manager.started(call)
            let early = try manager.next("Kill")
            #expect(try early.message(Swctr_V1_KillTaskRequest.self).signal == UInt32(SIGTERM))
            try manager.respond(early)
            pthread_kill(here, SIGUSR1)
            let late = try manager.next("Kill")
            #expect(try late.message(Swctr_V1_KillTaskRequest.self).signal == UInt32(SIGUSR1))
            manager.fail(late, EngineError(.notFound, message: "gone"))
            try manager.exited(call, 143)
        }
        #expect(outcome == .exited(status: 143, reason: ""))
    }

    @Test("a child that holds the output open does not hold us for ever")
    func grace() throws {
        let input = try file("in")
        let out = try file("out")
        var host = ForegroundProcess.Host()
        (host.input, host.output, host.error) = (input.number, out.number, out.number)
        host.grace = .milliseconds(50)
        let fifos = fifos
        let outcome = try run(host: host) { manager in
            let call = try manager.next("Run")
            let writer = try openFile(fifos.stdout, O_WRONLY)
            #expect(Foundation.write(writer.number, "last words\n", 11) == 11)
            try manager.started(call)
            try manager.exited(call, 0)
            // Held until the client has gone.
            while (try? manager.frame()) != nil {}
            _ = writer.number
        }
        #expect(outcome == .exited(status: 0, reason: ""))
        #expect(try contents("out") == Data("last words\n".utf8))
    }

    @Test(
        "while the manager is away output is copied, and when it is back the exit status is asked for",
        arguments: [true, false])
    func managerReturns(startIsTold: Bool) throws {
        let address = "\(folder)/swctrd.sock"
        let input = try file("in")
        let out = try file("out")
        var host = ForegroundProcess.Host()
        (host.input, host.output, host.error) = (input.number, out.number, out.number)
        let fifos = fifos
        let outcome = try run(host: host, address: address) { manager in
            let call = try manager.next("Run")
            if startIsTold {
                try manager.started(call)
                manager.hangUp()
                try Self.output(fifos.stdout, Data("meanwhile\n".utf8))
            } else {
                // Only the output tells that the process runs.
                try Self.output(fifos.stdout, Data("meanwhile\n".utf8))
                manager.hangUp()
            }
            try Self.output(fifos.stderr, Data())
            let listener = try UnixSocket.bind(at: address, mode: 0o600)
            guard listen(listener.number, 4) == 0 else { throw EngineError.system("listen", subject: address) }
            let second = ScriptedManager(OwnedFD(adopting: accept(listener.number, nil, nil)))
            let wait = try second.next("Wait")
            #expect(try wait.message(Swctr_V1_WaitTaskRequest.self).id == "a")
            var response = Swctr_V1_WaitTaskResponse()
            response.exited.exitStatus = 7
            try second.respond(wait, response)
        }
        #expect(outcome == .exited(status: 7, reason: ""))
        #expect(try contents("out") == Data("meanwhile\n".utf8))
        #expect(said.all == ["manager is gone; waiting for it to come back"])
    }

    @Test("a manager that comes back without knowing the process: its status is lost, not invented")
    func statusLost() throws {
        let address = "\(folder)/swctrd.sock"
        let input = try file("in")
        let out = try file("out")
        var host = ForegroundProcess.Host()
        (host.input, host.output, host.error) = (input.number, out.number, out.number)
        let error = #expect(throws: EngineError.self) {
            _ = try run(host: host, fifos: FIFOSet(existing: Swctr_V1_Stdio()), address: address) { manager in
                try manager.started(try manager.next("Run"))
                manager.hangUp()
                let listener = try UnixSocket.bind(at: address, mode: 0o600)
                guard listen(listener.number, 4) == 0 else { throw EngineError.system("listen", subject: address) }
                let second = ScriptedManager(OwnedFD(adopting: accept(listener.number, nil, nil)))
                second.fail(try second.next("Wait"), EngineError(.notFound, message: "no task"))
                while (try? second.frame()) != nil {}
            }
        }
        #expect(error?.code == .dataLoss)
    }

    @Test("a container that cannot be started is an error")
    func refused() throws {
        var host = ForegroundProcess.Host()
        let input = try file("in")
        host.input = input.number
        let error = #expect(throws: EngineError.self) {
            _ = try run(host: host) { manager in
                manager.fail(
                    try manager.next("Run"), EngineError(.notFound, subject: "image \"x\"", message: "not found"))
                while (try? manager.frame()) != nil {}
            }
        }
        #expect(error?.code == .notFound)
    }

    @Test("a terminal is raw while the process runs, follows in size, and is given back")
    func terminal() throws {
        let pty = try PTY()
        try Terminal.resize(pty.controller.number, to: TerminalSize(rows: 30, columns: 90))
        var before = termios()
        tcgetattr(pty.terminal.number, &before)
        let fifos = try FIFOSet(creating: "t", below: folder, terminal: true)
        #expect(fifos.stderr.isEmpty)
        var host = ForegroundProcess.Host()
        (host.input, host.output, host.error) = (pty.terminal.number, pty.terminal.number, pty.terminal.number)
        let here = UInt(pthread_self())
        let (terminal, controller) = (pty.terminal.number, pty.controller.number)
        let outcome = try run(host: host, fifos: fifos, terminal: true) { manager in
            let call = try manager.next("Run")
            try manager.started(call)
            let first = try manager.next("ResizePty")
            let size = try first.message(Swctr_V1_ResizeTaskPtyRequest.self).size
            #expect((size.width, size.height) == (90, 30))
            try manager.respond(first)
            var raw = termios()
            tcgetattr(terminal, &raw)
            #expect(raw.c_lflag & tcflag_t(ICANON | ECHO | ISIG) == 0)
            try Terminal.resize(controller, to: TerminalSize(rows: 44, columns: 132))
            pthread_kill(here, SIGWINCH)
            let second = try manager.next("ResizePty")
            #expect(try second.message(Swctr_V1_ResizeTaskPtyRequest.self).size.width == 132)
            // A key press is a byte: ^C does not end the client.
            #expect(Foundation.write(controller, "\u{3}", 1) == 1)
            let reader = try openFile(fifos.stdin, O_RDONLY)
            var byte: UInt8 = 0
            #expect(Foundation.read(reader.number, &byte, 1) == 1)
            #expect(byte == 3)
            try Self.output(fifos.stdout, Data("hello\r\n".utf8))
            try manager.exited(call, 0)
        }
        #expect(outcome == .exited(status: 0, reason: ""))
        var after = termios()
        tcgetattr(pty.terminal.number, &after)
        #expect(after.c_lflag == before.c_lflag)
        #expect(after.c_oflag == before.c_oflag)
    }

    @Test("with a terminal the end of piped input is a ^D, not a hang-up")
    func endOfTransmission() throws {
        let input = try file("in", Data("ls".utf8))
        let out = try file("out")
        let fifos = try FIFOSet(creating: "t", below: folder, terminal: true)
        var host = ForegroundProcess.Host()
        (host.input, host.output, host.error) = (input.number, out.number, out.number)
        let outcome = try run(host: host, fifos: fifos, terminal: true) { manager in
            let call = try manager.next("Run")
            let reader = try openFile(fifos.stdin, O_RDONLY)
            try manager.started(call)
            var bytes = [UInt8](repeating: 0, count: 4)
            var count = 0
            while count < 4 { count += Foundation.read(reader.number, &bytes[count], 4 - count) }
            #expect(bytes == [UInt8(ascii: "l"), UInt8(ascii: "s"), 4, 4])
            try Self.output(fifos.stdout, Data())
            try manager.exited(call, 0)
        }
        #expect(outcome == .exited(status: 0, reason: ""))
    }
}
