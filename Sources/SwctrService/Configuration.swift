import Glibc
public import Logging
public import SwctrCore
import SwctrLinux

/// How a manager runs. Flags override the file, the file overrides what is built in.
public struct Configuration: Sendable, Equatable {
    /// Read when no file is named, if it is there.
    public static let defaultFile = "/etc/swctr/config.toml"

    /// What survives a reboot.
    public var root: String
    /// What does not.
    public var state: String
    /// The clients' socket; nil: `swctrd.sock` in `state`.
    public var address: String?
    public var logLevel: Logger.Level = .info
    public var defaultRuntime = RuntimeOptionRule.runcRuntime
    public var defaultSnapshotter = "overlayfs"
    /// Who may connect besides root; nil: the group `swctr` where there is one.
    public var group: String?
    /// Where networks of `--cni` are configured, and where their plug-ins are.
    public var cniConfigurationFolder = "/etc/cni/net.d"
    public var cniPluginFolders = ["/opt/cni/bin", "/usr/lib/cni", "/usr/libexec/cni"]
    /// Folders with a folder per registry, in which a hosts.toml says how it is reached; the first that has one counts.
    public var registryHosts = ["/etc/swctr/certs.d", "/etc/docker/certs.d"]
    /// A transfer with a registry in which nothing moves for so long is broken off and tried again.
    public var registryStall: Duration = .seconds(30)
    /// Shim by runtime name, an absolute path or a name to search for.
    public var runtimes: [String: String] = [:]

    /// What is built in: system folders for root, the user's own for everybody else.
    public init() {
        if geteuid() == 0 {
            root = "/var/lib/swctr"
            state = "/run/swctr"
        } else {
            let home = Self.environment("HOME") ?? "/"
            root = (Self.environment("XDG_DATA_HOME") ?? home + "/.local/share") + "/swctr"
            state = (Self.environment("XDG_RUNTIME_DIR") ?? "/run/user/\(getuid())") + "/swctr"
        }
    }

    /// Path of the clients' socket.
    public var clientSocket: String { address ?? state + "/swctrd.sock" }
    /// Path of the socket that shims send events to.
    public var eventSocket: String { state + "/events.sock" }

    /// Checks what the kernel or a later step would refuse, all at once.
    ///
    /// - Throws: `.invalidArgument` with every problem.
    public func validate() throws(EngineError) {
        var problems: [String] = []
        for (key, path) in [("root", root), ("state", state), ("address", clientSocket)] where !path.hasPrefix("/") {
            problems.append("\(key) \"\(path)\" must be an absolute path")
        }
        if root == state { problems.append("root and state must be two folders") }
        for path in [clientSocket, eventSocket] where path.utf8.count > UnixSocket.maximumPathLength {
            problems.append(
                "socket path \"\(path)\" is longer than the \(UnixSocket.maximumPathLength) bytes that the kernel takes"
            )
        }
        if !["overlayfs", "native"].contains(defaultSnapshotter) {
            problems.append("default_snapshotter \"\(defaultSnapshotter)\" is not known, use overlayfs or native")
        }
        if problems.isEmpty { return }
        throw EngineError(.invalidArgument, subject: "configuration", message: problems.joined(separator: "; "))
    }

    private static func environment(_ name: String) -> String? {
        getenv(name).map { String(cString: $0) }.flatMap { $0.hasPrefix("/") ? $0 : nil }
    }
}
