import SwctrCore
import Testing

@Suite("Identifiers")
struct IdentifierTests {
    @Test(
        "names of letters and digits joined by single separators are taken",
        arguments: ["a", "A-b.c_d", "0", String(repeating: "x", count: 76)])
    func taken(name: String) throws {
        #expect(try ContainerID(name).rawValue == name)
    }

    @Test(
        "everything else is refused as an invalid argument",
        arguments: [
            "", "-a", "a-", "a..b", "a/b", "../x", "a b", "é", "a\n", ".", String(repeating: "x", count: 77),
        ])
    func refused(name: String) {
        let error = #expect(throws: EngineError.self) { try Namespace(name) }
        #expect(error?.code == .invalidArgument)
    }
}
