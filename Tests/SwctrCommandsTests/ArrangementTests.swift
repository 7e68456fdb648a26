import ArgumentParser
import Foundation
import SwctrCore
import Testing

@testable import SwctrCommands

@Suite("The command line, rearranged")
struct ArrangementTests {
    /// The words of the command and what it is given.
    private func arranged(_ line: String...) throws -> [String] { try arranged(line) }
    private func arranged(_ line: [String]) throws -> [String] {
        let arrangement = try Arrangement(line, root: Swctr.self)
        return arrangement.command == Swctr.self ? arrangement.arguments : arrangement.path + arrangement.arguments
    }

    @Test("global options may stand first, in all spellings")
    func global() throws {
        #expect(
            try arranged("-a", "/x", "-n", "web", "--debug", "tasks", "ls", "-q")
                == ["tasks", "ls", "--address", "/x", "--namespace", "web", "--debug", "-q"])
        #expect(
            try arranged("--namespace=web", "t", "--timeout", "3s", "list")
                == ["tasks", "ls", "--namespace", "web", "--timeout", "3s"])
    }

    @Test("-a belongs to kill where it stands after kill")
    func killAll() throws {
        #expect(
            try arranged("-a", "/x", "tasks", "kill", "-a", "-s", "TERM", "c")
                == ["tasks", "kill", "--address", "/x", "-a", "-s", "TERM", "c"])
    }

    @Test("a group's option may stand before its command")
    func group() throws {
        #expect(
            try arranged("snapshots", "--snapshotter", "native", "ls") == [
                "snapshots", "ls", "--snapshotter", "native",
            ])
    }

    @Test("a shim may be named before its command")
    func shim() throws {
        #expect(try arranged("shim", "--id", "web", "state") == ["shim", "state", "--id", "web"])
    }

    @Test(
        "nothing after the first positional argument is an option",
        arguments: [
            (["run", "--rm", "i", "c", "--rm", "-t"], ["run", "--rm", "--", "i", "c", "--rm", "-t"]),
            (["run", "--env", "A=b", "-dt", "i", "c"], ["run", "--env", "A=b", "-dt", "--", "i", "c"]),
            (["run", "--env=A=b", "i", "c", "--", "-x"], ["run", "--env=A=b", "--", "i", "c", "--", "-x"]),
            (["run", "-tu", "root", "i", "c"], ["run", "-tu", "root", "--", "i", "c"]),
            (["run", "--", "i", "-c"], ["run", "--", "i", "-c"]),
            (
                ["t", "exec", "--exec-id", "e", "c", "sh", "-c"],
                ["tasks", "exec", "--exec-id", "e", "--", "c", "sh", "-c"]
            ),
        ])
    func passthrough(line: [String], expected: [String]) throws {
        #expect(try arranged(line) == expected)
    }

    @Test("help and version go through as they are")
    func builtIn() throws {
        #expect(try arranged("--help") == ["--help"])
        #expect(try arranged("-v") == ["--version"])
        #expect(try arranged("tasks", "--help") == ["tasks", "--help"])
        #expect(try arranged("help", "run") == ["help", "run"])
        #expect(try arranged("--generate-completion-script", "bash") == ["--generate-completion-script", "bash"])
    }

    @Test("a word that is no command is named", arguments: [["frob"], ["tasks", "frob"], ["-n", "web", "frob"]])
    func unknown(line: [String]) {
        let error = #expect(throws: EngineError.self) { _ = try Arrangement(line, root: Swctr.self) }
        #expect(error?.message.contains("\"frob\"") == true)
    }

    @Test("the lists of options with a value are those that are declared")
    func valueOptions() throws {
        let commands: [([String], any PassthroughCommand.Type)] = [
            (["run"], Run.self), (["containers", "create"], ContainerCreate.self), (["tasks", "exec"], TaskExec.self),
            (["exec"], Exec.self),
        ]
        for (path, type) in commands {
            #expect(type.valueOptions == (try declaredValueOptions(path)), "\(path)")
        }
    }

    @Test("every command that passes arguments through is one of those")
    func passthroughCommands() {
        func leaves(_ type: any ParsableCommand.Type) -> [any ParsableCommand.Type] {
            type.configuration.subcommands.isEmpty ? [type] : type.configuration.subcommands.flatMap(leaves)
        }
        let names = leaves(Swctr.self).filter { $0 is any PassthroughCommand.Type }.map { "\($0)" }
        #expect(Set(names) == ["Run", "ContainerCreate", "TaskExec", "Exec"])
    }

    private func declaredValueOptions(_ path: [String]) throws -> Set<String> {
        let dump = try JSONSerialization.jsonObject(with: Data(Swctr._dumpHelp().utf8)) as? [String: Any]
        var command = try #require(dump?["command"] as? [String: Any])
        for word in path {
            let children = try #require(command["subcommands"] as? [[String: Any]])
            command = try #require(children.first { $0["commandName"] as? String == word })
        }
        var names: Set<String> = []
        for argument in try #require(command["arguments"] as? [[String: Any]])
        where argument["kind"] as? String == "option" {
            for name in argument["names"] as? [[String: Any]] ?? [] {
                let dashes = name["kind"] as? String == "long" ? "--" : "-"
                names.insert(dashes + (name["name"] as? String ?? ""))
            }
        }
        return names
    }
}
