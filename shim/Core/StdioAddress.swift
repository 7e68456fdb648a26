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
    /// `k8s-file:///path?…`: a log that the shim writes.
    case log(LogAddress)

    /// Reads a request's field; the error names a scheme that this shim does not have.
    static func parse(_ text: Text) -> Result<StdioAddress, RPCError> {
        if text.isEmpty { return .success(.none) }
        guard let separator = text.firstIndex(of: "://") else { return .success(.path(text)) }
        let scheme = text.prefix(separator)
        let rest = text.dropFirst(separator + 3)
        if scheme == "fifo" { return .success(.path(rest)) }
        if scheme == "file" { return .success(.file(rest)) }
        if scheme == "binary" || scheme == "binary-v2" {
            return LoggingAddress.parse(rest, mustReportReady: scheme == "binary-v2").map { .program($0) }
        }
        if scheme == "k8s-file" { return LogAddress.parse(rest).map { .log($0) } }
        return .failure(RPCError(.unknown, "unknown STDIO scheme \(scheme)"))
    }
}

/// All three addresses of a process, read before anything is made for it.
struct StdioAddresses: Equatable {
    var input: StdioAddress
    var output: StdioAddress
    var error: StdioAddress

    /// A terminal has no stderr of its own, so that field is not looked at then; a program takes both outputs.
    static func parse(
        stdin: Text, stdout: Text, stderr: Text, isTerminal: Bool
    ) -> Result<StdioAddresses, RPCError> {
        do throws(RPCError) {
            let output = try StdioAddress.parse(stdout).get()
            let input = try StdioAddress.parse(stdin).get()
            switch input {
            case .none, .path: break
            case .file, .program, .log:
                throw .invalid("stdin \"\(stdin)\" must be the path of a FIFO or a file")
            }
            var error = StdioAddress.none
            if !isTerminal {
                if case .program = output {
                    error = output
                } else {
                    error = try StdioAddress.parse(stderr).get()
                    if case .program = error {
                        throw .invalid(
                            "stderr \"\(stderr)\" must not be a logging binary unless stdout is the same one")
                    }
                }
            }
            if case .log(let first) = output, case .log(let second) = error, first.path == second.path,
                first != second
            {
                throw .invalid("stdout and stderr name the log \(first.path) with different limits")
            }
            return .success(StdioAddresses(input: input, output: output, error: error))
        } catch {
            return .failure(error)
        }
    }
}
