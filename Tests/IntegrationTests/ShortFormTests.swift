import Foundation
import SwctrTestSupport
import Testing

extension Integration {
    @Suite("Short forms", .enabled(if: Setting.one.daemon == .swctrd, "tests swctr's own commands"))
    struct ShortFormTests {
        @Test("a container's life by the short forms")
        func life() throws {
            try Setting.runc.with { site in
                try site.detach(
                    "web", flags: ["--label", "tier=front"], "sh", "-c",
                    "trap 'exit 7' TERM; while :; do sleep 0.1; done")
                #expect(try site.client.must("ps", "-q").lines == ["web"])
                #expect(try site.client.must("ps", "--filter", "label=tier=back", "-q").lines == [])
                #expect(try site.client.must("exec", "web", "echo", "inside").lines == ["inside"])
                #expect(try site.client.run("exec", "web", "sh", "-c", "exit 5").status == 5)
                #expect(
                    try site.client.must("exec", "-i", "web", "cat", input: .bytes(Array("typed\n".utf8))).lines == [
                        "typed"
                    ])
                #expect(try site.client.must("exec", "web", "cat").output == [])
                #expect(try site.client.must("top", "web", "--format", "{{.Command}}").text.contains("trap"))
                try site.client.must("pause", "web")
                #expect(try site.client.must("ps", "--format", "{{.State}}").lines == ["paused"])
                try site.client.must("unpause", "web")
                #expect(try site.client.must("stop", "web").lines == ["web"])
                #expect(try site.client.must("ps", "-q").lines == [])
                #expect(try site.client.must("ps", "-a", "--format", "{{.State}} {{.ExitCode}}").lines == ["exited 7"])
                #expect(try site.client.must("wait", "web").lines == ["7"])
                let state = try site.client.must("inspect", "--format", "{{.State.Status}} {{.State.ExitCode}}", "web")
                #expect(state.lines == ["exited 7"])
                #expect(try site.client.must("start", "web").lines == ["web"])
                #expect(try site.client.run("start", "web").status == 1)
                #expect(try site.client.must("restart", "-t", "5", "web").lines == ["web"])
                #expect(try site.client.must("ps", "--filter", "status=running", "-q").lines == ["web"])
                #expect(try site.client.run("rm", "web").status == 1)
                #expect(try site.client.must("rm", "-f", "web").lines == ["web"])
                #expect(try site.client.must("ps", "-a", "-q").lines == [])
            }
        }

        @Test("a shell completes the names of containers, images and namespaces")
        func completion() throws {
            try Setting.runc.with { site in
                try site.client.must("create", "--name", "web", TestImage.name, "true")
                try site.client.must("containers", "create", TestImage.name, "plain", "true")
                var environment = site.client.environment
                environment["SWCTR_ADDRESS"] = site.client.address
                environment["SWCTR_NAMESPACE"] = site.client.namespace
                func completed(_ line: String...) throws -> [String] {
                    try must(["swctr", "---completion"] + line, environment: environment).lines
                }
                #expect(try completed("stop", "") == ["web", "plain"])
                #expect(try completed("tasks", "kill", "") == ["web", "plain"])
                #expect(try completed("ps", "--namespace", "").contains(site.client.namespace))
                environment["SWCTR_ADDRESS"] = "/nonexistent"
                #expect(try completed("stop", "") == [])
                try site.client.must("rm", "web", "plain")
            }
        }

        @Test("what does not heed its stop signal is killed when the time is up")
        func stubborn() throws {
            try Setting.runc.with { site in
                let child = try site.start("deaf", "sh", "-c", "trap '' TERM; echo ready; while :; do sleep 0.1; done")
                try child.expect("ready")
                try site.client.must("stop", "-t", "500ms", "deaf")
                #expect(try child.wait().status == 137)
            }
        }

        @Test("a name stands for the id everywhere, is unique, and can be changed")
        func names() throws {
            try Setting.runc.with { site in
                let run = ["run", "-d", "--name", "web", TestImage.name, "sleep", "100"]
                let ids = try site.client.must(run).lines
                site.workspace.atEnd { _ = try site.client.run("rm", "-f", ids.first ?? "") }
                #expect(ids.count == 1 && ids[0].count == 64)
                let id = ids[0]
                #expect(try site.client.must("exec", "web", "hostname").lines == ["web"])
                #expect(try site.client.must("ps", "--format", "{{.ID}} {{.Name}}").lines == ["\(id) web"])
                let taken = try site.client.run(run)
                #expect(taken.status == 1 && taken.errorText.contains("taken"))
                let clash = try site.client.run("run", "--rm", TestImage.name, "web", "true")
                #expect(clash.status == 1 && clash.errorText.contains("taken"))
                #expect(try site.client.must("ps", "-a", "-q").lines == [id])
                try site.client.must("rename", "web", "db")
                #expect(try site.client.run("exec", "web", "true").status == 1)
                #expect(try site.client.must("tasks", "exec", "--exec-id", "e", "db", "echo", "x").lines == ["x"])
                #expect(try site.client.run("rename", "db", "bad/name").status == 2)
                #expect(try site.client.run("containers", "label", "db", "swctr.io/name=x").status == 2)
                try site.client.must("stop", "-t", "0", "db")
                #expect(try site.client.must("rm", "db").lines == ["db"])
                let random = try site.client.must("create", "--random-name", TestImage.name, "true").lines
                let name = try site.client.must("ps", "-a", "--format", "{{.Name}}").lines
                #expect(random.count == 1 && name.count == 1 && name[0].contains("_"))
                try site.client.must("rm", name[0])
            }
        }

        @Test("use is shown as a table and as JSON")
        func stats() throws {
            try Setting.runc.with { site in
                try site.detach("busy", flags: ["--memory-limit", "64m"], "sh", "-c", "while :; do :; done")
                let outcome = try site.client.must("stats", "--no-stream", "--format", "json", "busy")
                let rows = try JSONSerialization.jsonObject(with: Data(outcome.output)) as? [[String: Any]]
                let row = try #require(rows?.first)
                #expect(row["MemoryLimit"] as? Int == 64 << 20)
                let share = try #require(Double((row["CPUPerc"] as? String ?? "").dropLast()))
                #expect(share > 1)
                #expect(try site.client.must("stats", "--no-stream").lines.count == 2)
                #expect(try site.client.run("stats", "--no-stream", "none").status == 1)
            }
        }

        @Test("the shim itself can be asked, by its container's name and by its socket")
        func shim() throws {
            try Setting.runc.with { site in
                try site.detach("web", "sleep", "100")
                let process = try site.client.task("web").processID
                let state = try site.client.must("shim", "--id", "web", "state").text
                #expect(state.contains("\"pid\": \(process)"))
                let address = try Host.read("\(site.bundle(of: "web"))/address").trimmingCharacters(in: .newlines)
                let again = try site.client.must(
                    "shim", "--id", "web", "--shim-address", address, "state", "--api-version", "3")
                #expect(again.text.contains("\"pid\": \(process)"))
                let spec = site.workspace.file("process.json")
                try Host.write(
                    #"{"cwd":"/","user":{"uid":0,"gid":0},"args":["sleep","5"],"env":["PATH=/bin"]}"#, to: spec)
                let pid = try site.client.must("shim", "--id", "web", "exec", "--spec", spec, "mine").lines
                #expect(pid.count == 1 && pid_t(pid[0]) != nil)
                #expect(try site.client.run("shim", "state").status == 2)
                #expect(try site.client.run("shim", "--id", "none", "state").status == 1)
            }
        }
    }
}
