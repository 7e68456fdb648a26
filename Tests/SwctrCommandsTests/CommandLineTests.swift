import SwctrArguments
import SwctrCore
import Testing

@testable import SwctrCommands

@Suite("The command line of swctr")
struct CommandLineTests {
    private func command<Command>(_ line: String..., as: Command.Type) throws -> Command {
        try #require(try Program.swctr.command(line) as? Command)
    }

    @Test("global options may stand first, in all spellings")
    func global() throws {
        let list = try command("-a", "/x", "-n", "web", "--debug", "tasks", "ls", "-q", as: TaskList.self)
        #expect((list.global.address, list.global.namespace) == ("/x", "web"))
        #expect(list.global.debug && list.quiet)
        let other = try command("--namespace=web", "t", "--timeout", "3s", "list", as: TaskList.self)
        #expect((other.global.namespace, other.global.timeout?.duration) == ("web", .seconds(3)))
    }

    @Test("an option after the command holds instead of the same one before it")
    func override() throws {
        #expect(try command("-n", "a", "ps", "--namespace", "b", as: Ps.self).global.namespace == "b")
    }

    @Test("-a belongs to kill where it stands after kill")
    func killAll() throws {
        let kill = try command("-a", "/x", "tasks", "kill", "-a", "-s", "TERM", "c", as: TaskKill.self)
        #expect((kill.global.address, kill.all, kill.signal, kill.id) == ("/x", true, "TERM", "c"))
    }

    @Test("a group's option may stand before its command")
    func group() throws {
        let list = try command("snapshots", "--snapshotter", "native", "ls", as: SnapshotList.self)
        #expect(list.snapshotter == "native")
        #expect(try command("shim", "--id", "web", "state", as: ShimState.self).shim.id == "web")
    }

    @Test(
        "nothing after the first positional argument is an option",
        arguments: [
            (["run", "--rm", "i", "c", "--rm", "-t"], ["i", "c", "--rm", "-t"]),
            (["run", "--env", "A=b", "-dt", "i", "c"], ["i", "c"]),
            (["run", "--env=A=b", "i", "c", "--", "-x"], ["i", "c", "--", "-x"]),
            (["run", "-tu", "root", "i", "c"], ["i", "c"]), (["run", "--", "i", "-c"], ["i", "-c"]),
            (["run", "i", "c", "--help"], ["i", "c", "--help"]),
        ])
    func passthrough(line: [String], words: [String]) throws {
        #expect((try Program.swctr.command(line) as? Run)?.words == words)
    }

    @Test("what exec runs is taken as it is")
    func exec() throws {
        let task = try command("t", "exec", "--exec-id", "e", "c", "sh", "-c", "--", as: TaskExec.self)
        #expect((task.execID, task.id, task.command) == ("e", "c", ["sh", "-c", "--"]))
        #expect(try command("exec", "-it", "c", "sh", "-t", as: Exec.self).command == ["sh", "-t"])
    }

    @Test(
        "help, version and scripts are printed and not run",
        arguments: [
            (["--help"], "OVERVIEW: Run containers"), ([], "OVERVIEW: Run containers"),
            (["-v"], "swctr \(Version.current)"),
            (["--version"], "swctr \(Version.current)"), (["tasks", "--help"], "OVERVIEW: Work with what runs"),
            (["tasks"], "OVERVIEW: Work with what runs"), (["help", "run"], "OVERVIEW: Create a container and run it"),
            (["help", "tasks", "ls"], "OVERVIEW: List tasks"), (["run", "--rm", "--help"], "OVERVIEW: Create"),
            (["ps", "-h"], "OVERVIEW: List containers"), (["-n", "web", "ps", "-h"], "OVERVIEW: List containers"),
            (["--generate-completion-script", "bash"], "_swctr() {"),
        ])
    func builtIn(line: [String], beginning: String) throws {
        guard case .text(let text) = try Program.swctr.request(line) else {
            Issue.record("no text")
            return
        }
        #expect(text.hasPrefix(beginning))
    }

    @Test(
        "a line that is wrong is refused in one line, with the next step",
        arguments: [
            (["frob"], "there is no command \"frob\"", "see 'swctr --help'"),
            (["tasks", "frob"], "there is no command \"frob\"", "see 'swctr tasks --help'"),
            (["-n", "web", "frob"], "there is no command \"frob\"", "see 'swctr --help'"),
            (["contaners", "ls"], "there is no command \"contaners\"", "did you mean 'containers'?"),
            (
                ["run", "--memry-limit", "1", "i", "c"], "unknown option '--memry-limit'",
                "did you mean '--memory-limit'?"
            ),
            (["run", "--rm"], "missing expected argument '<image>'", "see 'swctr run --help'"),
            (
                ["tasks", "exec", "c", "sh"], "missing expected option '--exec-id <name>'",
                "see 'swctr tasks exec --help'"
            ),
            (["exec", "c"], "missing expected argument '<command>'", "see 'swctr exec --help'"),
            (
                ["run", "--cpus", "many", "i", "c"], "'many' is not a value of '--cpus <number>'",
                "see 'swctr run --help'"
            ),
            (
                ["images", "pull", "--progress", "x", "i"], "'x' is not a value of '--progress <style>'",
                "it is one of auto, tree, plain, json, none"
            ),
            (["--rm", "run"], "unknown option '--rm' before the name of a command", "see 'swctr --help'"),
        ])
    func refused(line: [String], message: String, hint: String) {
        let refusal = #expect(throws: Refusal.self) { _ = try Program.swctr.request(line) }
        #expect((refusal?.message, refusal?.hint) == (message, hint))
    }

    @Test("a shell is offered commands, options, and the values that can be counted")
    func completions() throws {
        func answer(_ words: String...) throws -> [Substring] {
            guard case .completions(let names, _) = try Program.swctr.request(["---completion"] + words) else {
                return []
            }
            return names.split(separator: "\n").map { $0.prefix { $0 != "\t" } }
        }
        #expect(try answer("res") == ["restart", "resume"])
        #expect(try answer("-n", "web", "tasks", "p") == ["pause", "ps"])
        #expect(try answer("run", "--runc-b") == ["--runc-binary"])
        #expect(try answer("run", "i", "c", "--runc-b") == [])
        #expect(try answer("images", "pull", "--progress", "p") == ["plain"])
        #expect(try answer("run", "--sig-proxy=t") == ["--sig-proxy=true"])
    }
}
