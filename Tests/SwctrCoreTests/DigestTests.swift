import SwctrCore
import Testing

@Suite("Digests")
struct DigestTests {
    @Test("a digest survives parsing and printing")
    func roundTrip() throws {
        let text = "sha256:" + String(repeating: "0a", count: 32)
        #expect(try Digest(text).description == text)
        #expect(Digest(sha256: [UInt8](repeating: 10, count: 32)).description == text)
    }

    @Test(
        "what is no digest is refused",
        arguments: [
            "", "sha256", "sha256:", "md5:" + String(repeating: "0", count: 32),
            "sha256:" + String(repeating: "0", count: 63), "sha256:" + String(repeating: "A", count: 64),
            "sha256:../../" + String(repeating: "0", count: 58),
        ])
    func refused(text: String) {
        let error = #expect(throws: EngineError.self) { try Digest(text) }
        #expect(error?.code == .invalidArgument)
    }
}
