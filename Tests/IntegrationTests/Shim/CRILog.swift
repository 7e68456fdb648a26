import Foundation
import SwctrTestSupport

/// A log file as a reader of the CRI takes it.
struct CRILog {
    struct Line {
        var time: String
        var stream: String
        var isWhole: Bool
        var text: [UInt8]
    }

    var lines: [Line] = []

    /// Reads files in this order; anything that is not a line of the format is an error.
    init(_ paths: String...) throws {
        try self.init(paths)
    }

    init(_ paths: [String]) throws {
        for path in paths {
            guard let data = FileManager.default.contents(atPath: path) else { throw TestFailure("no log \(path)") }
            var rest = Array(data)[...]
            while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
                try lines.append(Self.line(rest[..<end], path))
                rest = rest[(end + 1)...]
            }
            if !rest.isEmpty { throw TestFailure("\(path) ends in the middle of a line") }
        }
    }

    private static func line(_ bytes: ArraySlice<UInt8>, _ path: String) throws -> Line {
        let fields = bytes.split(separator: UInt8(ascii: " "), maxSplits: 3, omittingEmptySubsequences: false)
            .map { Array($0) }
        let words = fields.prefix(3).map { String(decoding: $0, as: UTF8.self) }
        guard fields.count == 4, ["stdout", "stderr"].contains(words[1]), ["F", "P"].contains(words[2]),
            words[0].wholeMatch(of: /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z/) != nil
        else { throw TestFailure("\(path): no line of a log: \(String(decoding: bytes.prefix(200), as: UTF8.self))") }
        return Line(time: words[0], stream: words[1], isWhole: words[2] == "F", text: fields[3])
    }

    /// What one stream said, with the line ends that it had.
    func bytes(of stream: String) -> [UInt8] {
        lines.filter { $0.stream == stream }.flatMap { $0.isWhole ? $0.text + [UInt8(ascii: "\n")] : $0.text }
    }

    func text(of stream: String) -> String { String(decoding: bytes(of: stream), as: UTF8.self) }
}
