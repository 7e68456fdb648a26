import Foundation
import SwctrProto
import SwctrTestSupport
import SwctrWire
import SwiftProtobuf

/// One shim, driven the way a daemon drives it: `start` with the bundle as working directory, then calls.
final class ShimFixture {
    let flavor: ShimFlavor
    let workspace: Workspace
    private(set) var events: EventCollector
    /// What `start` is run by.
    private let launcher: [String]
    private(set) var address = ""
    private var peers: [String: WirePeer] = [:]
    private var logHolders: [Int32] = []
    /// What the daemon's environment has besides; an empty value stands for none.
    var surroundings: [String: String] = [:]
    /// The daemon's program for events.
    var publishBinary = "/bin/true"
    /// Of the daemon, where it is another than nobody.
    var containerdAddress: String?
    /// Flags of `start` that are not always there.
    var flags: [String] = []
    /// What `start` finds on its stdin.
    var startInput: [UInt8]?
    /// The options of Create where they are not the flavor's.
    var options: Google_Protobuf_Any?

    private init(
        _ flavor: ShimFlavor, _ workspace: Workspace, launcher: [String], variables: [String: String]
    ) throws {
        self.flavor = flavor
        self.launcher = launcher
        surroundings = variables
        self.workspace = workspace
        events = try EventCollector(at: workspace.file("events"))
        workspace.atEnd { [self] in events.close() }
        try Self.makeRoot(workspace)
    }

    /// Runs `body` with a shim that serves the container `a`, which has not been created. Whatever is left is killed.
    ///
    /// - Parameter before: sees the fixture when only the bundle is there.
    static func with(
        _ flavor: ShimFlavor, _ command: [String] = ["sleep", "1000"], terminal: Bool = false,
        launcher: [String] = [], variables: [String: String] = [:],
        edit: (inout [String: Any]) -> Void = { _ in }, before: (ShimFixture) throws -> Void = { _ in },
        _ body: (ShimFixture) throws -> Void
    ) throws {
        try Workspace.with { workspace in
            let fixture = try ShimFixture(flavor, workspace, launcher: launcher, variables: variables)
            try fixture.makeBundle("a", command, terminal: terminal, edit: edit)
            workspace.atEnd { try fixture.checkSanitizers() }
            try before(fixture)
            fixture.address = try fixture.start("a", input: fixture.startInput)
            try body(fixture)
        }
    }

    /// What an instrumented shim found, also when it ended; the shim's own stderr leads nowhere.
    private func checkSanitizers() throws {
        let reports = Host.names(in: workspace.path).filter { $0.hasPrefix("sanitizer.") }
        if let first = reports.sorted().first { throw TestFailure(try Host.read(workspace.file(first))) }
    }

    var socket: String { String(address.dropFirst("unix://".count)) }

    func bundle(_ id: String) -> String { workspace.file("b/\(id)") }

    /// Where the OCI runtime keeps the containers of this test.
    var runtimeRoot: String { "/run/containerd/runc/\(workspace.namespace)" }

    /// The last call of a scripted runtime, without what comes before the command.
    func lastCall(_ id: String = "a") throws -> String {
        let line = try Host.read(bundle(id) + "/calls").split(separator: "\n").last ?? ""
        return line.split(separator: " ", maxSplits: 6, omittingEmptySubsequences: false).last.map(String.init) ?? ""
    }

    // MARK: The program

    /// What the daemon passes besides the action.
    func arguments(_ id: String) -> [String] {
        [
            flavor.program, "-namespace", workspace.namespace, "-id", id, "-address",
            containerdAddress ?? workspace.file("c.sock"),
            "-publish-binary", publishBinary,
        ]
    }

    var environment: [String: String] {
        var environment = Child.environment
        environment["TTRPC_ADDRESS"] = workspace.file("events")
        environment["SWCTR_SHIM_SOCKET_DIR"] = workspace.file("s")
        if flavor.isOurs, Build.isShimInstrumented {
            environment["ASAN_OPTIONS"] = "log_path=\(workspace.file("sanitizer")):log_exe_name=1"
            environment["UBSAN_OPTIONS"] = "log_path=\(workspace.file("sanitizer")):print_stacktrace=1"
        }
        for (name, value) in surroundings { environment[name] = value.isEmpty ? nil : value }
        return environment
    }

    /// Runs `start` and returns the address that it prints.
    func start(_ id: String, input: [UInt8]? = nil) throws -> String {
        // Debian's shim does not live without somebody at its log.
        let log = bundle(id) + "/log"
        if !Host.exists(log) {
            mkfifo(log, 0o700)
            logHolders.append(open(log, O_RDWR | O_NONBLOCK | O_CLOEXEC))
            if logHolders.count == 1 { workspace.atEnd { [self] in releaseLog() } }
        }
        let outcome = try Child(
            launcher + arguments(id) + flags + ["start"], environment: environment, directory: bundle(id),
            input: input.map { .bytes($0) } ?? .null
        ).wait(within: .seconds(20))
        guard outcome.status == 0, outcome.errors.isEmpty else {
            throw TestFailure("start: status \(outcome.status), \(outcome.text) \(outcome.errorText)")
        }
        let address = outcome.text.trimmingCharacters(in: .whitespacesAndNewlines)
        workspace.atEnd { [self] in try end(id) }
        return address
    }

    /// Runs `delete`, which must succeed.
    func deleteBinary(_ id: String) throws -> Containerd_Task_V2_DeleteResponse {
        let outcome = try Child(
            arguments(id) + ["-bundle", bundle(id), "delete"], environment: environment, directory: bundle(id)
        ).wait(within: .seconds(20))
        guard outcome.status == 0 else { throw TestFailure("delete: \(outcome.status) \(outcome.errorText)") }
        return try Containerd_Task_V2_DeleteResponse(serializedBytes: outcome.output)
    }

    /// Kills a shim that still serves and cleans up behind it, as a daemon does.
    private func end(_ id: String) throws {
        if let peer = try? WirePeer(to: socket) {
            var request = Containerd_Task_V2_ConnectRequest()
            request.id = id
            let answer: Containerd_Task_V2_ConnectResponse? = try? peer.call(flavor.service, "Connect", request)
            if let answer, answer.shimPid > 1 {
                kill(pid_t(answer.shimPid), SIGKILL)
                try Host.awaitEnd(of: pid_t(answer.shimPid))
            }
        }
        if Host.exists(bundle(id)) {
            _ = try Child(
                arguments(id) + ["-bundle", bundle(id), "delete"], environment: environment, directory: bundle(id)
            ).wait(within: .seconds(20))
        }
        unlink(socket)
    }

    /// The daemon's end of the bundles' logs is closed.
    func releaseLog() {
        for holder in logHolders { close(holder) }
        logHolders = []
    }

    /// The daemon was away and is back.
    func restartEvents(_ manner: EventCollector.Manner = .answering) throws {
        events = try EventCollector(at: workspace.file("events"), manner)
        workspace.atEnd { [events] in events.close() }
    }

    // MARK: Calls

    /// A call on the named connection; calls that block need one of their own.
    func call<Answer: Message>(
        _ method: String, _ request: some Message, on name: String = "main", within limit: Duration = .seconds(30),
        returning: Answer.Type = Answer.self
    ) throws -> Answer {
        try peer(name).call(flavor.service, method, request, within: limit)
    }

    /// A call whose answer says nothing.
    func send(_ method: String, _ request: some Message, on name: String = "main") throws {
        let _: Google_Protobuf_Empty = try call(method, request, on: name)
    }

    /// The status that a call is refused with; nil if it is not.
    func refusal(_ method: String, _ request: some Message, on name: String = "main") throws -> RPCStatus? {
        do {
            try send(method, request, on: name)
            return nil
        } catch let status as RPCStatus { return status }
    }

    func peer(_ name: String = "main") throws -> WirePeer {
        if let peer = peers[name] { return peer }
        let peer = try WirePeer(to: socket)
        peers[name] = peer
        return peer
    }

    /// Sends a request and returns without its answer, which `answer` takes.
    func begin(_ method: String, _ request: some Message, on name: String) throws {
        let message = try Ttrpc_Request(service: flavor.service, method: method, message: request, metadata: [:])
        let frame = Frame(streamID: 1, kind: .request, body: try message.serializedBytes())
        guard try peer(name).send(frame.encoded) else { throw TestFailure("\(method): the connection is closed") }
    }

    /// The answer to what was begun on a connection.
    func answer<Answer: Message>(
        on name: String, within limit: Duration = .seconds(30), returning: Answer.Type = Answer.self
    ) throws -> Answer {
        guard let frame = try peer(name).receive(within: limit) else { throw TestFailure("the connection is closed") }
        let response = try Ttrpc_Response(serializedBytes: frame.body)
        if let status = RPCStatus(response) { throw status }
        return try Answer(serializedBytes: response.payload)
    }
}
