import SwctrCore
import SwctrLinux
import Testing

@Suite("Subprocess")
struct SubprocessTests {
    private func shell(_ script: String, directory: String? = nil, input: [UInt8] = []) -> Subprocess {
        Subprocess(
            path: "/bin/sh", arguments: ["-c", script], environment: ["NAME=value"], directory: directory, input: input)
    }

    @Test("keeps the two output streams and the exit status apart")
    func streams() throws {
        let outcome = try shell("echo out; echo err >&2; exit 7").run(timeout: .seconds(10))
        #expect(outcome.status == ExitStatus(code: 7))
        #expect(outcome.output == Array("out\n".utf8))
        #expect(outcome.errors == Array("err\n".utf8))
        #expect(outcome.text == "err; out")
    }

    @Test("hands on directory, environment and input, and nothing else")
    func surroundings() throws {
        let outcome = try shell("pwd; env | grep -c .; echo $NAME; cat", directory: "/usr", input: Array("in".utf8))
            .run(timeout: .seconds(10))
        let lines = String(decoding: outcome.output, as: UTF8.self).split(separator: "\n")
        #expect(lines.first == "/usr")
        #expect(lines.contains("value"))
        #expect(lines.last == "in")
    }

    @Test("a death by signal is 128 and the signal's number")
    func signal() throws {
        #expect(try shell("kill -TERM $$").run(timeout: .seconds(10)).status == ExitStatus(code: 143))
    }

    @Test("a daemon that keeps the pipes open does not hold the answer back")
    func daemon() throws {
        let outcome = try shell("sleep 20 & echo $!").run(timeout: .seconds(10))
        let pid = try #require(Int32(String(decoding: outcome.output.dropLast(), as: UTF8.self)))
        try PidFD(of: pid).send(9)
        #expect(outcome.status == ExitStatus(code: 0))
    }

    @Test("what takes too long is killed with all that it started, and quoted")
    func timeout() {
        let began = ContinuousClock.now
        let error = #expect(throws: EngineError.self) {
            try shell("echo started; sleep 30 & sleep 30").run(timeout: .milliseconds(300))
        }
        #expect(error?.code == .deadlineExceeded)
        #expect(error?.message.contains("started") == true)
        #expect(ContinuousClock.now - began < .seconds(10))
    }

    @Test("output beyond the limit is dropped, and the program still ends")
    func flood() throws {
        let outcome = try shell("head -c 3000000 /dev/zero").run(timeout: .seconds(20), outputLimit: 1000)
        #expect(outcome.output.count == 1000)
        #expect(outcome.status == ExitStatus(code: 0))
    }

    @Test("a missing program is not found, with its path")
    func missing() {
        let error = #expect(throws: EngineError.self) {
            try Subprocess(path: "/nowhere/shim", arguments: [], environment: []).run(timeout: .seconds(1))
        }
        #expect(error?.code == .notFound)
        #expect(error?.description.contains("/nowhere/shim") == true)
    }

    @Test("no descriptor of ours reaches the program")
    func descriptors() throws {
        let outcome = try shell("ls /proc/self/fd").run(timeout: .seconds(10))
        let numbers = String(decoding: outcome.output, as: UTF8.self).split(separator: "\n").compactMap { Int($0) }
        // 0 to 2, and the one that ls itself reads the directory with.
        #expect(numbers.count == 4)
    }
}
