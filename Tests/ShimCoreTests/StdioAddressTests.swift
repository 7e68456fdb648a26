import Testing

@testable import ShimCore

@Suite("Stdio address")
struct StdioAddressTests {
    @Test(
        "a scheme says what stands behind it",
        arguments: [
            ("", .none), ("/run/f", .path("/run/f")), ("fifo:///run/f", .path("/run/f")),
            ("file:///var/log/a.log", .file("/var/log/a.log")),
            ("binary:///l", .program(LoggingAddress(path: "/l", mustReportReady: false))),
            ("binary-v2:///l", .program(LoggingAddress(path: "/l", mustReportReady: true))),
            (
                "k8s-file:///l?max-size=1M",
                .log(LogAddress(path: "/l", rotation: LogRotation(maximumSize: 1 << 20, maximumFiles: 5)))
            ),
        ] as [(Text, StdioAddress)])
    func schemes(text: Text, address: StdioAddress) {
        #expect(StdioAddress.parse(text) == .success(address))
    }

    @Test("an unknown scheme is named", arguments: ["ttrpc+unix", "pipe", "binary-v3", "k8s", ""] as [Text])
    func unknown(scheme: Text) {
        #expect(
            StdioAddress.parse(scheme + ":///x") == .failure(RPCError(.unknown, "unknown STDIO scheme \(scheme)")))
    }

    @Test("a program gets each key with its first value")
    func program() throws {
        let address = try LoggingAddress.parse(
            "/bin/a%20b?out=%2Ftmp%2Fx&flag&out=y&e=1+2", mustReportReady: false
        ).get()
        #expect(address.path == "/bin/a b")
        #expect(address.arguments == ["out", "/tmp/x", "flag", "", "e", "1 2"])
    }

    @Test("a program needs an absolute path, a broken escape stays", arguments: ["", "l?x=1", "?x"] as [Text])
    func refused(rest: Text) throws {
        #expect(throws: RPCError.self) { try LoggingAddress.parse(rest, mustReportReady: false).get() }
        #expect(try LoggingAddress.parse("/a%4", mustReportReady: false).get().path == "/a%4")
    }

    private func parse(_ stdin: Text, _ stdout: Text, _ stderr: Text, isTerminal: Bool = false) throws -> StdioAddresses
    {
        try StdioAddresses.parse(stdin: stdin, stdout: stdout, stderr: stderr, isTerminal: isTerminal).get()
    }

    @Test("each stream has its own address; a program takes both outputs, a terminal has no stderr")
    func together() throws {
        #expect(try parse("/i", "/o", "") == StdioAddresses(input: .path("/i"), output: .path("/o"), error: .none))
        #expect(try parse("", "", "/e").error == .path("/e"))
        let program = StdioAddress.program(LoggingAddress(path: "/l", mustReportReady: false))
        #expect(try parse("", "binary:///l", "").error == program)
        #expect(try parse("", "/o", "nonsense://", isTerminal: true).error == .none)
    }

    @Test("only a path can be read from, and a program cannot take stderr alone")
    func impossible() {
        #expect(throws: RPCError.self) { try parse("file:///i", "", "") }
        #expect(throws: RPCError.self) { try parse("", "/o", "binary:///l") }
        #expect(throws: RPCError.self) { try parse("", "/o", "nonsense:///l") }
    }

    @Test("streams that share a log share its limits")
    func sharedLog() throws {
        _ = try parse("", "k8s-file:///l?max-size=1M", "k8s-file:///l?max-size=1024k")
        _ = try parse("", "k8s-file:///l?max-size=1M", "k8s-file:///m")
        #expect(throws: RPCError.self) { try parse("", "k8s-file:///l?max-size=1M", "k8s-file:///l") }
    }
}
