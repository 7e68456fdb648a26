/// Rules for task, exec and namespace ids: at most 76 characters, groups of letters and digits joined by single
/// `.`, `_` or `-`. An exec id becomes part of a file name, so nothing else may pass.
enum Identifier {
    static let maximumLength = 76

    static func isValid(_ id: Text) -> Bool {
        guard !id.isEmpty, id.count <= maximumLength else { return false }
        var afterSeparator = true
        for byte in id.bytes {
            switch byte {
            case 0x30...0x39, 0x41...0x5a, 0x61...0x7a:
                afterSeparator = false
            case 0x2e, 0x5f, 0x2d:
                if afterSeparator { return false }
                afterSeparator = true
            default:
                return false
            }
        }
        return !afterSeparator
    }

    /// The error for an id that `isValid` refuses; nil for a good one.
    static func check(_ id: Text, _ what: Text) -> RPCError? {
        if isValid(id) { return nil }
        return .invalid("\(what) \"\(id)\" must be letters and digits joined by single '.', '_' or '-', at most 76")
    }
}
