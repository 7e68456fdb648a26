import Testing

@testable import ShimCore

@Suite("Stdio address")
struct StdioAddressTests {
    @Test(
        "a scheme says what stands behind it",
        arguments: [
            ("", .none), ("/run/f", .path("/run/f")), ("fifo:///run/f", .path("/run/f")),
            ("file:///var/log/a.log", .file("/var/log/a.log")),
        ] as [(Text, StdioAddress)])
    func schemes(text: Text, address: StdioAddress) {
        #expect(StdioAddress.parse(text) == .success(address))
    }

    @Test("an unknown scheme is named", arguments: ["ttrpc+unix", "pipe", "binary-v3"] as [Text])
    func unknown(scheme: Text) {
        #expect(
            StdioAddress.parse(scheme + ":///x") == .failure(RPCError(.unknown, "unknown STDIO scheme \(scheme)")))
    }

    @Test("a program gets each key with its first value")
    func program() throws {
        let address = try #require(LoggingAddress(scheme: "binary", rest: "/bin/a%20b?out=%2Ftmp%2Fx&flag&out=y&e=1+2"))
        #expect(address.path == "/bin/a b")
        #expect(address.arguments == ["out", "/tmp/x", "flag", "", "e", "1 2"])
        #expect(!address.mustReportReady)
        #expect(LoggingAddress(scheme: "binary-v2", rest: "/l")?.mustReportReady == true)
    }

    @Test("a program needs an absolute path, a broken escape stays", arguments: ["", "l?x=1", "?x"] as [Text])
    func refused(rest: Text) {
        #expect(LoggingAddress(scheme: "binary", rest: rest) == nil)
        #expect(LoggingAddress(scheme: "binary", rest: "/a%4")?.path == "/a%4")
    }
}
