import SwctrCore

/// What a server demands in `WWW-Authenticate` (RFC 9110, section 11).
struct Challenge: Equatable {
    enum Scheme: Equatable { case basic, bearer }

    var scheme: Scheme
    /// Lower-case name → value.
    var parameters: [String: String]

    /// All challenges of one header field that we can meet, in its order.
    static func parse(_ text: String) -> [Challenge] {
        var challenges: [Challenge] = []
        var current: (scheme: Scheme?, parameters: [String: String])?
        func close() {
            if let current, let scheme = current.scheme {
                challenges.append(Challenge(scheme: scheme, parameters: current.parameters))
            }
        }
        var rest = text[...]
        while true {
            rest = rest.drop { $0 == " " || $0 == "," || $0 == "\t" }
            let word = rest.prefix { !" ,=\t\"".contains($0) }
            if word.isEmpty { break }
            rest = rest.dropFirst(word.count)
            let after = rest.drop { $0 == " " }
            guard after.first == "=", after.dropFirst().first != "=" else {
                close()
                current = (["basic": Scheme.basic, "bearer": .bearer][word.lowercased()], [:])
                // A bare token after the scheme, which neither of ours has.
                continue
            }
            rest = after.dropFirst().drop { $0 == " " }
            current?.parameters[word.lowercased()] = value(&rest)
        }
        close()
        return challenges
    }

    private static func value(_ rest: inout Substring) -> String {
        guard rest.first == "\"" else {
            let word = rest.prefix { $0 != "," && $0 != " " }
            rest = rest.dropFirst(word.count)
            return String(word)
        }
        rest = rest.dropFirst()
        var value = ""
        while let next = rest.popFirst(), next != "\"" {
            if next == "\\" {
                if let escaped = rest.popFirst() { value.append(escaped) }
            } else {
                value.append(next)
            }
        }
        return value
    }
}
