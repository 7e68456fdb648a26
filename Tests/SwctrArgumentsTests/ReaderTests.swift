import SwctrArguments
import Testing

@Suite("Reading a command line")
struct ReaderTests {
    @Test("what is not given has its default")
    func defaults() throws {
        let command = try #require(try everything("s"))
        #expect(!command.loud && !command.quiet && command.text == nil && command.colour == .red)
        #expect(command.labels == [] && command.numbers.number == 3 && command.numbers.share == nil)
        #expect(command.source == "s" && command.rest == [])
    }

    @Test(
        "a value stands in the next word, behind an equals sign, or behind a short name",
        arguments: [
            ["--text", "x", "s"], ["--text=x", "s"], ["-t", "x", "s"], ["-tx", "s"], ["-t=x", "s"],
            ["s", "--text", "x"],
            ["-lqt", "x", "s"], ["-lqtx", "s"], ["-l", "s", "-q", "-t=x"],
        ])
    func spellings(line: [String]) throws {
        let command = try demo.command(["everything"] + line) as? Everything
        #expect((command?.text, command?.source) == ("x", "s"))
    }

    @Test("values keep what looks like syntax in them")
    func values() throws {
        #expect(try everything("--text=a=b", "s")?.text == "a=b")
        #expect(try everything("--text=", "s")?.text == "")
        #expect(try everything("--text", "", "s")?.text == "")
        #expect(try everything("--text", "-", "s")?.text == "-")
        #expect(try everything("--text=-x", "s")?.text == "-x")
        #expect(try everything("--label", "-x", "--label", "--", "--label=a=b", "s")?.labels == ["-x", "--", "a=b"])
        #expect(try everything("--share", "-1.5", "-n", "7", "s")?.numbers.share == -1.5)
        #expect(try everything("--text", "é🐳", "s")?.text == "é🐳")
    }

    @Test("a single dash is an argument, and all are behind two of them")
    func dashes() throws {
        #expect(try everything("-", "a")?.rest == ["a"])
        #expect(try everything("--", "-l", "--", "--text")?.rest == ["--", "--text"])
        #expect(try everything("s", "--", "-l")?.loud == false)
    }

    @Test("a flag may be repeated")
    func flags() throws { #expect(try everything("-ll", "--loud", "s")?.loud == true) }

    @Test("arguments fill up in their order")
    func arguments() throws {
        let single = { (line: [String]) in try demo.command(["group", "single"] + line) as? Single }
        #expect(try single([])?.server == "localhost")
        #expect(try single(["h"])?.server == "h")
        #expect(try single(["h", "80"])?.port == 80)
    }

    @Test("behind the first argument nothing is an option where arguments are passed on")
    func passthrough() throws {
        let pass = try #require(try demo.command(["g", "p", "--name", "n", "id", "--loud", "--", "-h"]) as? Pass)
        #expect((pass.name, pass.id, pass.words, pass.loud) == ("n", "id", ["--loud", "--", "-h"], false))
        let behind = try #require(try demo.command(["g", "p", "--name", "n", "--", "-id", "-x"]) as? Pass)
        #expect((behind.id, behind.words) == ("-id", ["-x"]))
        #expect(pass.run() == 7)
    }

    @Test("an option of a group may stand before the command's word, and be given again behind it")
    func leading() throws {
        #expect((try demo.command(["g", "-N", "a", "single"]) as? Single)?.name == "a")
        #expect((try demo.command(["g", "--name=a", "single"]) as? Single)?.name == "a")
        #expect((try demo.command(["g", "-N", "a", "single", "--name", "b"]) as? Single)?.name == "b")
    }

    @Test("whatever the words are, they are read or refused")
    func anyWords() {
        let words = [
            "", "-", "--", "---", "-=", "--=", "-t", "-t=", "-lt", "--text", "--text=", "-é", "é", "-n", "1", "--label",
            "--help", "a\nb",
        ]
        for first in words {
            for second in words {
                for third in words {
                    _ = try? demo.request(["everything", first, second, third])
                    _ = try? demo.request(["---completion", "everything", first, second, third])
                }
            }
            for path in [[], ["g"], ["g", "pass"], ["help"]] {
                _ = try? demo.request(path + [first, first])
                _ = try? demo.request(["---completion"] + path + [first, first])
            }
        }
    }

    @Test("a refusal is one line, whatever it quotes")
    func oneLine() {
        let refusal = #expect(throws: Refusal.self) { _ = try demo.request(["everything", "s", "-n", "a\nb"]) }
        #expect(refusal?.message == "'a; b' is not a value of '--number <count>'")
    }

    @Test("an instance that no line was read for has its defaults")
    func bare() { #expect(Everything().numbers.number == 3) }

    @Test(
        "what is wrong is named in one line, with the next step",
        arguments: [
            (["everything"], "missing expected argument '<source>'", "see 'demo everything --help'"),
            (["everything", "s", "--txt", "x"], "unknown option '--txt'", "did you mean '--text'?"),
            (["everything", "s", "--zebra"], "unknown option '--zebra'", "see 'demo everything --help'"),
            (["everything", "s", "--zebra=1"], "unknown option '--zebra'", "see 'demo everything --help'"),
            (["everything", "s", "-x"], "unknown option '-x'", "see 'demo everything --help'"),
            (["everything", "s", "-lx"], "unknown option '-x' in '-lx'", "see 'demo everything --help'"),
            (["everything", "s", "-loud"], "unknown option '-o' in '-loud'", "did you mean '--loud'?"),
            (["everything", "s", "--text"], "missing value for '--text <text>'", "see 'demo everything --help'"),
            (
                ["everything", "--text", "--loud", "s"], "missing value for '--text <text>'",
                "if '--loud' is the value, write --text=--loud"
            ),
            (
                ["everything", "-t", "-l", "s"], "missing value for '--text <text>'",
                "if '-l' is the value, write -t-l"
            ),
            (["everything", "--loud=yes", "s"], "--loud takes no value", "see 'demo everything --help'"),
            (["everything", "-l=yes", "s"], "-l takes no value", "see 'demo everything --help'"),
            (
                ["everything", "--text", "a", "-t", "b", "s"], "'--text <text>' is given more than once",
                "see 'demo everything --help'"
            ),
            (
                ["everything", "-n", "x", "s"], "'x' is not a value of '--number <count>'",
                "see 'demo everything --help'"
            ),
            (["everything", "-n-1", "s"], "'-1' is not a value of '--number <count>'", "see 'demo everything --help'"),
            (
                ["everything", "--number=", "s"], "'--number <count>' is given an empty value",
                "see 'demo everything --help'"
            ),
            (
                ["everything", "-c", "blue", "s"], "'blue' is not a value of '--colour <colour>'",
                "it is one of red, green"
            ),
            (["everything", "-n", "13", "s"], "--number is 13", "take another"),
            (["group", "single", "h", "x"], "'x' is not a value of '<port>'", "see 'demo group single --help'"),
            (["group", "single", "h", "1", "y"], "unexpected argument 'y'", "see 'demo group single --help'"),
            (["group", "pass", "i", "w"], "missing expected option '--name <name>'", "see 'demo group pass --help'"),
            (
                ["group", "pass", "--name", "n", "i"], "missing expected argument '<words>'",
                "see 'demo group pass --help'"
            ),
            (["group", "sinlge"], "there is no command \"sinlge\"", "did you mean 'single'?"),
            (["group", "-N"], "missing value for '-N'", "see 'demo group --help'"),
            (["-N", "x", "group"], "unknown option '-N' before the name of a command", "see 'demo --help'"),
            (["help", "nobody"], "there is no command \"nobody\"", "see 'demo --help'"),
            (
                ["--generate-completion-script", "csh"], "--generate-completion-script takes bash, zsh or fish",
                "see 'demo --help'"
            ),
        ])
    func refused(line: [String], message: String, hint: String) {
        let refusal = #expect(throws: Refusal.self) { _ = try demo.request(line) }
        #expect((refusal?.message, refusal?.hint) == (message, hint))
    }
}
