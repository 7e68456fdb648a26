/// Where a stream comes from or goes to, as Create and Exec name it.
enum StdioAddress: Equatable {
    /// Not wanted.
    case none
    /// A FIFO, or any other file that exists at this path.
    case path(Text)
    /// `file:///path`: a file that is made if it is missing and appended to.
    case file(Text)
    /// `binary:///path?…`: a program that takes stdout and stderr.
    case program(LoggingAddress)

    /// Reads a request's field; the error names a scheme that this shim does not have.
    static func parse(_ text: Text) -> Result<StdioAddress, RPCError> {
        if text.isEmpty { return .success(.none) }
        guard let separator = text.firstIndex(of: "://") else { return .success(.path(text)) }
        let scheme = text.prefix(separator)
        let path = text.dropFirst(separator + 3)
        if scheme == "fifo" { return .success(.path(path)) }
        if scheme == "file" { return .success(.file(path)) }
        if let program = LoggingAddress(scheme: scheme, rest: path) { return .success(.program(program)) }
        return .failure(RPCError(.unknown, "unknown STDIO scheme \(scheme)"))
    }
}
