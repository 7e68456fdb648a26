import Testing

@testable import ShimCore

@Suite("Log address")
struct LogAddressTests {
    @Test(
        "a path and its limits are read",
        arguments: [
            ("/a/b.log", "/a/b.log", 0, 5), ("/a?max-size=10MiB&max-files=3", "/a", 10 << 20, 3),
            ("/a?max-files=1&max-size=4096", "/a", 4096, 1), ("/a?max-size=2G", "/a", 2 << 30, 5),
            ("/with%20blank%3F?", "/with blank?", 0, 5), ("/a+b", "/a+b", 0, 5),
        ] as [(Text, Text, Int, Int)])
    func limits(text: Text, path: Text, size: Int, files: Int) {
        let rotation = LogRotation(maximumSize: size, maximumFiles: files)
        #expect(LogAddress.parse(text) == .success(LogAddress(path: path, rotation: rotation)))
    }

    @Test(
        "a size is a number of bytes, or of binary units in anybody's spelling",
        arguments: [
            ("1024", 1024), ("1024b", 1024), ("3k", 3072), ("3K", 3072), ("3Ki", 3072), ("3KB", 3072), ("3KiB", 3072),
            ("10m", 10 << 20), ("1g", 1 << 30), ("", nil), ("k", nil), ("-1k", nil), ("1.5M", nil), ("1 M", nil),
            ("1T", nil), ("1kk", nil), ("1iB", nil), ("9223372036854775807", nil), ("9007199254740992G", nil),
            ("99999999999999999999", nil),
        ] as [(Text, Int?)])
    func sizes(text: Text, bytes: Int?) {
        #expect(LogAddress.byteCount(text) == bytes)
    }

    @Test(
        "what is wrong is named",
        arguments: [
            ("a/b", "path \"a/b\" must be absolute and name a file"),
            ("", "path \"\" must be absolute and name a file"),
            ("/a/", "path \"/a/\" must be absolute and name a file"),
            ("/a%00b", "path \"/a\0b\" must be absolute and name a file"),
            ("/a?max-size=ten", "max-size \"ten\" must be a size like 10MiB, and at least 1KiB"),
            ("/a?max-size=1023", "max-size \"1023\" must be a size like 10MiB, and at least 1KiB"),
            ("/a?max-size", "max-size \"\" must be a size like 10MiB, and at least 1KiB"),
            ("/a?max-size=1M&max-files=0", "max-files \"0\" must be a number from 1 to 1000"),
            ("/a?max-size=1M&max-files=1001", "max-files \"1001\" must be a number from 1 to 1000"),
            ("/a?max-size=1M&max-files=-2", "max-files \"-2\" must be a number from 1 to 1000"),
            ("/a?max-files=2", "max-files has no meaning without max-size"),
            ("/a?max-size=1M&max-size=2M", "max-size is given twice"),
            ("/a?compress=1", "unknown key \"compress\" (there are max-size and max-files)"),
            (
                "a?x&max-size=0",
                "path \"a\" must be absolute and name a file; unknown key \"x\" (there are max-size and max-files); max-size \"0\" must be a size like 10MiB, and at least 1KiB"
            ),
        ] as [(Text, Text)])
    func refused(text: Text, problem: Text) {
        #expect(LogAddress.parse(text) == .failure(.invalid("k8s-file log: " + problem)))
    }
}

@Suite("Log rotation")
struct LogRotationTests {
    @Test("full files move up by one, and the oldest goes")
    func names() {
        let renames = LogRotation(maximumSize: 1024, maximumFiles: 4).renames(of: "/l")
        #expect(renames.map(\.old) == ["/l.2", "/l.1", "/l"])
        #expect(renames.map(\.new) == ["/l.3", "/l.2", "/l.1"])
        #expect(LogRotation(maximumSize: 1024, maximumFiles: 1).renames(of: "/l").isEmpty)
    }

    @Test("a line that does not fit starts a new file, unless the file is empty")
    func due() {
        let rotation = LogRotation(maximumSize: 1024, maximumFiles: 2)
        #expect(!rotation.isDue(size: 1000, line: 24))
        #expect(rotation.isDue(size: 1000, line: 25))
        #expect(!rotation.isDue(size: 0, line: 2000))
        #expect(!LogRotation().isDue(size: 1 << 40, line: 1 << 40))
    }

    @Test("the longest line fits into a file", arguments: [1024, 4096, 16_384, 16_500, 1 << 20])
    func longest(size: Int) {
        let rotation = LogRotation(maximumSize: size, maximumFiles: 2)
        #expect(LogLine(start: 0, count: rotation.longestText, isWhole: false).size <= size)
        #expect(rotation.longestText <= LogLine.longestText)
        #expect(LogRotation().longestText == LogLine.longestText)
    }

    @Test("of random lines, the files hold the newest ones, whole and in order", arguments: 0..<50)
    func newest(seed: UInt64) {
        var random = Xorshift(seed)
        let rotation = LogRotation(
            maximumSize: 1024, maximumFiles: Int.random(in: 1...6, using: &random))
        var files: [Text: [Int]] = ["/l": []]
        var sizes = [Int]()
        for number in 0..<Int.random(in: 1...300, using: &random) {
            let size = Int.random(in: LogLine.overhead...1024, using: &random)
            let held = files["/l", default: []].reduce(0) { $0 + sizes[$1] }
            sizes.append(size)
            if rotation.isDue(size: held, line: size) {
                for (old, new) in rotation.renames(of: "/l") { files[new] = files.removeValue(forKey: old) }
                files["/l"] = []
            }
            files["/l", default: []].append(number)
        }
        let kept = (0..<rotation.maximumFiles).reversed().flatMap { files[$0 == 0 ? "/l" : "/l.\($0)"] ?? [] }
        #expect(kept == Array((sizes.count - kept.count)..<sizes.count))
        #expect(files.count <= rotation.maximumFiles)
        #expect(files.values.allSatisfy { lines in lines.reduce(0) { $0 + sizes[$1] } <= 1024 })
    }
}
