import Foundation
import Glibc
import SwctrCore
import SwctrProto
import SwctrTestSupport
import SwctrWire
import SwiftProtobuf
import Testing

extension Integration {
    @Suite("Shim: what start is told, and what it answers")
    struct ShimBootstrapTests {
        // MARK: The answer

        @Test(
            "a caller that knows version 3 gets JSON, every other one an address",
            arguments: [("3", true), ("4", true), ("2", false), ("", false), ("three", false)])
        func version(_ announced: String, _ isJSON: Bool) throws {
            try ShimFixture.with(.runc) { shim in
                shim.surroundings["MAX_SHIM_VERSION"] = announced
                let answer = try shim.start("a")
                guard isJSON else {
                    #expect(answer == shim.address)
                    return
                }
                let object = try JSONSerialization.jsonObject(with: Data(answer.utf8)) as? [String: Any]
                #expect(object?["version"] as? Int == 3)
                #expect(object?["address"] as? String == shim.address)
                #expect(object?["protocol"] as? String == "ttrpc")
                #expect(object?.count == 3)
            }
        }

        @Test("parameters say everything that flags and environment say otherwise")
        func parameters() throws {
            var seen: String?
            try ShimFixture.with(
                .runc,
                before: { shim in
                    var parameters = Containerd_Runtime_Bootstrap_V1_BootstrapParams()
                    parameters.instanceID = "a"
                    parameters.namespace = shim.workspace.namespace
                    parameters.containerdGrpcAddress = shim.workspace.file("c.sock")
                    parameters.containerdTtrpcAddress = shim.workspace.file("events")
                    parameters.containerdBinary = "/bin/true"
                    parameters.socketDir = shim.workspace.file("o")
                    // What a daemon of a later version might add.
                    let unknown: [UInt8] = [0xf2, 0x07, 0x01, 0x78]
                    let outcome = try Child(
                        [shim.flavor.program, "-namespace", shim.workspace.namespace, "-id", "a", "start"],
                        environment: shim.environment.filter { $0.key != "TTRPC_ADDRESS" },
                        directory: shim.bundle("a"), input: .bytes(try parameters.serializedBytes() + unknown)
                    ).wait()
                    #expect(outcome.status == 0)
                    let result = try Containerd_Runtime_Bootstrap_V1_BootstrapResult(serializedBytes: outcome.output)
                    #expect(result.version == 3)
                    #expect(result.address.hasPrefix("unix://\(shim.workspace.file("o"))/"))
                    seen = result.address
                    // The fixture's own start is of the same group and address, in the same directory.
                    shim.surroundings["SWCTR_SHIM_SOCKET_DIR"] = shim.workspace.file("o")
                },
                { shim in
                    #expect(shim.address == seen)
                    try shim.create()
                    #expect(try shim.events.await("create a") == ["create a"])
                    let words = try Host.read("/proc/\(shim.shimPID())/cmdline")
                    #expect(words.contains("-publish-binary\0/bin/true\0"))
                    try shim.delete()
                })
        }

        @Test("start leaves no descriptor of its caller open in the shim", arguments: [ShimFlavor.runc])
        func descriptors(_ flavor: ShimFlavor) throws {
            // Child.wait, which start goes through, also waits for the end of both outputs.
            try ShimFixture.with(flavor) { shim in
                let process = try shim.shimPID()
                for name in Host.names(in: "/proc/\(process)/fd") {
                    let target = try? FileManager.default.destinationOfSymbolicLink(
                        atPath: "/proc/\(process)/fd/\(name)")
                    #expect(target?.hasPrefix("pipe:") != true, "\(name): \(target ?? "")")
                }
            }
        }

        // MARK: The socket

        @Test("a socket whose path does not fit is refused, and nothing is left", arguments: [true, false])
        func longPath(_ isParameter: Bool) throws {
            try ShimFixture.with(.runc) { shim in
                // With the 64 digits of the name more than the 107 bytes that an address has.
                let folder = shim.workspace.file(String(repeating: "x", count: 60))
                var parameters = Containerd_Runtime_Bootstrap_V1_BootstrapParams()
                parameters.instanceID = "long"
                parameters.namespace = shim.workspace.namespace
                parameters.socketDir = folder
                if !isParameter { shim.surroundings["SWCTR_SHIM_SOCKET_DIR"] = folder }
                try shim.makeBundle("long", ["true"])
                let outcome = try Child(
                    shim.arguments("long") + ["start"], environment: shim.environment, directory: shim.bundle("long"),
                    input: isParameter ? .bytes(try parameters.serializedBytes()) : .null
                ).wait()
                #expect(outcome.status == 1)
                #expect(outcome.output.isEmpty)
                #expect(outcome.errorText.contains("\(folder)/"), "\(outcome.errorText)")
                #expect(outcome.errorText.contains("too long"), "\(outcome.errorText)")
                #expect(Host.names(in: folder).isEmpty)
            }
        }

        @Test("only a peer with exactly our user and group is served", arguments: ShimFlavor.quick)
        func strangers(_ flavor: ShimFlavor) throws {
            try ShimFixture.with(flavor) { shim in
                // Root, so the file's mode does not keep it out, but with another group.
                let script = """
                    import socket, sys
                    s = socket.socket(socket.AF_UNIX); s.connect(sys.argv[1])
                    try:
                        s.sendall(bytes([0, 0, 0, 0, 0, 0, 0, 1, 1, 0]))
                        print(len(s.recv(100)))
                    except ConnectionError: print(0)
                    """
                let stranger = try must(
                    ["setpriv", "--regid", "65534", "--clear-groups", "python3", "-c", script, shim.socket])
                #expect(stranger.text == "0\n")
                let ourselves = try must(["python3", "-c", script, shim.socket])
                #expect(ourselves.text != "0\n")
            }
        }

        // MARK: Options at start

        @Test("Options.shim_cgroup is where the shim is counted", arguments: [ShimFlavor.runc, .stock])
        func shimCgroup(_ flavor: ShimFlavor) throws {
            let roots = ["memory", "pids"].map { "/sys/fs/cgroup/\($0)" }.filter { Host.exists($0) }
            let folders = roots.isEmpty ? ["/sys/fs/cgroup"] : roots
            var groups: [String] = []
            defer { for group in groups { rmdir(group) } }
            try ShimFixture.with(
                flavor,
                before: { shim in
                    groups = folders.map { "\($0)/shim-\(shim.workspace.namespace)" }
                    for group in groups { try Host.makeFolder(group) }
                    shim.startInput = try Self.options { $0.shimCgroup = "/shim-\(shim.workspace.namespace)" }
                },
                { shim in
                    let process = try shim.shimPID()
                    for group in groups {
                        let members = try Host.read(group + "/cgroup.procs").split(separator: "\n")
                        #expect(members.map(String.init) == ["\(process)"], "\(group)")
                    }
                    // What it starts is counted with its container.
                    let pid = try shim.create()
                    #expect(try !Host.read("/proc/\(pid)/cgroup").contains("/shim-"))
                    try shim.delete()
                    try shim.shutdown()
                    try Host.awaitEnd(of: process)
                })
        }

        @Test("a shim_cgroup that is not there is an error, and no shim is left", arguments: [ShimFlavor.runc])
        func missingCgroup(_ flavor: ShimFlavor) throws {
            try ShimFixture.with(flavor) { shim in
                try shim.makeBundle("b", ["true"])
                let outcome = try Child(
                    shim.arguments("b") + ["start"], environment: shim.environment, directory: shim.bundle("b"),
                    input: .bytes(try Self.options { $0.shimCgroup = "/no/such/group" })
                ).wait()
                #expect(outcome.status == 1)
                #expect(outcome.errorText.contains("/no/such/group"), "\(outcome.errorText)")
                #expect(Host.names(in: shim.workspace.file("s")).count == 1)
                #expect(!Host.exists(shim.bundle("b") + "/address"))
            }
        }

        /// Whether the kernel can is asked of Debian's shim, in the same way.
        @Test("SCHED_CORE gives the shim a cookie of its own, or is refused where the kernel has none")
        func coreScheduling() throws {
            func start(_ flavor: ShimFlavor) throws -> Bool {
                do {
                    try ShimFixture.with(flavor, before: { $0.surroundings["SCHED_CORE"] = "1" }) { _ in }
                    return true
                } catch let failure as TestFailure {
                    #expect(failure.description.contains("core") && failure.description.contains("sched"), "\(failure)")
                    return false
                }
            }
            #expect(try start(.runc) == start(.stock))
        }

        @Test("a task API elsewhere, or of a version that is not served, is refused; our own is not")
        func taskAPI() throws {
            try ShimFixture.with(.runc) { shim in
                try shim.makeBundle("b", ["true"])
                for (address, version, named) in [
                    ("unix:///elsewhere", 3, "unix:///elsewhere"), ("grpc+\(shim.address)", 3, "grpc+"),
                    ("", 4, "task_api_version 4"),
                ] as [(String, UInt32, String)] {
                    let change: (inout Containerd_Runc_V1_Options) -> Void = {
                        $0.taskApiAddress = address
                        $0.taskApiVersion = version
                    }
                    var request = shim.createRequest()
                    request.options = try Google_Protobuf_Any(serializedBytes: Self.options(change))
                    let refused = try #require(try shim.refusal("Create", request))
                    #expect(refused.code == .invalidArgument)
                    #expect(refused.message.contains(named), "\(refused.message)")
                    let outcome = try Child(
                        shim.arguments("b") + ["start"], environment: shim.environment, directory: shim.bundle("b"),
                        input: .bytes(try Self.options(change))
                    ).wait()
                    #expect(outcome.status == 1)
                    #expect(outcome.errorText.contains(named), "\(outcome.errorText)")
                }
                for address in [shim.address, "ttrpc+" + shim.address] {
                    shim.options = try Google_Protobuf_Any(
                        serializedBytes: Self.options {
                            $0.taskApiAddress = address
                            $0.taskApiVersion = 3
                        })
                    try shim.create()
                    try shim.delete()
                }
            }
        }

        @Test("the kernel takes the shim after its daemon when memory is short", arguments: [ShimFlavor.runc, .stock])
        func outOfMemoryScore(_ flavor: ShimFlavor) throws {
            try ShimFixture.with(flavor) { shim in
                let score = try Host.read("/proc/\(shim.shimPID())/oom_score_adj").trimmingCharacters(in: .newlines)
                let own = try Host.read("/proc/self/oom_score_adj").trimmingCharacters(in: .newlines)
                #expect(Int(score) == Int(own).map { min(1000, $0 + 1) })
            }
        }

        // MARK: -info

        @Test(
            "-info names the type of options, gives back those it got, and what their runtime can",
            arguments: [("", true), ("runc", true), ("crun", false)])
        func info(_ runtime: String, _ hasFeatures: Bool) throws {
            let options = try Self.options { $0.binaryName = runtime }
            let outcome = try Child([Build.shim, "-info"], input: runtime.isEmpty ? .null : .bytes(options)).wait()
            #expect(outcome.status == 0)
            let info = try Containerd_Types_RuntimeInfo(serializedBytes: outcome.output)
            #expect(info.name == "io.containerd.swctr.v2")
            #expect(info.options.typeURL == "containerd.runc.v1.Options")
            let returned = try Containerd_Runc_V1_Options(serializedBytes: info.options.value)
            #expect(returned.binaryName == runtime)
            #expect(info.hasFeatures == hasFeatures)
            guard hasFeatures else { return }
            let direct = try must(["runc", "features"])
            #expect(info.features.typeURL == "types.containerd.io/opencontainers/runtime-spec/1/features/Features")
            #expect([UInt8](info.features.value) == direct.output)
        }

        @Test("-info refuses options that it does not know")
        func badInfo() throws {
            let any = ShimFlavor.any("example.org/Nonsense", [1])
            let outcome = try Child([Build.shim, "-info"], input: .bytes(try any.serializedBytes())).wait()
            #expect(outcome.status == 1)
            #expect(outcome.output.isEmpty)
            #expect(outcome.errorText.contains("example.org/Nonsense"))
        }

        @Test("a shim serves at the socket that it is told", arguments: ShimFlavor.quick.filter(\.isOurs).prefix(1))
        func ownSocket(_ flavor: ShimFlavor) throws {
            try ShimFixture.with(flavor) { shim in
                let path = shim.workspace.file("own")
                // A shim that was killed leaves its socket, which the next one replaces.
                for (turn, signal) in [(1, SIGKILL), (2, SIGTERM)] {
                    // Made after the other one is listened at.
                    let debug = "debug\(turn)"
                    let server = try Host.awaitName(debug, in: shim.workspace.path) {
                        try Child(
                            [
                                flavor.program, "-namespace", shim.workspace.namespace, "-id", "z", "-socket", path,
                                "-debug-socket", shim.workspace.file(debug),
                            ], environment: shim.environment, directory: shim.bundle("a"))
                    }
                    var request = Containerd_Task_V2_ConnectRequest()
                    request.id = "z"
                    let answer: Containerd_Task_V2_ConnectResponse = try WirePeer(to: path).call(
                        flavor.service, "Connect", request)
                    #expect(pid_t(answer.shimPid) == server.processID)
                    server.signal(signal)
                    let status = try server.wait().status
                    #expect(signal == SIGKILL || status == 0)
                    #expect(Host.exists(path) == (signal == SIGKILL))
                }
                let long = shim.workspace.file(String(repeating: "y", count: 100))
                let refused = try Child(
                    [flavor.program, "-namespace", "n", "-id", "z", "-socket", long], directory: shim.bundle("a")
                ).wait()
                #expect(refused.status == 1)
                #expect(refused.errorText.contains("too long"), "\(refused.errorText)")
            }
        }

        /// Options as a daemon puts them on stdin.
        private static func options(_ change: (inout Containerd_Runc_V1_Options) -> Void) throws -> [UInt8] {
            var options = Containerd_Runc_V1_Options()
            change(&options)
            return try ShimFlavor.any("containerd.runc.v1.Options", try options.serializedBytes()).serializedBytes()
        }
    }
}
