import Glibc
import SwctrWire

/// One recorded connection: frames as bytes, in order, by direction.
struct Recording {
    struct Unreadable: Error {
        let path: String
    }

    private(set) var toServer: [[UInt8]] = []
    private(set) var toClient: [[UInt8]] = []

    var requests: [Frame] { toServer.compactMap(Self.frame) }
    var responses: [Frame] { toClient.compactMap(Self.frame) }

    init(_ name: String, relativeTo source: String = #filePath) throws {
        let tests = source.split(separator: "/", omittingEmptySubsequences: false).dropLast(2).joined(separator: "/")
        let path = "\(tests)/Golden/ttrpc/\(name)"
        guard let file = fopen(path, "re") else { throw Unreadable(path: path) }
        defer { fclose(file) }
        var line: UnsafeMutablePointer<CChar>?
        var capacity = 0
        defer { free(line) }
        while getline(&line, &capacity, file) > 0, let text = line.map({ String(cString: $0) }) {
            let words = text.split { $0 == " " || $0 == "\n" }
            guard words.count == 2 else { throw Unreadable(path: path) }
            let digits = Array(words[1].utf8)
            let bytes = try stride(from: 0, to: digits.count, by: 2).map { index in
                let pair = String(decoding: digits[index..<min(index + 2, digits.count)], as: UTF8.self)
                guard pair.utf8.count == 2, let byte = UInt8(pair, radix: 16) else { throw Unreadable(path: path) }
                return byte
            }
            if words[0] == ">" { toServer.append(bytes) } else { toClient.append(bytes) }
        }
        if toServer.isEmpty { throw Unreadable(path: path) }
    }

    private static func frame(_ bytes: [UInt8]) -> Frame? {
        var decoder = FrameDecoder()
        var rest = bytes[...]
        guard case .frame(let frame) = decoder.next(from: &rest) else { return nil }
        return frame
    }
}
