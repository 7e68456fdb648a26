/// Reads what an OCI runtime wrote to its `--log` file.
enum RuntimeLog {
    /// The last message of level `error` at or after `offset`; nil if there is none.
    ///
    /// The file is a stream of JSON objects, not of lines: runsc writes no line ends. It only grows and is shared by
    /// all commands of a container, hence the offset of where the failed command began.
    static func lastError(in log: Text, from offset: Int = 0) -> Text? {
        var result: Text?
        var scanner = JSONScanner(log, from: min(max(offset, 0), log.count))
        do throws(JSONError) {
            while !scanner.atEnd() {
                var level: Text = ""
                var message: Text = ""
                try scanner.enterObject()
                while let key = try scanner.nextKey() {
                    if key == "level", scanner.peek() == 0x22 {
                        level = try scanner.string()
                    } else if key == "msg", scanner.peek() == 0x22 {
                        message = try scanner.string()
                    } else {
                        try scanner.skipValue()
                    }
                }
                if level == "error", !message.isEmpty { result = message }
            }
        } catch {
            // A runtime that was killed while it wrote leaves half an object; what came before it still counts.
        }
        return result
    }

    /// What a runtime that failed without a word in its log printed instead, in one line; empty if nothing.
    static func gist(ofOutput output: Text) -> Text {
        let first = output.trimmed.split(0x0a)[0].trimmed
        // runsc answers a command that it does not know with pages of help.
        return first.lowercased.hasPrefix("usage:") ? "the runtime does not know this command" : first
    }

    /// The answer to a Kill that the runtime refused with `output`; the three runtimes say "already gone" differently.
    static func killError(output: Text) -> RPCError {
        let words = output.lowercased
        if words.contains("process already finished") || words.contains("container not running")
            || words.contains("no such process")
            || words.contains("control server") && words.contains("connection refused")
        {
            return .alreadyFinished
        }
        if words.contains("does not exist") || words.contains("/status`: no such file")
            || words.contains("loading container: file does not exist")
        {
            return RPCError(.notFound, "no such container: not found")
        }
        return RPCError(.unknown, "unknown error after kill: \(output.trimmed)")
    }

    /// True if a failed `delete` only says that there was nothing to delete.
    static func meansAlreadyDeleted(_ output: Text) -> Bool {
        let words = output.lowercased
        return words.contains("does not exist") || words.contains("/status`: no such file")
            || words.contains("cannot open directory") && words.contains("no such file")
    }

    /// The numbers of `ps --format json`: an array, or null when nothing runs.
    static func processes(in output: Text) -> [Int32]? {
        var scanner = JSONScanner(output)
        if scanner.peek() == 0x6e { return [] }
        var pids: [Int32] = []
        do throws(JSONError) {
            try scanner.enterArray()
            while try scanner.nextElement() {
                guard let pid = Int32(exactly: try scanner.integer()) else { return nil }
                pids.append(pid)
            }
        } catch {
            return nil
        }
        return pids
    }
}
