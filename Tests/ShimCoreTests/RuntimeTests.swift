import Testing

@testable import ShimCore

@Suite("OCI runtime")
struct RuntimeTests {
    @Test("the last error counts, with or without line ends")
    func lastError() {
        let runc: Text = """
            {"level":"error","msg":"old","time":"t"}
            {"level":"warning","msg":"w"}
            {"level":"error","msg":"new: \\"x\\"","time":"t"}

            """
        #expect(RuntimeLog.lastError(in: runc) == "new: \"x\"")
        let runsc: Text = #"{"msg":"one","level":"error"}{"msg":"two","level":"error"}{"msg":"half"#
        #expect(RuntimeLog.lastError(in: runsc) == "two")
        #expect(RuntimeLog.lastError(in: "") == nil)
        #expect(RuntimeLog.lastError(in: #"{"level":"info","msg":"x"}"#) == nil)
    }

    @Test(
        "where nothing was logged the first line of what was printed counts",
        arguments: [
            ("", ""), ("\nunknown command checkpoint\n", "unknown command checkpoint"),
            (
                "flag provided but not defined: -no-pivot\ncreate [flags] <id>\n",
                "flag provided but not defined: -no-pivot"
            ),
            ("Usage: runsc <flags> <subcommand>\n\nSubcommands:\n", "the runtime does not know this command"),
        ] as [(Text, Text)])
    func gist(output: Text, line: Text) {
        #expect(RuntimeLog.gist(ofOutput: output) == line)
    }

    @Test("what a command logged begins where the log ended before it")
    func offset() {
        let before: Text = "{\"level\":\"error\",\"msg\":\"stale\"}\n"
        let log = before + #"{"level":"debug","msg":"x"}"#
        #expect(RuntimeLog.lastError(in: log, from: before.count) == nil)
        #expect(RuntimeLog.lastError(in: log, from: 9999) == nil)
    }

    @Test(
        "a kill that comes too late is told apart for every runtime",
        arguments: [
            ("container not running", .alreadyFinished),
            ("kill container: No such process", .alreadyFinished),
            ("os: process already finished", .alreadyFinished),
            ("connecting to control server at PID 1: connection refused", .alreadyFinished),
            ("container does not exist", RPCError(.notFound, "no such container: not found")),
            (
                "error opening file `/run/x/status`: No such file or directory",
                RPCError(.notFound, "no such container: not found")
            ),
            ("loading container: file does not exist", RPCError(.notFound, "no such container: not found")),
            ("boom\n", RPCError(.unknown, "unknown error after kill: boom")),
        ] as [(Text, RPCError)])
    func killErrors(output: Text, error: RPCError) {
        #expect(RuntimeLog.killError(output: output) == error)
    }

    @Test(
        "ps prints numbers or null",
        arguments: [("[1,22]", [1, 22]), ("null\n", []), ("[]", []), ("oops", nil), ("[\"1\"]", nil), ("", nil)]
            as [(Text, [Int32]?)])
    func processes(output: Text, pids: [Int32]?) {
        #expect(RuntimeLog.processes(in: output) == pids)
    }

    @Test(
        "only the name of the options' type decides",
        arguments: [
            ("", .success(.defaults)), ("runtimeoptions.v1.Options", .success(.generic)),
            ("containerd.runc.v1.Options", .success(.runc)),
            ("type.googleapis.com/containerd.runc.v1.Options", .success(.runc)),
            ("containerd.linux.runc.CreateOptions", .success(.linux)),
            ("foo.Bar", .failure(RPCError(.unknown, "type with url foo.Bar: not found"))),
        ] as [(Text, Result<RuntimeOptions.Kind, RPCError>)])
    func optionTypes(url: Text, kind: Result<RuntimeOptions.Kind, RPCError>) {
        #expect(RuntimeOptions.kind(typeURL: url) == kind)
    }

    @Test("delete finds what Create was given")
    func optionsFile() {
        var options = RuntimeOptions()
        #expect(options.json == "{}")
        options.root = "/a \"b\""
        options.binaryName = "crun"
        options.systemdCgroup = true
        #expect(RuntimeOptions(json: options.json) == options)
        #expect(RuntimeOptions(json: "nonsense") == RuntimeOptions())
    }

    @Test(
        "a task API is ours or refused",
        arguments: [
            ("", 0, nil), ("unix:///s/x", 0, nil), ("/s/x", 2, nil), ("ttrpc+unix:///s/x", 3, nil),
            ("unix:///s/y", 3, "task_api_address unix:///s/y is not where this shim serves, unix:///s/x"),
            ("grpc+unix:///s/x", 3, "task_api_address grpc+unix:///s/x is not where this shim serves, unix:///s/x"),
            ("", 1, "task_api_version 1 is not served, only 2 and 3"),
        ] as [(Text, UInt32, Text?)])
    func taskAPI(address: Text, version: UInt32, refusal: Text?) {
        var options = RuntimeOptions()
        options.taskAPIAddress = address
        options.taskAPIVersion = version
        let expected = refusal.map { RPCError.invalid($0) }
        #expect(options.taskAPIRefusal(servedAt: ShimAddress(path: "/s/x")) == expected)
    }

    @Test(
        "only a cgroup that bears the container's name is its own, also in systemd's words",
        arguments: [
            ("/ns/id", "/ns/id"), ("ns/id", nil), ("/id", "/id"), ("id", nil), ("../id", nil), ("/ns/other", nil),
            ("/ns/myid", nil), ("", nil), ("/", nil), ("/a/../id", "/id"), ("/id/..", nil),
            ("system.slice:cri-containerd:id", "/system.slice/cri-containerd-id.scope"),
            (":p:id", "/system.slice/p-id.scope"), ("x.slice::id", "/x.slice/id.scope"),
            ("kube-pod-x.slice:p:id", "/kube.slice/kube-pod.slice/kube-pod-x.slice/p-id.scope"),
            ("-.slice:p:id", "/p-id.scope"), ("a.slice:p:other", nil), ("a/b.slice:p:id", nil), ("a:b:c:id", nil),
        ] as [(Text, Text?)])
    func ownCgroup(path: Text, own: Text?) {
        let config = BundleConfig("{\"linux\":{\"cgroupsPath\":" + path.jsonQuoted + "}}")
        #expect(config.cgroupsPath == path)
        #expect(config.ownCgroup(of: "id") == own)
    }

    @Test("every command begins with containerd's global arguments")
    func globals() {
        var options = RuntimeOptions()
        #expect(
            options.globalArguments(namespace: "ns", bundle: "/b") == [
                "runc", "--root", "/run/containerd/runc/ns", "--log", "/b/log.json", "--log-format", "json",
            ])
        options.systemdCgroup = true
        options.root = "/r"
        options.binaryName = "/usr/bin/crun"
        #expect(
            options.globalArguments(namespace: "ns", bundle: "/b") == [
                "/usr/bin/crun", "--root", "/r/ns", "--log", "/b/log.json", "--log-format", "json", "--systemd-cgroup",
            ])
    }
}

@Suite("Exit bookkeeping")
struct ExitBookkeepingTests {
    private let status = ExitStatus(code: 1, at: .never)

    @Test("wait statuses", arguments: [(0, 0), (42 << 8, 42), (9, 137), (15 | 0x80, 143)] as [(Int32, UInt32)])
    func waitStatus(word: Int32, code: UInt32) {
        #expect(ExitStatus(waitStatus: word, at: .never).code == code)
    }

    @Test("an early exit waits for the one who will name its pid, and is handed out once")
    func claimed() {
        var exits = EarlyExits()
        let ticket = exits.expect()
        exits.record(pid: 7, status: status)
        #expect(!exits.has(pid: 8, ticket) && exits.has(pid: 7, ticket))
        #expect(exits.claim(pid: 8, ticket) == nil)
        #expect(exits.claim(pid: 7, ticket) == status)
        #expect(exits.claim(pid: 7, ticket) == nil)
        #expect(!exits.has(pid: 7, ticket))
    }

    @Test("an exit from before a command began is not that of its process, which has the same pid")
    func before() {
        var exits = EarlyExits()
        let slow = exits.expect()
        exits.record(pid: 7, status: status)
        let next = exits.expect()
        #expect(exits.claim(pid: 7, next) == nil)
        #expect(exits.claim(pid: 7, slow) == status)
    }

    @Test("exits of orphans are not kept")
    func orphans() {
        var exits = EarlyExits()
        exits.record(pid: 7, status: status)
        #expect(exits.isEmpty)
        let first = exits.expect()
        let second = exits.expect()
        exits.record(pid: 7, status: status)
        exits.settle(first)
        #expect(!exits.isEmpty)
        exits.settle(second)
        #expect(exits.isEmpty)
    }

    @Test("an exit is kept for those only who were there when it came, so that a steady stream does not pile it up")
    func overlapping() {
        var exits = EarlyExits()
        var running = exits.expect()
        for pid in Int32(1)...100 {
            exits.record(pid: pid, status: status)
            let next = exits.expect()
            exits.settle(running)
            running = next
            #expect(exits.isEmpty)
        }
        exits.record(pid: 101, status: status)
        #expect(exits.claim(pid: 101, running) == status)
    }

    @Test("of a pid that was used twice the newest exit counts")
    func reused() {
        var exits = EarlyExits()
        let ticket = exits.expect()
        exits.record(pid: 7, status: ExitStatus(code: 1, at: .never))
        exits.record(pid: 7, status: ExitStatus(code: 2, at: .never))
        #expect(exits.claim(pid: 7, ticket)?.code == 2)
    }

    @Test("a full backlog loses its oldest, and says so")
    func backlog() {
        var backlog = Backlog<Int>(limit: 2)
        for number in 1...3 { backlog.append(number) }
        #expect(backlog.first == 2)
        #expect(backlog.dropped == 1)
        backlog.removeFirst()
        backlog.removeFirst()
        backlog.removeFirst()
        #expect(backlog.isEmpty)
    }

    @Test("retries begin at once and settle at two seconds")
    func retries() {
        var policy = RetryPolicy()
        #expect((1...8).map { _ in policy.delayAfterFailure() } == [0, 50, 100, 200, 400, 800, 2000, 2000])
        policy.succeeded()
        #expect(policy.delayAfterFailure() == 0)
        #expect(policy.isFinal(code: 3) == true)
        #expect(policy.isFinal(code: 12) == true)
    }

    @Test("an event is given up after ten refusals of its own; a daemon that is not available yet refuses nothing")
    func refusals() {
        var policy = RetryPolicy()
        for _ in 0..<100 { #expect(policy.isFinal(code: 14) == false) }
        for _ in 0..<9 { #expect(policy.isFinal(code: 2) == false) }
        policy.succeeded()
        for _ in 0..<9 { #expect(policy.isFinal(code: 5) == false) }
        #expect(policy.isFinal(code: 9) == true)
    }
}
