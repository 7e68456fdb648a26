import Glibc
public import SwctrCore
import SwctrLinux
public import SwctrProto

/// The FIFOs through which a process and its client talk, in a folder that only their user can enter.
///
/// They are no owner's value: those of a detached process outlive the command that made them, and `tasks attach` and
/// `tasks delete` find them again by the paths that the manager keeps.
public struct FIFOSet: Equatable, Sendable {
    /// Empty where the stream is not wanted.
    public var stdin = ""
    public var stdout = ""
    /// Empty with a terminal, which has one output.
    public var stderr = ""

    /// Those that the manager keeps for a process; whatever is no FIFO (a log URI, a file) is left out.
    public init(existing stdio: Swctr_V1_Stdio) {
        stdin = FIFO.exists(at: stdio.stdin) ? stdio.stdin : ""
        stdout = FIFO.exists(at: stdio.stdout) ? stdio.stdout : ""
        stderr = FIFO.exists(at: stdio.stderr) ? stdio.stderr : ""
    }

    /// Makes new ones: `NAME-stdin`, `NAME-stdout`, `NAME-stderr` in a new folder of mode 0700.
    ///
    /// - Parameters:
    ///   - name: the container's id, or the exec id.
    ///   - parent: made where it does not exist.
    public init(creating name: String, below parent: String, terminal: Bool) throws(EngineError) {
        try Self.makeDirectories(parent)
        let unique = String(UInt64.random(in: .min ... .max), radix: 36)
        let directory = "\(parent)/\(unique)"
        if mkdir(directory, 0o700) < 0 { throw .system("make folder", subject: directory) }
        stdin = "\(directory)/\(name)-stdin"
        stdout = "\(directory)/\(name)-stdout"
        stderr = terminal ? "" : "\(directory)/\(name)-stderr"
        do {
            for path in [stdin, stdout, stderr] where !path.isEmpty { try FIFO.make(at: path) }
        } catch {
            remove()
            throw error
        }
    }

    /// Removes what is there, and the folder when nothing else is in it.
    public func remove() {
        var directories: Set<String> = []
        for path in [stdin, stdout, stderr] where FIFO.exists(at: path) {
            _ = unlink(path)
            directories.insert(DirectoryWatch.parent(of: path))
        }
        for directory in directories { _ = rmdir(directory) }
    }

    /// What goes into the request.
    public func stdio(terminal: Bool) -> Swctr_V1_Stdio {
        var stdio = Swctr_V1_Stdio()
        stdio.stdin = stdin
        stdio.stdout = stdout
        stdio.stderr = stderr
        stdio.terminal = terminal
        return stdio
    }

    /// Where FIFOs go unless `--fifo-dir` says otherwise: /run/swctr/fifo for root, else below XDG_RUNTIME_DIR.
    public static func defaultParent() throws(EngineError) -> String {
        if geteuid() == 0 { return "/run/swctr/fifo" }
        guard let value = getenv("XDG_RUNTIME_DIR"), value.pointee != 0 else {
            throw EngineError(
                .failedPrecondition, subject: "XDG_RUNTIME_DIR", message: "is not set, so there is no place for FIFOs",
                hint: "--fifo-dir names one")
        }
        return String(cString: value) + "/swctr/fifo"
    }

    private static func makeDirectories(_ path: String) throws(EngineError) {
        if mkdir(path, 0o711) == 0 || errno == EEXIST { return }
        guard errno == ENOENT else { throw .system("make folder", subject: path) }
        try makeDirectories(DirectoryWatch.parent(of: path))
        if mkdir(path, 0o711) < 0 && errno != EEXIST { throw .system("make folder", subject: path) }
    }
}
