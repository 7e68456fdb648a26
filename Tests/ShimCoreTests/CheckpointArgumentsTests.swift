import Testing

@testable import ShimCore

@Suite("Checkpoint and restore")
struct CheckpointArgumentsTests {
    @Test("what is asked for is passed on, and nothing else")
    func checkpoint() {
        var arguments = CheckpointArguments(imagePath: "/i", workPath: "/w")
        #expect(
            arguments.words("a") == [
                "checkpoint", "--image-path", "/i", "--work-path", "/w", "--leave-running", "a",
            ])
        arguments.exits = true
        arguments.parentPath = "../p"
        arguments.emptyNamespaces = ["network"]
        #expect(
            arguments.words("a") == [
                "checkpoint", "--image-path", "/i", "--work-path", "/w", "--parent-path", "../p", "--empty-ns",
                "network", "a",
            ])
    }

    @Test("restore works in the bundle unless it is told where")
    func restore() {
        var options = RuntimeOptions()
        let arguments = RestoreArguments(imagePath: "/i")
        func words() -> [Text] {
            arguments.words("a", bundle: "/b", pidFile: "/b/init.pid", options: options, consoleSocket: "/c")
        }
        #expect(
            words() == [
                "restore", "--image-path", "/i", "--work-path", "/b/work", "--detach", "--pid-file", "/b/init.pid",
                "--console-socket", "/c", "-no-subreaper", "--bundle", "/b", "a",
            ])
        options.criuWorkPath = "/w"
        options.noPivotRoot = true
        #expect(words()[4] == "/w")
        #expect(words().contains("--no-pivot"))
    }

    @Test(
        "options are known by both of their names",
        arguments: [
            ("", true), ("containerd.runc.v1.CheckpointOptions", true),
            ("type.googleapis.com/containerd.linux.runc.CheckpointOptions", true),
            ("containerd.runc.v1.Options", false),
        ] as [(Text, Bool)])
    func types(url: Text, isKnown: Bool) {
        #expect((CheckpointArguments.check(typeURL: url) == nil) == isKnown)
    }
}
