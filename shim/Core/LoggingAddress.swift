/// A program that takes a process's output: `binary:///path?key=value&…`.
struct LoggingAddress: Equatable {
    var path: Text
    /// Each key of the query followed by its first value.
    var arguments: [Text] = []
    /// `binary-v2`: the program must say that it is ready; with `binary`, closing the descriptor is enough.
    var mustReportReady: Bool

    /// Reads what stands behind the scheme `binary` or `binary-v2`.
    static func parse(_ rest: Text, mustReportReady: Bool) -> Result<LoggingAddress, RPCError> {
        let parts = AddressParts(rest)
        guard parts.path.hasPrefix("/") else {
            return .failure(.invalid("logging binary \"\(parts.path)\" must be an absolute path"))
        }
        var address = LoggingAddress(path: parts.path, mustReportReady: mustReportReady)
        var seen: [Text] = []
        for (key, value) in parts.query where !seen.contains(key) {
            seen.append(key)
            address.arguments += [key, value]
        }
        return .success(address)
    }
}
