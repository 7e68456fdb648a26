/// What a user may have meant by a word that is not known.
enum Suggestion {
    /// A question, or nothing where no word is near.
    static func hint(_ word: String, among known: [String]) -> String {
        let letters = Array(word.unicodeScalars)
        // Two letters of three are another word.
        let limit = min(2, letters.drop { $0 == "-" }.count / 2)
        var best: (distance: Int, word: String)?
        for candidate in known where candidate.utf8.count > 2 {
            let distance = distance(letters, Array(candidate.unicodeScalars))
            if distance <= limit, distance < best?.distance ?? .max { best = (distance, candidate) }
        }
        return best.map { "did you mean '\($0.word)'?" } ?? ""
    }

    /// How many letters must be put in, left out, changed or exchanged with their neighbour.
    static func distance(_ one: [Unicode.Scalar], _ other: [Unicode.Scalar]) -> Int {
        var earlier: [Int] = []
        var last = Array(0...other.count)
        for row in one.indices {
            var next = [row + 1]
            for column in other.indices {
                var least = min(
                    last[column] + (one[row] == other[column] ? 0 : 1), last[column + 1] + 1, next[column] + 1)
                if row > 0, column > 0, one[row] == other[column - 1], one[row - 1] == other[column] {
                    least = min(least, earlier[column - 1] + 1)
                }
                next.append(least)
            }
            (earlier, last) = (last, next)
        }
        return last[other.count]
    }
}
