import Foundation
import Testing

@testable import ShimCore

@Suite("Log line")
struct LogLineTests {
    /// The lines that portions of output become.
    private func lines(_ portions: [[UInt8]], longest: Int = LogLine.longestText) -> [(text: [UInt8], isWhole: Bool)] {
        var result: [(text: [UInt8], isWhole: Bool)] = []
        for portion in portions {
            portion.withUnsafeBytes { buffer in
                var position = 0
                while let line = LogLine.next(in: buffer, from: position, longest: longest) {
                    result.append((Array(buffer[line.start..<(line.start + line.count)]), line.isWhole))
                    #expect(line.end > position)
                    position = line.end
                }
                #expect(position == portion.count)
            }
        }
        return result
    }

    private func shown(_ portions: [String], longest: Int = LogLine.longestText) -> [String] {
        lines(portions.map { Array($0.utf8) }, longest: longest).map {
            ($0.isWhole ? "F " : "P ") + String(decoding: $0.text, as: UTF8.self)
        }
    }

    @Test(
        "a text is whole when its line ends with it, and partial when that is not known",
        arguments: [
            (["one\ntwo\n"], ["F one", "F two"]), (["half"], ["P half"]), (["a", "b\n"], ["P a", "F b"]),
            (["a", "\n"], ["P a", "F "]), (["\n\n"], ["F ", "F "]), ([""], []), (["a\r\nb"], ["F a\r", "P b"]),
        ])
    func tags(portions: [String], expected: [String]) {
        #expect(shown(portions) == expected)
    }

    @Test(
        "a line longer than the limit is cut into partial texts, one as long as it is not",
        arguments: [("abcd\n", ["F abcd"]), ("abcde\n", ["P abcd", "F e"]), ("abcdefgh", ["P abcd", "P efgh"])])
    func long(portion: String, expected: [String]) {
        #expect(shown([portion], longest: 4) == expected)
    }

    @Test("however the output is cut, the texts are its bytes", arguments: 0..<200)
    func anyCut(seed: UInt64) {
        var random = Xorshift(seed)
        let count = Int.random(in: 0...5000, using: &random)
        // Few different bytes, so that line ends are frequent.
        let output = (0..<count).map { _ in
            Bool.random(using: &random)
                ? UInt8.random(in: 9...11, using: &random) : .random(in: 0...255, using: &random)
        }
        var portions: [[UInt8]] = []
        var rest = output[...]
        while !rest.isEmpty {
            let size = Int.random(in: 1...min(rest.count, 1 + Int.random(in: 0...900, using: &random)), using: &random)
            portions.append(Array(rest.prefix(size)))
            rest = rest.dropFirst(size)
        }
        let longest = Int.random(in: 1...300, using: &random)
        let lines = lines(portions, longest: longest)
        #expect(lines.flatMap { $0.isWhole ? $0.text + [10] : $0.text } == output)
        #expect(lines.allSatisfy { $0.text.count <= longest && !$0.text.contains(10) })
        #expect(lines.allSatisfy { $0.isWhole || !$0.text.isEmpty })
    }

    @Test("a header has time, stream and tag, and the same length for all of them")
    func header() {
        let time = Moment(seconds: 1_764_234_790, nanoseconds: 42)
        #expect(LogLine.header("stdout", at: time, isWhole: true) == "2025-11-27T09:13:10.000000042Z stdout F ")
        #expect(LogLine.header("stderr", at: time, isWhole: false) == "2025-11-27T09:13:10.000000042Z stderr P ")
        let text = LogLine(start: 0, count: 5, isWhole: true)
        #expect(text.size == LogLine.header("stderr", at: .never, isWhole: false).count + 5 + 1)
    }

    @Test(
        "a time is written in UTC, with all nine digits",
        arguments: [
            (0, 0, "1970-01-01T00:00:00.000000000Z"), (-1, 999_999_999, "1969-12-31T23:59:59.999999999Z"),
            (951_782_400, 1, "2000-02-29T00:00:00.000000001Z"), (4_107_542_399, 0, "2100-02-28T23:59:59.000000000Z"),
            (4_107_542_400, 0, "2100-03-01T00:00:00.000000000Z"),
            (-62_135_596_800, 0, "0001-01-01T00:00:00.000000000Z"),
        ] as [(Int64, Int32, Text)])
    func time(seconds: Int64, nanoseconds: Int32, text: Text) {
        #expect(Moment(seconds: seconds, nanoseconds: nanoseconds).rfc3339 == text)
    }

    @Test("any time reads as Foundation writes it", arguments: 0..<300)
    func anyTime(seed: UInt64) {
        var random = Xorshift(seed)
        let seconds = Int64.random(in: 0...253_402_300_799, using: &random)
        let expected = Date(timeIntervalSince1970: TimeInterval(seconds)).formatted(.iso8601)
        let text = Moment(seconds: seconds, nanoseconds: 7).rfc3339
        #expect(String(decoding: text.bytes, as: UTF8.self) == expected.dropLast() + ".000000007Z")
    }
}

/// Random numbers that a seed repeats.
struct Xorshift: RandomNumberGenerator {
    private var state: UInt64

    init(_ seed: UInt64) { state = (seed &+ 1) &* 0x9e37_79b9_7f4a_7c15 }

    mutating func next() -> UInt64 {
        state ^= state << 13
        state ^= state >> 7
        state ^= state << 17
        return state
    }
}
