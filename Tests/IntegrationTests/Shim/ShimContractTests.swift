import Foundation
import Glibc
import SwctrCore
import SwctrProto
import SwctrTestSupport
import SwctrWire
import SwiftProtobuf
import Testing

extension Integration {
    /// What a daemon or an operator relies on and no other suite is about; docs/shim.md has the list.
    @Suite("Shim: the rest of the contract")
    struct ShimContractTests {
        // MARK: The bundle and the runtime

        @Test("the bundle keeps what delete needs, for its owner alone", arguments: ShimFlavor.quick)
        func bundle(_ flavor: ShimFlavor) throws {
            try ShimFixture.with(flavor) { shim in
                let pid = try shim.create()
                func mode(_ name: String) throws -> Int? {
                    try FileManager.default.attributesOfItem(atPath: shim.bundle("a") + "/" + name)[.posixPermissions]
                        as? Int
                }
                #expect(try Host.read(shim.bundle("a") + "/runtime") == flavor.runtime)
                #expect(try Host.read(shim.bundle("a") + "/init.pid") == "\(pid)")
                #expect(try mode("runtime") == 0o600)
                #expect(try mode("options.json") == 0o600)
                let kept =
                    try JSONSerialization.jsonObject(
                        with: Data(Host.read(shim.bundle("a") + "/options.json").utf8)) as? [String: Any]
                #expect(kept?["binary_name"] as? String ?? "" == flavor.runtime)
                try shim.delete()
            }
        }

        @Test("the runtime is called with the words that Debian's shim uses", arguments: [false, true])
        func commandLines(_ withOptions: Bool) throws {
            var calls: [[String]] = []
            for flavor in [ShimFlavor.runc, .stock] {
                try ShimFixture.with(flavor) { shim in
                    try shim.wrapRuntime(
                        """
                        echo "$*" >> \(shim.workspace.file("calls"))
                        [ $call = create ] && \(withOptions) && exit 1
                        """)
                    if withOptions {
                        var options = try Containerd_Runc_V1_Options(serializedBytes: #require(shim.options).value)
                        options.root = shim.workspace.file("root")
                        options.noPivotRoot = true
                        options.noNewKeyring = true
                        options.systemdCgroup = true
                        shim.options = ShimFlavor.any("containerd.runc.v1.Options", try options.serializedBytes())
                        #expect(try shim.refusal("Create", shim.createRequest()) != nil)
                    } else {
                        var pause = Containerd_Task_V2_PauseRequest()
                        pause.id = "a"
                        try shim.create()
                        try shim.startTask()
                        try shim.send("Pause", pause)
                        try shim.send("Resume", pause)
                        let _: Containerd_Task_V2_PidsResponse = try shim.call("Pids", pause)
                        try shim.send("Kill", shim.killRequest(SIGTERM))
                        try shim.send("Kill", shim.killRequest(SIGKILL, all: true))
                        #expect(try shim.wait() == 137)
                        try shim.delete()
                    }
                    calls.append(
                        try Host.read(shim.workspace.file("calls"))
                            .replacingOccurrences(of: shim.workspace.path, with: "W")
                            .replacingOccurrences(of: shim.workspace.namespace, with: "N")
                            .split(separator: "\n").map(String.init))
                }
            }
            #expect(calls[0] == calls[1])
            #expect(calls[0].count == (withOptions ? 1 : 8), "\(calls[0])")
        }

        @Test("a root of its own for the runtime is used, by delete too", arguments: [ShimFlavor.runc, .crun, .stock])
        func root(_ flavor: ShimFlavor) throws {
            try ShimFixture.with(flavor) { shim in
                var options = Containerd_Runc_V1_Options()
                options.binaryName = flavor.runtime
                options.root = shim.workspace.file("root")
                shim.options = ShimFlavor.any("containerd.runc.v1.Options", try options.serializedBytes())
                try shim.create()
                let state = "\(shim.workspace.file("root"))/\(shim.workspace.namespace)/a"
                #expect(Host.exists(state))
                let process = try shim.shimPID()
                Glibc.kill(process, SIGKILL)
                try Host.awaitEnd(of: process)
                _ = try shim.deleteBinary("a")
                #expect(!Host.exists(state))
                #expect(shim.workspace.remains() == [])
            }
        }

        @Test(
            "a terminal comes also where the bundle's path is too long for a socket's",
            arguments: [
                ShimFlavor.runc, .crun, .runsc,
            ])
        func longBundle(_ flavor: ShimFlavor) throws {
            try ShimFixture.with(flavor) { shim in
                let id = String(repeating: "x", count: 76)
                try shim.makeBundle(id, ["sh", "-c", "test -t 1 && echo terminal"], terminal: true)
                // In the shim that runs: it does not matter who was its first.
                let reader = try shim.reader("out")
                try shim.create(id, .init(output: "out", terminal: true))
                try shim.startTask(id)
                #expect(try shim.wait("", id) == 0)
                #expect(try reader.wait().text == "terminal\r\n")
                #expect(!Host.names(in: shim.bundle(id)).contains { $0.hasPrefix("tty") })
                try shim.delete("", id)
            }
        }

        // MARK: Answers

        @Test("a second Create of a living container is refused, and the first lives on", arguments: ShimFlavor.quick)
        func twice(_ flavor: ShimFlavor) throws {
            try ShimFixture.with(flavor) { shim in
                try shim.create()
                let refused = try #require(try shim.refusal("Create", shim.createRequest()))
                #expect(refused.message.contains("exist"), "\(refused.message)")
                // Debian's shim gives the runtime's words no class.
                #expect(refused.code == (flavor.isOurs ? .alreadyExists : .unknown))
                try shim.startTask()
                #expect(try shim.state().status == .running)
            }
        }

        @Test("the type of an exec's document does not matter", arguments: ShimFlavor.quick, ["", "a/b/c"])
        func documentType(_ flavor: ShimFlavor, _ type: String) throws {
            try ShimFixture.with(flavor) { shim in
                try shim.create()
                try shim.startTask()
                var request = try shim.execRequest("e", ["sh", "-c", "exit 6"])
                request.spec.typeURL = type
                try shim.send("Exec", request)
                try shim.startTask(exec: "e")
                #expect(try shim.wait("e") == 6)
            }
        }

        @Test("without a terminal a new size changes nothing, and nor does closing what is closed", arguments: quick)
        func noTerminal(_ flavor: ShimFlavor) throws {
            try ShimFixture.with(flavor) { shim in
                try shim.create()
                try shim.startTask()
                var size = Containerd_Task_V2_ResizePtyRequest()
                size.id = "a"
                size.width = 10
                size.height = 10
                try shim.send("ResizePty", size)
                for _ in 0..<2 { try shim.closeInput() }
                try shim.killTask()
                try shim.closeInput()
                #expect(try shim.delete().exitStatus == 137)
            }
        }

        @Test(
            "State says PAUSING while the runtime pauses, without waiting for it", arguments: [ShimFlavor.runc, .crun])
        func pausing(_ flavor: ShimFlavor) throws {
            try ShimFixture.with(flavor) { shim in
                let gate = try shim.gate("gate")
                let reached = try shim.reader("reached")
                try shim.wrapRuntime(
                    "[ $call = pause ] && { echo here > \(shim.workspace.file("reached")); read go < \(gate.path); }")
                try shim.create()
                try shim.startTask()
                var pause = Containerd_Task_V2_PauseRequest()
                pause.id = "a"
                try shim.begin("Pause", pause, on: "pausing")
                try reached.expect("here")
                #expect(try shim.state().status == .pausing)
                try gate.open()
                let _: Google_Protobuf_Empty = try shim.answer(on: "pausing")
                #expect(try shim.state().status == .paused)
                try shim.send("Resume", pause)
            }
        }

        @Test("a container that is killed while it is paused dies when it is resumed", arguments: [ShimFlavor.crun])
        func killedWhilePaused(_ flavor: ShimFlavor) throws {
            try ShimFixture.with(flavor) { shim in
                try shim.create()
                try shim.startTask()
                var pause = Containerd_Task_V2_PauseRequest()
                pause.id = "a"
                try shim.send("Pause", pause)
                try shim.send("Kill", shim.killRequest(SIGKILL))
                _ = try shim.refusal("Resume", pause)
                #expect(try shim.wait() == 137)
                #expect(try shim.delete().exitStatus == 137)
            }
        }

        @Test("services that the shim does not have are not implemented, whatever they are asked", arguments: quick)
        func services(_ flavor: ShimFlavor) throws {
            try ShimFixture.with(flavor) { shim in
                for service in ["containerd.runtime.sandbox.v1.Sandbox", "containerd.services.streaming.v1.Streaming"] {
                    do {
                        let _: Google_Protobuf_Empty = try shim.peer().call(
                            service, "Platform", Google_Protobuf_Empty())
                        Issue.record("\(service) answered")
                    } catch let status as RPCStatus {
                        #expect(status.code == .unimplemented)
                        #expect(status.message == "service \(service)")
                    }
                }
            }
        }

        // MARK: Connections

        @Test("a client that leaves in the middle of a frame is forgotten", arguments: [ShimFlavor.runc])
        func halfFrames(_ flavor: ShimFlavor) throws {
            try ShimFixture.with(flavor) { shim in
                let process = try shim.shimPID()
                let before = Host.names(in: "/proc/\(process)/fd").count
                for length in 1...50 {
                    let peer = try WirePeer(to: shim.socket)
                    let whole = try Ttrpc_Request(
                        service: flavor.service, method: "State", message: shim.stateRequest(), metadata: [:])
                    let bytes = Frame(streamID: 1, kind: .request, body: try whole.serializedBytes()).encoded
                    #expect(try peer.send(Array(bytes.prefix(length))))
                }
                // The loop takes its descriptors in turn: while these are answered, the others' ends are seen.
                for _ in 0..<10 { _ = try shim.shimPID() }
                #expect(Host.names(in: "/proc/\(process)/fd").count <= before + 5)
            }
        }

        private static let quick = ShimFlavor.quick
    }
}
