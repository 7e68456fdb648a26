/// A log that the shim writes itself: `k8s-file:///path?max-size=10MiB&max-files=5`.
struct LogAddress: Equatable {
    var path: Text
    var rotation = LogRotation()

    /// Files that are kept if only their size is given; the number that Kubernetes has.
    static let usualFiles = 5
    /// Smaller files would hold hardly a line.
    static let smallestSize = 1024
    static let mostFiles = 1000

    /// Reads what stands behind the scheme; the error names everything that is wrong.
    static func parse(_ rest: Text) -> Result<LogAddress, RPCError> {
        let parts = AddressParts(rest)
        var problems: [Text] = []
        if !parts.path.hasPrefix("/") || parts.path.hasSuffix("/") || parts.path.bytes.contains(0) {
            problems.append("path \"\(parts.path)\" must be absolute and name a file")
        }
        var size: Int?
        var files: Int?
        for (key, value) in parts.query {
            if key == "max-size" {
                if size != nil { problems.append("max-size is given twice") }
                size = byteCount(value) ?? 0
                if size ?? 0 < smallestSize {
                    problems.append("max-size \"\(value)\" must be a size like 10MiB, and at least 1KiB")
                }
            } else if key == "max-files" {
                if files != nil { problems.append("max-files is given twice") }
                files = value.decimal ?? 0
                if !(1...mostFiles).contains(files ?? 0) {
                    problems.append("max-files \"\(value)\" must be a number from 1 to \(mostFiles)")
                }
            } else {
                problems.append("unknown key \"\(key)\" (there are max-size and max-files)")
            }
        }
        if files != nil, size == nil { problems.append("max-files has no meaning without max-size") }
        guard problems.isEmpty else {
            var message: Text = "k8s-file log: "
            for (index, problem) in problems.enumerated() { message += (index == 0 ? "" : "; ") + problem }
            return .failure(.invalid(message))
        }
        let rotation = LogRotation(maximumSize: size ?? 0, maximumFiles: files ?? usualFiles)
        return .success(LogAddress(path: parts.path, rotation: rotation))
    }

    /// A number of bytes, or of k, M or G (also Ki, KB, KiB, in any case), which are powers of 1024.
    static func byteCount(_ text: Text) -> Int? {
        let lower = text.lowercased
        let digits = lower.bytes.prefix { $0 >= 0x30 && $0 <= 0x39 }
        guard let number = Text(digits).decimal else { return nil }
        var suffix = lower.dropFirst(digits.count)
        var shift = 0
        for (unit, power) in [("k", 10), ("m", 20), ("g", 30)] as [(Text, Int)] where suffix.hasPrefix(unit) {
            shift = power
            suffix = suffix.dropFirst(1)
            if suffix.hasPrefix("i") { suffix = suffix.dropFirst(1) }
            break
        }
        if suffix == "b" { suffix = "" }
        guard suffix.isEmpty, number <= Int.max >> (shift + 1) else { return nil }
        return number << shift
    }
}
