import Foundation
import SwctrCore
import SwctrProto
import SwctrTestSupport
import SwctrWire
import SwiftProtobuf
import Testing

extension Integration {
    @Suite("Shim: what is refused, and how")
    struct ShimRefusalTests {
        @Test("an unknown container or exec is not found, in containerd's words", arguments: ShimFlavor.quick)
        func unknown(_ flavor: ShimFlavor) throws {
            try ShimFixture.with(flavor) { shim in
                let missing = "container not created: not found"
                func check(_ method: String, _ request: some Message, _ code: ErrorCode, _ text: String) throws {
                    let status = try #require(try shim.refusal(method, request), "\(method)")
                    #expect(status.code == code, "\(method)")
                    #expect(status.message == text, "\(method)")
                }
                try check("State", shim.stateRequest(), .notFound, missing)
                try check("Start", shim.startRequest(), .notFound, missing)
                try check("Wait", shim.waitRequest(), .notFound, missing)
                try check("Kill", shim.killRequest(9), .notFound, missing)
                try check("Delete", shim.deleteRequest(), .notFound, missing)
                try check("Exec", try shim.execRequest("e", ["true"]), .notFound, missing)
                for method in ["Pids", "Pause", "Resume"] {
                    var request = Containerd_Task_V2_PidsRequest()
                    request.id = "a"
                    try check(method, request, .notFound, missing)
                }
                #expect(try shim.shimPID("nobody") > 1)

                try shim.create()
                try shim.startTask()
                let noExec = "process does not exist x: not found"
                try check("State", shim.stateRequest("x"), .notFound, noExec)
                try check("Kill", shim.killRequest(9, exec: "x"), .notFound, noExec)
                try check("Delete", shim.deleteRequest("x"), .notFound, noExec)
                var close = Containerd_Task_V2_CloseIORequest()
                close.id = "a"
                close.execID = "x"
                // Never mapped to a class by containerd's shim.
                try check("CloseIO", close, .unknown, noExec)
            }
        }

        @Test("the phase of a process decides what it may be asked", arguments: ShimFlavor.quick)
        func phases(_ flavor: ShimFlavor) throws {
            try ShimFixture.with(flavor) { shim in
                func text(_ method: String, _ request: some Message) throws -> String? {
                    try shim.refusal(method, request)?.message
                }
                var pause = Containerd_Task_V2_PauseRequest()
                pause.id = "a"
                try shim.create()
                #expect(try text("Pause", pause) == "cannot pause task in created state")
                #expect(try text("Resume", pause) == "cannot resume task in created state")
                try shim.startTask()
                #expect(try text("Start", shim.startRequest()) == "cannot start a running process")
                #expect(try text("Delete", shim.deleteRequest()) == "cannot delete a running process")

                let exec = try shim.execRequest("e", ["sleep", "1000"])
                try shim.send("Exec", exec)
                #expect(try shim.refusal("Exec", exec)?.code == .alreadyExists)
                let unborn = try #require(try shim.refusal("Kill", shim.killRequest(9, exec: "e")))
                #expect(unborn.code == .failedPrecondition)
                #expect(unborn.message == "process not created: failed precondition")
                try shim.startTask(exec: "e")
                #expect(try text("Delete", shim.deleteRequest("e")) == "cannot delete a running process")
                try shim.send("Kill", shim.killRequest(SIGTERM, exec: "e"))
                #expect(try shim.wait("e") == 143)
                let dead = try #require(try shim.refusal("Kill", shim.killRequest(9, exec: "e")))
                #expect(dead.code == .notFound)
                #expect(dead.message == "process already finished: not found")

                try shim.send("Kill", shim.killRequest(SIGKILL))
                _ = try shim.wait()
                #expect(try text("Start", shim.startRequest()) == "cannot start a stopped process")
                #expect(try text("Pause", pause) == "cannot pause a stopped container")
                #expect(try text("Kill", shim.killRequest(9)) == "process already finished: not found")
                #expect(try text("Exec", shim.execRequest("f", ["true"])) == "cannot exec in a stopped state")
                try shim.closeInput()
                try shim.delete()
            }
        }

        @Test(
            "ids that would leave the bundle and execs without a process are refused",
            arguments: ShimFlavor.ours.dropLast())
        func badRequests(_ flavor: ShimFlavor) throws {
            try ShimFixture.with(flavor) { shim in
                try shim.create()
                try shim.startTask()
                for id in ["../../x", "a/b", "", ".", "x..y", String(repeating: "x", count: 77)] {
                    let request = try shim.execRequest(id, ["true"])
                    #expect(try shim.refusal("Exec", request)?.code == .invalidArgument, "\(id)")
                }
                var empty = try shim.execRequest("e", ["true"])
                empty.clearSpec()
                #expect(try shim.refusal("Exec", empty)?.code == .invalidArgument)
                var nonsense = try shim.execRequest("e", ["true"])
                nonsense.spec.value = .init("{\"args\":".utf8)
                #expect(try shim.refusal("Exec", nonsense) != nil)
                for method in ["Update", "Stats", "Checkpoint"] {
                    _ = try shim.refusal(method, shim.stateRequest())
                }
                // Names of ours that an exec may not take over.
                try shim.exec("init", "sleep", "1000")
                #expect(try Host.read(shim.bundle("a") + "/init.pid") == "\(shim.state().pid)")
                #expect(try shim.state().status == .running)
            }
        }

        @Test(
            "a missing runtime and a failing one are named, and Create can be tried again",
            arguments: [ShimFlavor.runc, .stock])
        func failedCreate(_ flavor: ShimFlavor) throws {
            try ShimFixture.with(flavor) { shim in
                var options = Containerd_Runc_V1_Options()
                options.binaryName = "no-runc"
                var request = shim.createRequest("a", .init(output: "out", error: "err"))
                request.options = ShimFlavor.any("containerd.runc.v1.Options", try options.serializedBytes())
                let missing = try #require(try shim.refusal("Create", request))
                #expect(missing.code == .unknown)
                #expect(
                    missing.message.hasPrefix("OCI runtime create failed: unable to retrieve OCI runtime error (open "),
                    "\(missing.message)")
                #expect(missing.message.hasSuffix(": exec: \"no-runc\": executable file not found in $PATH"))

                let spec = try Host.read(shim.bundle("a") + "/config.json")
                try shim.makeBundle("a", ["/no/such/program"])
                let failed = try #require(try shim.refusal("Create", shim.createRequest()))
                #expect(failed.message.hasPrefix("OCI runtime create failed: "), "\(failed.message)")
                #expect(failed.message.contains("no such file or directory"), "\(failed.message)")
                #expect(try shim.refusal("State", shim.stateRequest())?.code == .notFound)

                try Host.write(spec, to: shim.bundle("a") + "/config.json")
                try shim.create()
                try shim.startTask()
            }
        }

        @Test("options are told apart by their type alone", arguments: [ShimFlavor.runc])
        func options(_ flavor: ShimFlavor) throws {
            try ShimFixture.with(flavor) { shim in
                var request = shim.createRequest()
                request.options = ShimFlavor.any("example.org/Nonsense", [1, 2, 3])
                let refused = try #require(try shim.refusal("Create", request))
                #expect(refused.code == .unknown)
                #expect(refused.message == "type with url example.org/Nonsense: not found")

                var runc = Containerd_Runc_V1_Options()
                runc.noNewKeyring = true
                request.options = ShimFlavor.any(
                    "type.googleapis.com/containerd.runc.v1.Options", try runc.serializedBytes())
                try shim.send("Create", request)
                let kept = try Host.read(shim.bundle("a") + "/options.json")
                #expect(kept.contains("true"), "\(kept)")
            }
        }
    }
}
