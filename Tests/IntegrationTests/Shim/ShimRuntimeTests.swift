import Foundation
import SwctrCore
import SwctrProto
import SwctrTestSupport
import SwctrWire
import SwiftProtobuf
import Testing

extension Integration {
    /// Where the OCI runtimes differ: each row of docs/runtimes.md that a test can show.
    @Suite("Shim: runtimes")
    struct ShimRuntimeTests {
        @Test(
            "a create that fails carries the runtime's own words",
            arguments: [
                (ShimFlavor.runc, "no such file or directory"), (.crun, "executable file `/no/such/program` not found"),
                (.runsc, "no such file or directory"),
            ])
        func ownWords(_ flavor: ShimFlavor, _ words: String) throws {
            try ShimFixture.with(flavor, ["/no/such/program"]) { shim in
                var refused = try shim.refusal("Create", shim.createRequest())
                // runsc looks for the program when it starts.
                if refused == nil { refused = try shim.refusal("Start", shim.startRequest()) }
                let message = try #require(refused).message
                #expect(message.hasPrefix("OCI runtime "), "\(message)")
                #expect(message.contains(words), "\(message)")
                #expect(!message.contains("exit status"), "\(message)")
            }
        }

        @Test("an earlier error in the log is not told again", arguments: [ShimFlavor.scripted(.runc)])
        func stale(_ flavor: ShimFlavor) throws {
            try ShimFixture.with(flavor) { shim in
                let bundle = shim.bundle("a")
                try shim.create()
                try shim.startTask()
                // Two objects without line ends, as runsc writes them, and one that was cut off.
                try Host.write(
                    #"""
                    [ "$1" = pause ] || exit 99
                    printf '%s' '{"msg":"first","level":"error"}{"level":"warning","msg":"w"}{"level":"err' >> "$bundle/log.json"
                    exit 3
                    """#, to: bundle + "/script")
                #expect(
                    try shim.refusal("Pause", shim.pauseRequest())?.message == "OCI runtime pause failed: first")
                try Host.write("[ \"$1\" = pause ] || exit 99; exit 4", to: bundle + "/script")
                #expect(
                    try shim.refusal("Pause", shim.pauseRequest())?.message
                        == "OCI runtime pause failed: exit status 4")
                #expect(try shim.state().status == .running)
                try Host.write("exit 99", to: bundle + "/script")
                try shim.send("Pause", shim.pauseRequest())
                try shim.send("Resume", shim.resumeRequest())
            }
        }

        @Test("a version of OCI's documents that it does not know is crun's to refuse")
        func version() throws {
            for (version, isKnown) in [("1.0.2", true), ("1.2.0", false)] {
                try ShimFixture.with(.crun, edit: { $0["ociVersion"] = version }) { shim in
                    let refused = try shim.refusal("Create", shim.createRequest())
                    #expect((refused == nil) == isKnown)
                    if let refused {
                        #expect(refused.message == "OCI runtime create failed: unknown version specified")
                    }
                }
            }
        }

        @Test("runsc has no update, and says so in one line")
        func update() throws {
            try ShimFixture.with(.runsc) { shim in
                try shim.create()
                try shim.startTask()
                let refused = try #require(
                    try shim.refusal("Update", shim.updateRequest(["pids": ["limit": 10]])))
                #expect(
                    refused.message
                        == "OCI runtime update failed: exit status 128: the runtime does not know this command")
                #expect(try shim.state().status == .running)
            }
        }

        @Test("runsc refuses --no-pivot; the container is not made, and the next one is")
        func noPivot() throws {
            try ShimFixture.with(.runsc) { shim in
                var options = Containerd_Runc_V1_Options()
                options.binaryName = shim.flavor.runtime
                options.noPivotRoot = true
                let errors = try shim.reader("err")
                var request = shim.createRequest("a", .init(error: "err"))
                request.options = ShimFlavor.any("containerd.runc.v1.Options", try options.serializedBytes())
                let refused = try #require(try shim.refusal("Create", request))
                #expect(refused.message.hasPrefix("OCI runtime create failed: exit status "), "\(refused.message)")
                // Its words go where the process's would have gone.
                #expect(try errors.wait().text.contains("flag provided but not defined: -no-pivot"))
                #expect(try shim.refusal("State", shim.stateRequest())?.code == .notFound)
                try shim.create()
                try shim.startTask()
            }
        }

        @Test("runsc counts its processes as they are inside, the others as the host does", arguments: ShimFlavor.ours)
        func pids(_ flavor: ShimFlavor) throws {
            try ShimFixture.with(flavor) { shim in
                let pid = try shim.create()
                try shim.startTask()
                var request = Containerd_Task_V2_PidsRequest()
                request.id = "a"
                let listed: Containerd_Task_V2_PidsResponse = try shim.call("Pids", request)
                let isInside = flavor.testDescription == ShimFlavor.runsc.testDescription
                #expect(listed.processes.map(\.pid) == [isInside ? 1 : UInt32(pid)])
            }
        }

        @Test("a paused container can be killed and deleted whatever the runtime", arguments: ShimFlavor.ours)
        func killPaused(_ flavor: ShimFlavor) throws {
            try ShimFixture.with(flavor) { shim in
                try shim.create()
                try shim.startTask()
                try shim.send("Pause", shim.pauseRequest())
                try shim.send("Kill", shim.killRequest(SIGKILL))
                #expect(try shim.wait() == 137)
                try shim.delete()
            }
        }
    }
}
