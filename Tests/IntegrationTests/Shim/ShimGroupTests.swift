import Foundation
import SwctrCore
import SwctrProto
import SwctrTestSupport
import SwctrWire
import SwiftProtobuf
import Testing

extension Integration {
    @Suite("Shim: containers that share one")
    struct ShimGroupTests {
        private static let annotation = "io.containerd.runc.v2.group"

        private static func edit(_ spec: inout [String: Any]) { spec["annotations"] = [annotation: "pod"] }

        @Test(
            "containers of a group share a shim, which ends with the last of them",
            arguments: [annotation, "io.kubernetes.cri.sandbox-id"], [ShimFlavor.runc, .crun, .stock])
        func life(_ annotation: String, _ flavor: ShimFlavor) throws {
            let edit: (inout [String: Any]) -> Void = { $0["annotations"] = [annotation: "pod"] }
            try ShimFixture.with(flavor, edit: edit) { shim in
                try shim.makeBundle("b", ["sleep", "1000"], edit: edit)
                #expect(try shim.start("b") == shim.address)
                #expect(try Host.read(shim.bundle("b") + "/address") == shim.address)
                for id in ["a", "b"] {
                    try shim.create(id)
                    try shim.startTask(id)
                }
                let process = try shim.shimPID()
                #expect(try shim.shimPID("b") == process)
                for id in ["a", "b"] {
                    try shim.killTask(id)
                    try shim.delete("", id)
                    if id == "a" {
                        try shim.shutdown(id)
                        #expect(try shim.state("", "b").status == .running)
                        _ = try shim.deleteBinary("a")
                        #expect(try shim.state("", "b").status == .running)
                    }
                }
                try shim.shutdown("b")
                try Host.awaitEnd(of: process)
                #expect(!Host.exists(shim.socket))
                _ = try shim.deleteBinary("b")
                let seen = try shim.events.await("delete b")
                #expect(seen.filter { $0.hasSuffix(" b") } == ["create b", "start b", "exit b", "delete b"])
            }
        }

        @Test("of many starts of one group at once exactly one leaves a shim", arguments: [ShimFlavor.runc])
        func race(_ flavor: ShimFlavor) throws {
            try ShimFixture.with(
                flavor, edit: Self.edit,
                before: { shim in
                    var children: [Child] = []
                    for number in 0..<12 {
                        try shim.makeBundle("c\(number)", ["true"], edit: Self.edit)
                        children.append(
                            try Child(
                                shim.arguments("c\(number)") + ["start"], environment: shim.environment,
                                directory: shim.bundle("c\(number)")))
                    }
                    let outcomes = try children.map { try $0.wait() }
                    #expect(outcomes.allSatisfy { $0.status == 0 && $0.errors.isEmpty })
                    #expect(Set(outcomes.map(\.text)).count == 1)
                },
                { shim in
                    // The fixture's own start found it too; nobody else of its folder listens.
                    #expect(Host.names(in: shim.workspace.file("s")).count == 1)
                    let process = try shim.shimPID()
                    try shim.shutdown()
                    try Host.awaitEnd(of: process)
                    #expect(Host.names(in: shim.workspace.file("s")).isEmpty)
                    #expect(shim.workspace.remains().isEmpty)
                })
        }

        @Test("a shim that was started and given nothing says so, and ends when asked", arguments: ShimFlavor.quick)
        func leaked(_ flavor: ShimFlavor) throws {
            try ShimFixture.with(flavor) { shim in
                let process = try shim.shimPID()
                var request = Containerd_Task_V2_PidsRequest()
                request.id = "a"
                // What a daemon that comes back goes by: this answer and no other means that there is no task.
                #expect(try shim.refusal("Pids", request)?.code == .notFound)
                #expect(try shim.refusal("Delete", shim.deleteRequest())?.code == .notFound)
                try shim.shutdown()
                try Host.awaitEnd(of: process)
                #expect(!Host.exists(shim.socket))
            }
        }

        @Test(
            "a failed Create leaves the others of the group alone, and no trace", arguments: [ShimFlavor.runc, .crun])
        func failedCreate(_ flavor: ShimFlavor) throws {
            try ShimFixture.with(flavor, edit: Self.edit) { shim in
                try shim.create()
                try shim.startTask()
                try shim.makeBundle("b", ["/no/such/program"], edit: Self.edit)
                #expect(try shim.start("b") == shim.address)
                #expect(try shim.refusal("Create", shim.createRequest("b")) != nil)
                _ = try shim.deleteBinary("b")
                #expect(shim.workspace.remains(within: .zero).allSatisfy { !$0.hasSuffix("/b") })
                #expect(try shim.state().status == .running)
                try shim.makeBundle("b", ["sleep", "1000"], edit: Self.edit)
                try shim.create("b")
                #expect(try shim.state("", "b").status == .created)
                try shim.delete("", "b")
            }
        }
    }
}
