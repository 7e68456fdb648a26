/// A program that takes a process's output: `binary:///path?key=value&…`.
struct LoggingAddress: Equatable {
    var path: Text
    /// Each key of the query followed by its first value.
    var arguments: [Text]
    /// `binary-v2`: the program must say that it is ready; with `binary`, closing the descriptor is enough.
    var mustReportReady: Bool

    /// Reads what stands behind the scheme.
    init?(scheme: Text, rest: Text) {
        guard scheme == "binary" || scheme == "binary-v2" else { return nil }
        mustReportReady = scheme == "binary-v2"
        let question = rest.firstIndex(of: "?")
        path = Self.unescaped(question.map { rest.prefix($0) } ?? rest)
        arguments = []
        guard let question, path.hasPrefix("/") else {
            if path.hasPrefix("/") { return }
            return nil
        }
        var seen: [Text] = []
        for pair in rest.dropFirst(question + 1).split(0x26) where !pair.isEmpty {
            let equals = pair.firstIndex(of: "=")
            let key = Self.unescaped(equals.map { pair.prefix($0) } ?? pair, plusIsBlank: true)
            let value = Self.unescaped(equals.map { pair.dropFirst($0 + 1) } ?? "", plusIsBlank: true)
            if seen.contains(key) { continue }
            seen.append(key)
            arguments += [key, value]
        }
    }

    /// Percent escapes as bytes; a broken escape stays as it is.
    private static func unescaped(_ text: Text, plusIsBlank: Bool = false) -> Text {
        var result: [UInt8] = []
        var index = 0
        while index < text.count {
            let byte = text.bytes[index]
            if byte == 0x25, index + 2 < text.count, let high = hex(text.bytes[index + 1]),
                let low = hex(text.bytes[index + 2])
            {
                result.append(high << 4 | low)
                index += 3
            } else {
                result.append(plusIsBlank && byte == 0x2b ? 0x20 : byte)
                index += 1
            }
        }
        return Text(bytes: result)
    }

    private static func hex(_ byte: UInt8) -> UInt8? {
        switch byte {
        case 0x30...0x39: byte - 0x30
        case 0x41...0x46: byte - 0x41 + 10
        case 0x61...0x66: byte - 0x61 + 10
        default: nil
        }
    }
}
