import Glibc
public import SwctrCore
import SwctrLinux

/// From a runtime's name to the shim that serves it.
public struct RuntimeRegistry: Sendable {
    /// The shim of our own, which serves `io.containerd.runc.v2` unless configuration says otherwise.
    public static let ownShim = "containerd-shim-swctr-v2"

    /// A runtime as it will be used.
    public struct Resolved: Hashable, Sendable {
        /// As the user wrote it.
        public let name: String
        /// Absolute path of the shim's binary.
        public let shim: String
        /// Type URL of the options it takes.
        public let optionsType: String
        /// Whether the shim is ours: it needs no clean-up call after an orderly end.
        public let isOwn: Bool
    }

    /// Runtime name → path or file name of a shim, from the configuration.
    private let configured: [String: String]
    private let directories: [String]

    /// - Parameters:
    ///   - configured: names that configuration adds or overrides; a value without `/` is searched for.
    ///   - directories: where shims are looked for, in order: the manager's own directory, `PATH`, libexec.
    public init(configured: [String: String], directories: [String]) {
        self.configured = configured
        self.directories = directories
    }

    /// The directories for a manager whose executable lies in `executableDirectory`.
    public static func searchDirectories(executableDirectory: String, path: String) -> [String] {
        var seen: Set<String> = []
        return
            ([executableDirectory] + path.split(separator: ":").map(String.init) + [
                "/usr/local/libexec/swctr", "/usr/libexec/swctr",
            ])
            .filter { $0.hasPrefix("/") && seen.insert($0).inserted }
    }

    /// Names that need no lookup by pattern: the default and the configured ones, sorted.
    public var knownNames: [String] {
        Set(configured.keys).union([RuntimeOptionRule.runcRuntime]).sorted()
    }

    /// Finds the shim of `name`, as containerd does: an absolute path is taken as it is, `io.containerd.a.b` becomes
    /// `containerd-shim-a-b` and is searched for.
    ///
    /// - Throws: `.invalidArgument` for a name that cannot be one, `.notFound` naming shim and directories.
    public func resolve(_ name: String) throws(EngineError) -> Resolved {
        if name.hasPrefix("/") { return try resolved(name, at: name) }
        if let shim = configured[name] {
            if shim.hasPrefix("/") { return try resolved(name, at: shim) }
            return try resolved(name, at: search(shim, for: name))
        }
        if name == RuntimeOptionRule.runcRuntime { return try resolved(name, at: search(Self.ownShim, for: name)) }
        return try resolved(name, at: search(try Self.binaryName(of: name), for: name))
    }

    /// `containerd-shim-runc-v1` for `io.containerd.runc.v1`.
    public static func binaryName(of name: String) throws(EngineError) -> String {
        let parts = name.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count >= 2, !name.contains("/"), parts.allSatisfy({ !$0.isEmpty }) else {
            throw EngineError(
                .invalidArgument, subject: "runtime \"\(name)\"",
                message: "invalid runtime name, it must be like io.containerd.runc.v2 or an absolute path")
        }
        return "containerd-shim-\(parts[parts.count - 2])-\(parts[parts.count - 1])"
    }

    private func search(_ binary: String, for name: String) throws(EngineError) -> String {
        for directory in directories where access("\(directory)/\(binary)", X_OK) == 0 {
            return "\(directory)/\(binary)"
        }
        throw EngineError(
            .notFound, subject: "runtime \"\(name)\"",
            message: "shim \(binary) not found in \(directories.joined(separator: ":"))",
            hint: "install it there, or name its absolute path with --runtime")
    }

    private func resolved(_ name: String, at path: String) throws(EngineError) -> Resolved {
        var status = stat()
        if stat(path, &status) != 0 { throw .system("find shim", subject: "runtime \"\(name)\": \(path)") }
        if status.st_mode & S_IFMT != S_IFREG || access(path, X_OK) != 0 {
            throw EngineError(
                .invalidArgument, subject: "runtime \"\(name)\"", message: "\(path) is not an executable file")
        }
        let isRunc = name == RuntimeOptionRule.runcRuntime
        return Resolved(
            name: name, shim: path, optionsType: isRunc ? RuntimeOptions.runcTypeURL : RuntimeOptions.genericTypeURL,
            isOwn: Self.isOwnShim(path))
    }

    /// Whether the binary at `path` is our own shim, by its file name.
    public static func isOwnShim(_ path: String) -> Bool {
        path.split(separator: "/").last.map(String.init) == ownShim
    }
}
