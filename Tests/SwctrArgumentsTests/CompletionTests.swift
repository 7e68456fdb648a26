import Foundation
import SwctrArguments
import Testing

private let installedShells = ["bash", "zsh", "fish"].filter {
    FileManager.default.isExecutableFile(atPath: "/usr/bin/\($0)")
}

@Suite("Completion")
struct CompletionTests {
    /// The words offered for the last one; "files" where the shell is to offer those.
    private func completed(_ words: [String]) throws -> [String] {
        guard case .completions(let text, let files) = try demo.request(["---completion"] + words) else { return ["?"] }
        if files { return ["files"] }
        return text.split(separator: "\n").map { String($0.prefix { $0 != "\t" }) }
    }

    @Test(
        "a word is completed by what may stand in its place",
        arguments: [
            ([""], ["everything", "group"]), (["ev"], ["everything"]), (["g", ""], ["pass", "single"]),
            (["x", ""], []),
            (["g", "-"], ["--name", "--help"]), (["g", "--name", "x", "s"], ["single"]),
            (["g", "--name", ""], ["files"]),
            (["everything", "--l"], ["--loud", "--label"]),
            (
                ["everything", "-"],
                [
                    "-l", "--loud", "-q", "-t", "--text", "-c", "--colour", "--label", "-n", "--number", "--share",
                    "--help",
                ]
            ),
            (["everything", "--colour", ""], ["red", "green"]), (["everything", "-lc", "g"], ["green"]),
            (["everything", "--colour=g"], ["--colour=green"]), (["everything", "--text", "-l", ""], ["files"]),
            (["everything", "s", "t", ""], ["files"]), (["everything", "--", "-"], ["files"]),
            (["g", "pass", ""], ["web", "db:1"]), (["g", "pass", "--name", "n", "d"], ["db:1"]),
            (["g", "pass", "web", "--l"], ["files"]), (["g", "single", "h", "1", ""], []),
        ])
    func words(line: [String], answer: [String]) throws { #expect(try completed(line) == answer) }

    @Test("commands and options are explained")
    func explained() throws {
        guard case .completions(let text, _) = try demo.request(["---completion", "g", "pa"]) else { return }
        #expect(text == "pass\tPass arguments on")
    }

    @Test("a script is one that its shell reads", arguments: installedShells)
    func scripts(shell: String) throws {
        guard case .text(let script) = try demo.request(["--generate-completion-script=\(shell)"]) else { return }
        #expect(script.contains("---completion"))
        let file = FileManager.default.temporaryDirectory.appendingPathComponent("\(UUID().uuidString).\(shell)")
        try Data(script.utf8).write(to: file)
        defer { try? FileManager.default.removeItem(at: file) }
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/\(shell)")
        process.arguments = ["-n", file.path]
        try process.run()
        process.waitUntilExit()
        #expect(process.terminationStatus == 0)
    }
}
