/// What a test's own machinery could not do; the text says what was awaited and what came instead.
public struct TestFailure: Error, CustomStringConvertible {
    public let description: String
    public init(_ description: String) { self.description = description }
}

/// Bytes as text for a message: the last `count` characters, with what is no UTF-8 replaced.
func excerpt(_ bytes: [UInt8], last count: Int = 600) -> String {
    let text = String(decoding: bytes, as: UTF8.self)
    return text.count <= count ? text : "…" + text.suffix(count)
}
