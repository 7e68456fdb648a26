import SwctrCore
import SwctrOCI
import Testing

@Suite("Platforms")
struct PlatformTests {
    @Test(
        "spellings are read as one platform",
        arguments: [
            ("linux/amd64", "linux/amd64"), ("linux/x86_64", "linux/amd64"), ("Linux/AMD64", "linux/amd64"),
            ("linux/aarch64", "linux/arm64"), ("linux/arm64/v8", "linux/arm64"), ("linux/arm", "linux/arm/v7"),
            ("linux/armhf", "linux/arm/v7"), ("linux/armel", "linux/arm/v6"), ("linux/arm/6", "linux/arm/v6"),
            ("s390x", "linux/s390x"), ("linux/i386", "linux/386"), ("linux", "\(Platform.host)"),
        ])
    func spellings(text: String, expected: String) throws {
        #expect(try Platform(text).description == expected)
    }

    @Test(
        "what is no platform is refused", arguments: ["", "/", "linux/", "a/b/c/d", "plan10", "linux/am d64", "../x"])
    func refused(text: String) {
        let error = #expect(throws: EngineError.self) { try Platform(text) }
        #expect(error?.code == .invalidArgument)
    }

    @Test(
        "a host picks the best that it can run",
        arguments: [
            ("linux/amd64", ["linux/386", "linux/amd64", "linux/arm64"], "linux/amd64"),
            ("linux/amd64", ["linux/arm64", "linux/386"], "linux/386"),
            ("linux/amd64", ["linux/amd64/v3"], nil),
            ("linux/amd64/v3", ["linux/amd64", "linux/amd64/v2"], "linux/amd64/v2"),
            ("linux/arm/v7", ["linux/arm/v5", "linux/arm/v6", "linux/arm64"], "linux/arm/v6"),
            ("linux/arm64", ["linux/arm/v7", "linux/arm64"], "linux/arm64"),
            ("linux/arm64", ["linux/arm/v7"], "linux/arm/v7"),
            ("linux/amd64", ["windows/amd64"], nil), ("linux/s390x", ["linux/amd64"], nil),
        ] as [(String, [String], String?)])
    func choice(host: String, offered: [String], expected: String?) throws {
        let candidates = try offered.map { try Platform($0) }
        #expect(try Platform(host).best(of: candidates) { $0 }?.description == expected)
    }
}
