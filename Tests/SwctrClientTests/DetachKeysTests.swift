import SwctrClient
import SwctrCore
import Testing

@Suite("Keys that leave a terminal")
struct DetachKeysTests {
    private func keys(_ text: String = DetachKeys.standard) throws -> DetachKeys {
        try #require(try DetachKeys(text))
    }

    @Test("they are found across reads, and what comes before goes through")
    func found() throws {
        var keys = try keys()
        let first = keys.pass([65, 16])
        #expect(first.passed == [65] && !first.isComplete)
        let second = keys.pass([17, 66])
        #expect(second.passed == [] && second.isComplete)
    }

    @Test("their beginning goes through once something else follows, as the beginning it may still be")
    func notFound() throws {
        var keys = try keys()
        #expect(keys.pass([16, 65]).passed == [16, 65])
        #expect(keys.pass([16]).passed == [])
        #expect(keys.rest() == [16])
        let again = keys.pass([16, 16, 17])
        #expect(again.passed == [16] && again.isComplete)
        var three = try self.keys("a,a,b")
        let overlap = three.pass(Array("aaab".utf8))
        #expect(overlap.passed == Array("a".utf8) && overlap.isComplete)
    }

    @Test(
        "keys are characters and ctrl with a letter or mark",
        arguments: [("ctrl-a", UInt8(1)), ("ctrl-@", 0), ("ctrl-]", 29), ("ctrl-_", 31), ("x", 120), ("Ctrl-z", 26)])
    func spelling(text: String, byte: UInt8) throws {
        var keys = try keys(text)
        #expect(keys.pass([byte]).isComplete)
    }

    @Test("what is no key is refused", arguments: ["ctrl-", "ctrl-1", "ab", "a,,b", " ", "ctrl-ab"])
    func refused(text: String) {
        let error = #expect(throws: EngineError.self) { _ = try DetachKeys(text) }
        #expect(error?.code == .invalidArgument)
    }

    @Test("an empty text means none")
    func none() throws { #expect(try DetachKeys("") == nil) }
}
