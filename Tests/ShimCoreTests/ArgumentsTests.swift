import Testing

@testable import ShimCore

@Suite("Arguments")
struct ArgumentsTests {
    @Test(
        "containerd's command lines are understood",
        arguments: [
            ["-namespace", "ns", "-address", "/a", "-publish-binary", "/c", "-id", "i", "start"],
            ["--namespace=ns", "--address=/a", "--publish-binary=/c", "--id=i", "start"],
        ] as [[Text]])
    func start(words: [Text]) {
        var expected = Arguments()
        expected.action = .start
        expected.namespace = "ns"
        expected.address = "/a"
        expected.publishBinary = "/c"
        expected.id = "i"
        #expect(Arguments.parse(words) == .success(expected))
    }

    @Test("delete has its bundle, debug needs no value")
    func delete() throws {
        let arguments = try Arguments.parse(["-namespace", "n", "-id", "i", "-bundle", "/b", "-debug", "delete"]).get()
        #expect(arguments.action == .delete)
        #expect(arguments.bundle == "/b")
        #expect(arguments.isDebug)
    }

    @Test("without an action it serves; questions need no namespace")
    func others() throws {
        #expect(try Arguments.parse(["-namespace", "n", "-id", "i"]).get().action == .serve)
        #expect(try Arguments.parse(["-v"]).get().action == .version)
        #expect(try Arguments.parse(["-info"]).get().action == .info)
    }

    @Test(
        "bad command lines are refused",
        arguments: [
            ([], "shim namespace cannot be empty"), (["-namespace"], "flag needs an argument: -namespace"),
            (["-nope", "x"], "flag provided but not defined: -nope"),
            (["-namespace", "n", "-id", "i", "stop"], "unknown action \"stop\", want start or delete"),
            (["-namespace", "n", "-id", "../i", "start"], "shim id \"../i\" is not valid"),
            (["-namespace", "n", "start"], "shim id \"\" is not valid"),
            (["-namespace", "a/b", "-id", "i", "start"], "shim namespace \"a/b\" is not valid"),
            (
                ["-namespace", "n", "-id", "i", "-socket", "/s", "start"],
                "-socket is for a shim that serves, start and delete find their own"
            ),
        ] as [([Text], Text)])
    func refused(words: [Text], message: Text) {
        #expect(Arguments.parse(words) == .failure(Arguments.Failure(message)))
    }

    @Test(
        "ids are letters and digits joined by single separators",
        arguments: [
            ("a", true), ("a.b_c-d", true), ("0", true), ("", false), (".a", false), ("a-", false), ("a..b", false),
            ("a/b", false), ("a b", false), ("ä", false),
        ] as [(Text, Bool)])
    func ids(id: Text, isValid: Bool) {
        #expect(Identifier.isValid(id) == isValid)
    }

    @Test("ids are at most 76 characters long")
    func longIDs() {
        #expect(Identifier.isValid(Text(bytes: [UInt8](repeating: 0x61, count: 76))))
        #expect(!Identifier.isValid(Text(bytes: [UInt8](repeating: 0x61, count: 77))))
    }

    @Test("both task services lead to the same methods")
    func methods() {
        for method in TaskMethod.allCases {
            #expect(TaskMethod.resolve(service: "containerd.task.v2.Task", method: method.name) == .success(method))
            #expect(TaskMethod.resolve(service: "containerd.task.v3.Task", method: method.name) == .success(method))
        }
        #expect(
            TaskMethod.resolve(service: "x.Y", method: "State") == .failure(RPCError(.unimplemented, "service x.Y")))
        #expect(
            TaskMethod.resolve(service: "containerd.task.v2.Task", method: "Nope")
                == .failure(RPCError(.unimplemented, "method Nope")))
    }
}
