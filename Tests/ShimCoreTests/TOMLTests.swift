import Testing

@testable import ShimCore

@Suite("TOML")
struct TOMLTests {
    @Test("keys and values are read, a line each, with the names of their tables")
    func document() throws {
        let document: Text = """
            # of a daemon
            BinaryName = "/usr/bin/crun"  # which one
              Root = '/run/c#\\n'
            "quoted key" = true
            off=false
            number = -12\r
            fraction = 1.5
            moment = 1979-05-27T07:32:00Z
            list = [ 1, "]", # ]
              '[', { a = 1 } ]
            table = { a = "}" }

            [ other.table ] # and more
            x = "a \\"b\\" \\u00e4"
            [[several]]
            y = 0
            """
        #expect(
            try Self.read(document) == [
                "BinaryName": .text("/usr/bin/crun"), "Root": .text("/run/c#\\n"), "quoted key": .flag(true),
                "off": .flag(false), "number": .number(-12), "fraction": .other, "moment": .other, "list": .other,
                "table": .other, "other.table.x": .text("a \"b\" ä"), "several.y": .number(0),
            ])
        #expect(try Self.read("").isEmpty)
    }

    @Test(
        "what cannot be read is told by its line",
        arguments: [
            ("a", 1), ("a = 1\nb", 2), ("= 1", 1), ("a =", 1), ("\n\na = \"x", 3), ("a = 'x", 1), ("a = 'x' y", 1),
            ("a = \"x\" \"y\"", 1), ("a = maybe", 1), ("a = True", 1), ("[a", 1), ("[a] b", 1), ("[[a]", 1),
            ("a = [1,\n2", 2), ("a = [1]]", 1), ("a = \"\"\"\nx\"\"\"", 1), ("a = '''x'''", 1), ("\"a\"b = 1", 1),
            ("a = # nothing", 1), ("a = \"\\q\"", 1), ("a = {\n\"x", 2),
        ] as [(Text, Int)])
    func refused(document: Text, line: Int) {
        #expect(throws: TOMLError(line: line)) { try Self.read(document) }
    }

    @Test("random bytes and broken documents end, with a result or an error", arguments: 0..<200)
    func random(seed: UInt64) {
        var random = Xorshift(seed)
        let letters = Array("[]{}\"'=#\\ \n\t,.ab1u-é\0".utf8)
        for _ in 0..<50 {
            let bytes = (0..<Int.random(in: 0...60, using: &random)).map { _ in
                Bool.random(using: &random)
                    ? letters[Int.random(in: 0..<letters.count, using: &random)]
                    : UInt8.random(in: 0...255, using: &random)
            }
            let document = Text(bytes: bytes)
            var options = RuntimeOptions()
            let lines = document.split(0x0a).count
            do throws(TOMLError) {
                #expect(try Self.read(document).count <= lines)
                _ = options.read(toml: document, from: "x")
            } catch {
                #expect((1...lines).contains(error.line))
                #expect(options.read(toml: document, from: "x") != nil)
            }
        }
    }

    @Test("options come by the names of the daemon's configuration, in any case; others are remembered")
    func options() {
        var options = RuntimeOptions()
        let document: Text = """
            BinaryName = '/usr/bin/crun'
            CriuImagePath = "/image"
            CriuWorkPath = "/work"
            IoGid = 6
            IoUid = 4294967295
            NoNewKeyring = true
            NoPivotRoot = true
            Root = "/r"
            ShimCgroup = "/shims"
            systemdCGROUP = true
            TypeUrl = "x"
            ConfigPath = ""
            Colour = "red"
            [More]
            Root = 1
            """
        #expect(options.read(toml: document, from: "config_body") == nil)
        var expected = RuntimeOptions()
        expected.binaryName = "/usr/bin/crun"
        expected.criuImagePath = "/image"
        expected.criuWorkPath = "/work"
        expected.ioGID = 6
        expected.ioUID = UInt32.max
        expected.noNewKeyring = true
        expected.noPivotRoot = true
        expected.root = "/r"
        expected.shimCgroup = "/shims"
        expected.systemdCgroup = true
        expected.unknownKeys = ["Colour", "More.Root"]
        #expect(options == expected)
    }

    @Test(
        "a value of the wrong kind is refused by its name",
        arguments: [
            ("SystemdCgroup = \"true\"", "SystemdCgroup must be true or false"), ("Root = 1", "Root must be a string"),
            ("BinaryName = ['crun']", "BinaryName must be a string"),
            ("IoUid = -1", "IoUid must be a number from 0 to 4294967295"),
            ("IoGid = 4294967296", "IoGid must be a number from 0 to 4294967295"),
            ("Root = 'a'\nx", "line 2 cannot be read as TOML"),
        ] as [(Text, Text)])
    func wrongKind(document: Text, problem: Text) {
        var options = RuntimeOptions()
        #expect(options.read(toml: document, from: "config_body") == .invalid("config_body: " + problem))
    }

    private static func read(_ document: Text) throws(TOMLError) -> [Text: TOMLValue] {
        var reader = TOMLReader(document)
        var values: [Text: TOMLValue] = [:]
        while let (key, value) = try reader.next() { values[key] = value }
        return values
    }
}
