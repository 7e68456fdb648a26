import Foundation
import SwctrCore
import SwctrProto
import SwctrTestSupport
import SwctrWire
import SwiftProtobuf
import Testing

extension Integration {
    /// Checkpoint and restore as far as every host can: runsc needs nobody, runc needs a kernel that its criu knows.
    @Suite("Shim: checkpoint and restore")
    struct ShimCheckpointTests {
        static let counting = "i=0; while :; do i=$((i+1)); echo $i; sleep 0.05; done"

        @Test("a container that was written away goes on where it was", arguments: [ShimFlavor.runsc])
        func goesOn(_ flavor: ShimFlavor) throws {
            try Self.roundTrip(flavor)
        }

        /// Writes a counting container away, makes it again, and looks whether it counts on.
        static func roundTrip(_ flavor: ShimFlavor, edit: (inout [String: Any]) -> Void = { _ in }) throws {
            try ShimFixture.with(flavor, ["sh", "-c", counting], edit: edit) { shim in
                let before = try shim.reader("out")
                try shim.create("a", .output("out"))
                try shim.startTask()
                try before.expect("\n20\n", within: .seconds(30))
                let image = shim.workspace.file("image")
                try shim.send("Checkpoint", shim.checkpointRequest(image) { $0.exit = true }, on: "checkpoint")
                _ = try shim.wait()
                try shim.delete()
                let last = try #require(try before.wait().lines.last.flatMap { Int($0) })
                try shim.events.await("checkpointed a")

                let after = try shim.reader("out")
                var request = shim.createRequest("a", .output("out"))
                request.checkpoint = image
                let created: Containerd_Task_V2_CreateTaskResponse = try shim.call("Create", request)
                #expect(created.pid == 0)
                #expect(try shim.state().status == .created)
                #expect(try shim.refusal("Exec", shim.execRequest("e", ["true"]))?.code == .unknown)
                let pid = try shim.startTask()
                #expect(pid > 0)
                #expect(try shim.state().status == .running)
                try after.expect("\n\(last + 20)\n", within: .seconds(30))
                let first = try #require(String(decoding: after.output, as: UTF8.self).split(separator: "\n").first)
                // What it was writing when it was stopped may have been lost or written twice, but it did not begin
                // anew.
                #expect(abs((Int(first) ?? 0) - last) <= 2, "\(last) before, \(first) after")
                try shim.exec("e", "true")
                #expect(try shim.wait("e") == 0)
                try shim.send("Kill", shim.killRequest(SIGKILL))
                #expect(try shim.wait() == 137)
                try shim.delete()
                try shim.events.await("delete a", times: 2)
                // The end that a checkpoint brings may be seen before the runtime says that it is done.
                let life = ["create a", "start a", "exit a", "delete a"]
                let seen = shim.events.seen.filter { $0 != "checkpointed a" && !$0.contains(" e") }
                #expect(seen == life + life)
            }
        }

        @Test("all that a client may ask of a checkpoint reaches the runtime")
        func arguments() throws {
            try ShimFixture.with(.scripted(.runc)) { shim in
                try shim.create()
                try shim.startTask()
                try Host.write(
                    "case $1 in checkpoint) exit 0 ;; *) exit 99 ;; esac", to: shim.bundle("a") + "/script")
                try shim.send("Checkpoint", shim.checkpointRequest("/image"))
                let work = shim.bundle("a") + "/work/criu-work"
                #expect(
                    try shim.lastCall()
                        == "checkpoint --image-path /image --work-path \(work) --leave-running a")
                try shim.send(
                    "Checkpoint",
                    shim.checkpointRequest("/image") { options in
                        options.exit = true
                        options.openTcp = true
                        options.externalUnixSockets = true
                        options.terminal = true
                        options.fileLocks = true
                        options.emptyNamespaces = ["network", "ipc"]
                        options.workPath = "/work place"
                        options.parentPath = "../earlier"
                    })
                #expect(
                    try shim.lastCall()
                        == "checkpoint --image-path /image --work-path /work place --parent-path ../earlier "
                        + "--tcp-established --ext-unix-sk --shell-job --file-locks "
                        + "--empty-ns network --empty-ns ipc a")
                try shim.events.await("checkpointed a", times: 2)
                #expect(try shim.state().status == .running)
            }
        }

        @Test("all that a client may ask of a restore reaches the runtime")
        func restoreArguments() throws {
            try ShimFixture.with(.scripted(.runc)) { shim in
                let bundle = shim.bundle("a")
                try Host.write("case $1 in restore) exit 7 ;; *) exit 99 ;; esac", to: bundle + "/script")
                try Host.makeFolder(shim.workspace.file("image"))
                var request = shim.createRequest()
                request.checkpoint = shim.workspace.file("image")
                request.parentCheckpoint = "../earlier"
                try shim.send("Create", request)
                let refused = try #require(try shim.refusal("Start", shim.startRequest()))
                #expect(refused.message.hasPrefix("OCI runtime restore failed: "), "\(refused.message)")
                #expect(refused.message.hasSuffix(": exit status 7"), "\(refused.message)")
                #expect(
                    try shim.lastCall()
                        == "restore --image-path \(request.checkpoint) --work-path \(bundle)/work "
                        + "--parent-path ../earlier --detach --pid-file \(bundle)/init.pid -no-subreaper "
                        + "--bundle \(bundle) a")
                // A start that failed may be tried again, and what was never started can be deleted.
                #expect(try shim.state().status == .created)
                #expect(try shim.refusal("Start", shim.startRequest()) != nil)
                #expect(try shim.delete().pid == 0)

                var options = Containerd_Runc_V1_Options()
                options.binaryName = shim.flavor.runtime
                options.noPivotRoot = true
                options.criuImagePath = request.checkpoint
                options.criuWorkPath = "/criu"
                request.options = ShimFlavor.any("containerd.runc.v1.Options", try options.serializedBytes())
                request.checkpoint = ""
                request.parentCheckpoint = ""
                try shim.send("Create", request)
                #expect(try shim.refusal("Start", shim.startRequest()) != nil)
                #expect(
                    try shim.lastCall()
                        == "restore --image-path \(options.criuImagePath) --work-path /criu --detach "
                        + "--pid-file \(bundle)/init.pid --no-pivot -no-subreaper --bundle \(bundle) a")
                try shim.delete()
                #expect(try Host.read(bundle + "/options.json").contains("\"criu_work_path\":\"/criu\""))
            }
        }

        @Test("a checkpoint that fails says why in the runtime's words, and keeps criu's log")
        func failure() throws {
            try ShimFixture.with(.scripted(.runc)) { shim in
                let bundle = shim.bundle("a")
                try shim.create()
                try shim.startTask()
                // As runc and criu do it.
                try Host.write(
                    #"""
                    [ "$1" = checkpoint ] || exit 99
                    mkdir -p "$bundle/work/criu-work/deeper"
                    echo 'Error (criu/x.c:1): no way' > "$bundle/work/criu-work/dump.log"
                    printf '%s' '{"level":"error","msg":"criu failed: type NOTIFY errno 0\nlog file: x"}' >> "$bundle/log.json"
                    exit 1
                    """#, to: bundle + "/script")
                let refused = try #require(try shim.refusal("Checkpoint", shim.checkpointRequest("/image")))
                #expect(refused.code == .unknown)
                #expect(
                    refused.message
                        == "OCI runtime checkpoint failed: criu failed: type NOTIFY errno 0 path= \(bundle)/criu-dump.log"
                )
                #expect(try Host.read(bundle + "/criu-dump.log") == "Error (criu/x.c:1): no way\n")
                #expect(!Host.exists(bundle + "/work/criu-work"))
                #expect(try shim.state().status == .running)
                #expect(!shim.events.seen.contains("checkpointed a"))
            }
        }

        @Test("a runtime that cannot write a container away says so itself", arguments: [ShimFlavor.crun])
        func unable(_ flavor: ShimFlavor) throws {
            try ShimFixture.with(flavor) { shim in
                try shim.create()
                try shim.startTask()
                let refused = try #require(
                    try shim.refusal("Checkpoint", shim.checkpointRequest(shim.workspace.file("image"))))
                #expect(
                    refused.message == "OCI runtime checkpoint failed: exit status 1: unknown command checkpoint")
                #expect(try shim.state().status == .running)
            }
        }

        /// containerd #8393: no options at all.
        @Test("what makes no sense is refused, and changes nothing", arguments: [ShimFlavor.runc])
        func nonsense(_ flavor: ShimFlavor) throws {
            try ShimFixture.with(flavor) { shim in
                var request = shim.createRequest()
                request.checkpoint = shim.workspace.file("nowhere")
                let missing = try #require(try shim.refusal("Create", request))
                #expect(missing.code == .notFound)
                #expect(missing.message.contains("nowhere"))
                try shim.create()
                let early = try shim.refusal("Checkpoint", shim.checkpointRequest("/image"))
                #expect(early?.message == "cannot checkpoint a task in created state")
                try shim.startTask()
                #expect(try shim.refusal("Checkpoint", shim.checkpointRequest("image"))?.code == .invalidArgument)
                var strange = shim.checkpointRequest("/image")
                strange.options = ShimFlavor.any("example.org/Nonsense", [1])
                #expect(
                    try shim.refusal("Checkpoint", strange)?.message
                        == "type with url example.org/Nonsense: not found")
                strange.options = ShimFlavor.any("containerd.runc.v1.CheckpointOptions", [0xff])
                #expect(try shim.refusal("Checkpoint", strange)?.code == .invalidArgument)
                try shim.send("Kill", shim.killRequest(SIGKILL))
                _ = try shim.wait()
                let late = try shim.refusal("Checkpoint", shim.checkpointRequest("/image"))
                #expect(late?.message == "cannot checkpoint a stopped container")
            }
        }
    }
}

extension ShimFixture {
    func checkpointRequest(
        _ path: String, _ edit: ((inout Containerd_Runc_V1_CheckpointOptions) -> Void)? = nil
    ) -> Containerd_Task_V2_CheckpointTaskRequest {
        var request = Containerd_Task_V2_CheckpointTaskRequest()
        request.id = "a"
        request.path = path
        if let edit {
            var options = Containerd_Runc_V1_CheckpointOptions()
            edit(&options)
            request.options = ShimFlavor.any(
                "containerd.runc.v1.CheckpointOptions", (try? options.serializedBytes()) ?? [])
        }
        return request
    }
}
