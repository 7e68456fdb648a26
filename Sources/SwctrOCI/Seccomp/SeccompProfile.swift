/// A system call profile as Docker writes it: a default action, and rules for names, some of them for certain
/// capabilities, architectures or kernels only. The runtime specification's own form is read as well: it is the same
/// without conditions.
public struct SeccompProfile: Codable, Hashable, Sendable {
    public var defaultAction: String
    public var defaultErrnoRet: UInt32?
    public var architectures: [String]?
    public var archMap: [ArchitectureFamily]?
    public var flags: [String]?
    public var listenerPath: String?
    public var listenerMetadata: String?
    public var syscalls: [Rule]?

    public init(defaultAction: String, defaultErrnoRet: UInt32? = nil, syscalls: [Rule]? = nil) {
        self.defaultAction = defaultAction
        self.defaultErrnoRet = defaultErrnoRet
        self.syscalls = syscalls
    }

    /// An architecture and those whose programs it runs too.
    public struct ArchitectureFamily: Codable, Hashable, Sendable {
        public var architecture: String
        public var subArchitectures: [String]?
    }

    public struct Rule: Codable, Hashable, Sendable {
        /// Of old profiles, in place of `names`.
        public var name: String?
        public var names: [String]?
        public var action: String
        public var errnoRet: UInt32?
        public var args: [Linux.Seccomp.Argument]?
        public var comment: String?
        public var includes: Condition?
        public var excludes: Condition?

        public init(
            _ names: [String], action: String = "SCMP_ACT_ALLOW", errnoRet: UInt32? = nil,
            args: [Linux.Seccomp.Argument]? = nil, includes: Condition? = nil, excludes: Condition? = nil
        ) {
            self.names = names
            self.action = action
            self.errnoRet = errnoRet
            self.args = args
            self.includes = includes
            self.excludes = excludes
        }

        /// What it is about, in either spelling.
        public var allNames: [String] { (names ?? []) + (name.map { [$0] } ?? []) }
    }

    public struct Condition: Codable, Hashable, Sendable {
        public var caps: [String]?
        /// As Go names them: amd64, arm64.
        public var arches: [String]?
        /// `4.8`
        public var minKernel: String?

        public init(caps: [String]? = nil, arches: [String]? = nil, minKernel: String? = nil) {
            self.caps = caps
            self.arches = arches
            self.minKernel = minKernel
        }
    }

    /// What conditions are held against.
    public struct Host: Hashable, Sendable {
        /// As Go names it: amd64, arm64.
        public var architecture: String
        public var kernel: KernelVersion

        public init(architecture: String, kernel: KernelVersion) {
            self.architecture = architecture
            self.kernel = kernel
        }
    }

    /// The two numbers of a kernel that say what it can do.
    public struct KernelVersion: Hashable, Sendable, Comparable {
        public var major: Int
        public var minor: Int

        /// From a release such as `6.1.0-18-amd64` or a bare `4.8`; nil for anything else.
        public init?(_ text: String) {
            let parts = text.split(separator: ".", maxSplits: 2)
            guard parts.count >= 2, let major = Int(parts[0]), let minor = Int(parts[1].prefix { $0.isNumber }) else {
                return nil
            }
            self.major = major
            self.minor = minor
        }

        public static func < (left: KernelVersion, right: KernelVersion) -> Bool {
            (left.major, left.minor) < (right.major, right.minor)
        }
    }
}
