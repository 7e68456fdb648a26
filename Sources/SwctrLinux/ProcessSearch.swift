import Glibc
public import SwctrCore

/// Processes found by what the kernel says of them. For clean-up of one named thing, never for finding out what exists.
public enum ProcessSearch {
    /// Kills every process whose working directory is `directory` and waits for their end: a shim, or the helper that
    /// was about to start one. Only an interrupted launch needs it, when nobody knows the shim's address or pid yet.
    ///
    /// - Returns: how many there were.
    /// - Throws: `.deadlineExceeded` when one does not end.
    @discardableResult
    public static func killAll(inDirectory directory: String, timeout: Duration) throws(EngineError) -> Int {
        var killed = 0
        // A helper may start a daemon between our look and our signal: look again until there is nothing.
        while true {
            let found = pids(inDirectory: directory)
            if found.isEmpty { return killed }
            for pid in found {
                guard let process = try? PidFD(of: pid) else { continue }
                // With the descriptor in hand the answer is about this very process.
                guard workingDirectory(of: pid) == directory else { continue }
                try? process.send(SIGKILL)
                if !process.waitForEnd(timeout: timeout) {
                    throw EngineError(
                        .deadlineExceeded, operation: "kill", subject: "process \(pid)",
                        message: "still there \(timeout) after SIGKILL")
                }
                killed += 1
            }
        }
    }

    /// The processes whose working directory is `directory`, those that have ended left out.
    public static func pids(inDirectory directory: String) -> [pid_t] {
        guard let stream = opendir("/proc") else { return [] }
        defer { closedir(stream) }
        var found: [pid_t] = []
        while let entry = readdir(stream) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            guard let pid = pid_t(name), workingDirectory(of: pid) == directory else { continue }
            found.append(pid)
        }
        return found
    }

    /// Nil for a process that is gone, or has ended and waits to be reaped.
    public static func workingDirectory(of pid: pid_t) -> String? {
        var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
        let count = readlink("/proc/\(pid)/cwd", &buffer, buffer.count)
        guard count > 0 else { return nil }
        return String(decoding: buffer[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
