import Testing

@testable import SwctrArguments

@Suite("Suggestions")
struct SuggestionTests {
    @Test(
        "letters that are missing, too many, wrong or exchanged count one each",
        arguments: [
            ("", "", 0), ("abc", "abc", 0), ("ab", "abc", 1), ("abcd", "abc", 1), ("axc", "abc", 1), ("acb", "abc", 1),
            ("", "abc", 3),
        ])
    func distance(one: String, other: String, distance: Int) {
        #expect(Suggestion.distance(Array(one.unicodeScalars), Array(other.unicodeScalars)) == distance)
    }

    @Test(
        "only a near word is suggested",
        arguments: [("--naem", "did you mean '--name'?"), ("--x", ""), ("--volume", "")])
    func near(word: String, hint: String) {
        #expect(Suggestion.hint(word, among: ["-n", "--name", "--network"]) == hint)
    }
}
