import Foundation
import SwctrCore
import SwctrProto
import SwctrTestSupport
import SwctrWire
import SwiftProtobuf
import Testing

extension Integration {
    /// runc's options go to runc's shim, and to no other: the client says so, and the manager does not rely on it.
    @Suite("The option rule")
    struct OptionRuleTests {
        /// Runs `body` with a manager that knows the strict shim.
        private func withManager(_ body: (Workspace, Manager) throws -> Void) throws {
            try Workspace.with { workspace in
                let manager = try Manager(in: workspace, shimFolders: [Build.repository + "/Tests/Support"])
                try manager.client.must("images", "import", try TestImage.archive())
                let images = try manager.client.must("snapshots", "list").lines
                try body(workspace, manager)
                #expect(try manager.client.must("containers", "list", "--quiet").lines == [])
                #expect(try manager.client.must("tasks", "list", "--quiet").lines == [])
                #expect(try manager.client.must("snapshots", "list").lines == images, "no snapshot was left")
                #expect(!Host.exists(manager.bundle(of: "a")))
            }
        }

        static let refused: [(flags: [String], words: [String])] = [
            (
                ["--runtime", "io.containerd.kata.v2", "--runc-binary", "crun"],
                ["--runc-binary", "io.containerd.kata.v2"]
            ),
            (["--runtime", "io.containerd.kata.v2", "--runc-root", "/r"], ["--runc-root", "io.containerd.kata.v2"]),
            (
                ["--runtime", "io.containerd.strict.v1", "--cgroup", "a:b:c", "--runc-systemd-cgroup"],
                ["--runc-systemd-cgroup", "io.containerd.strict.v1"]
            ),
            (["--runtime", "/usr/bin/containerd-shim-runc-v2", "--runc-binary", "crun"], ["--runc-binary"]),
            (["--runc-systemd-cgroup"], ["--runc-systemd-cgroup", "--cgroup"]),
        ]

        @Test("the client refuses before it connects", arguments: refused)
        func client(_ flags: [String], _ words: [String]) throws {
            try Workspace.with { workspace in
                var environment = Child.environment
                environment["PATH"] = "\(Build.programs):\(environment["PATH"] ?? "")"
                let nobody = Client(
                    program: "swctr", address: workspace.file("no.sock"), namespace: workspace.namespace,
                    environment: environment)
                let outcome = try nobody.run(["run", "--rm"] + flags + [TestImage.name, "a", "true"])
                #expect(outcome.status == 2)
                #expect(outcome.output == [])
                let lines = outcome.errorText.split(separator: "\n")
                #expect(lines.count == 1, "\(outcome.errorText)")
                for word in words { #expect(outcome.errorText.contains(word)) }
                #expect(!outcome.errorText.contains("no.sock"), "it did not get as far as the socket")
            }
        }

        /// What a client that does not check would send.
        private static func request(_ runtime: String, _ options: Containerd_Runc_V1_Options) throws
            -> Swctr_V1_RunRequest
        {
            var request = Swctr_V1_RunRequest()
            request.container.id = "a"
            request.container.image = TestImage.name
            request.container.args = ["true"]
            request.container.runtime.name = runtime
            request.container.runtime.options.typeURL = "containerd.runc.v1.Options"
            request.container.runtime.options.value = try options.serializedData()
            request.detach = true
            return request
        }

        enum Prefix: String, CaseIterable, Sendable { case bare = "", google = "type.googleapis.com/" }

        @Test("the manager refuses what a client should not have sent", arguments: Prefix.allCases)
        func manager(_ prefix: Prefix) throws {
            try withManager { workspace, manager in
                var binary = Containerd_Runc_V1_Options()
                binary.binaryName = "crun"
                var cgroup = Containerd_Runc_V1_Options()
                cgroup.systemdCgroup = true
                let cases = [
                    (
                        try Self.request("io.containerd.strict.v1", binary),
                        ["--runc-binary", "io.containerd.strict.v1"]
                    ),
                    (try Self.request("io.containerd.kata.v2", binary), ["io.containerd.kata.v2"]),
                    (try Self.request("io.containerd.runc.v2", cgroup), ["--runc-systemd-cgroup", "--cgroup"]),
                ]
                for (request, words) in cases {
                    var request = request
                    request.container.runtime.options.typeURL = prefix.rawValue + "containerd.runc.v1.Options"
                    let peer = try WirePeer(to: manager.socket)
                    let error = #expect(throws: RPCStatus.self) {
                        let _: Swctr_V1_ProcessEvent = try peer.call(
                            ServiceName.tasks, "Run", request, namespace: workspace.namespace)
                    }
                    #expect(error?.code == .invalidArgument, "\(error.map(\.description) ?? "")")
                    for word in words { #expect(error?.message.contains(word) == true, "\(error?.message ?? "")") }
                    var create = Swctr_V1_CreateContainerRequest()
                    create.options = request.container
                    #expect(throws: RPCStatus.self) {
                        let _: Swctr_V1_CreateContainerResponse = try peer.call(
                            ServiceName.containers, "Create", create, namespace: workspace.namespace)
                    }
                }
            }
        }

        @Test("without such a flag a foreign shim gets the standard request and no options")
        func foreignShim() throws {
            try withManager { _, manager in
                let outcome = try manager.client.run(
                    "run", "--rm", "--runtime", "io.containerd.strict.v1", TestImage.name, "a", "true")
                #expect(outcome.text == "start 0, create none\n")
                #expect(outcome.status == 7, "\(outcome.errorText)")
            }
        }

        @Test("the strict shim fails on options as Kata's does")
        func strictShimIsStrict() throws {
            try Workspace.with { workspace in
                let shim = Build.repository + "/Tests/Support/containerd-shim-strict-v1"
                let address = try must([shim, "start"], directory: workspace.path).text
                let peer = try WirePeer(to: String(address.dropFirst("unix://".count).dropLast()))
                var create = Containerd_Task_V2_CreateTaskRequest()
                create.id = "a"
                create.options.typeURL = "containerd.runc.v1.Options"
                let error = #expect(throws: RPCStatus.self) {
                    let _: Containerd_Task_V2_CreateTaskResponse = try peer.call(ServiceName.taskV2, "Create", create)
                }
                #expect(error?.message.contains("can't unmarshal type") == true)
                let _: Google_Protobuf_Empty = try peer.call(
                    ServiceName.taskV2, "Shutdown", Containerd_Task_V2_ShutdownRequest())
            }
        }
    }
}
