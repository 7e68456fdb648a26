import SwctrArguments
import SwctrCore
import SwctrProto

/// What the container shares with the host and with others.
struct NamespaceFlags: ParsableArguments {
    @Option("--hostname", valueName: "name", help: "Host name inside the container (default: its id).")
    var hostname: String?

    @Flag("--net-host", help: "Share the host's network.")
    var netHost = false

    @Option(
        "--with-ns", valueName: "type:path", parsing: .unconditional,
        help: "Join a namespace of type pid, network, uts, mount, user, ipc or cgroup. May be repeated.")
    var withNamespace: [String] = []

    @Option(
        "--uidmap", valueName: "container:host:size", parsing: .unconditional,
        help: "Ids of users in a user namespace, and which they are on the host; needs --gidmap. May be repeated.")
    var uidmap: [String] = []

    @Option(
        "--gidmap", valueName: "container:host:size", parsing: .unconditional,
        help: "The same for groups; needs --uidmap. May be repeated.")
    var gidmap: [String] = []

    func fill(_ options: inout Swctr_V1_ContainerOptions) throws(EngineError) {
        options.hostname = hostname ?? ""
        options.netHost = netHost
        for text in withNamespace { options.namespaces.append(try Self.namespace(text)) }
        for text in uidmap { options.uidMappings.append(try Self.mapping(text, "--uidmap")) }
        for text in gidmap { options.gidMappings.append(try Self.mapping(text, "--gidmap")) }
    }

    /// A path may hold colons itself.
    private static func namespace(_ text: String) throws(EngineError) -> Swctr_V1_LinuxNamespace {
        guard let split = text.firstIndex(of: ":") else {
            throw EngineError(
                .invalidArgument, subject: "--with-ns \"\(text)\"", message: "is not of the form type:path",
                hint: "such as network:/proc/1/ns/net")
        }
        var namespace = Swctr_V1_LinuxNamespace()
        namespace.type = String(text[..<split])
        namespace.path = absolutePath(String(text[text.index(after: split)...]))
        let types = ["pid", "network", "uts", "mount", "user", "ipc", "cgroup"]
        if !types.contains(namespace.type) {
            throw EngineError(
                .invalidArgument, subject: "--with-ns \"\(text)\"",
                message: "type \"\(namespace.type)\" is not valid",
                hint: "it is one of \(types.joined(separator: ", "))")
        }
        if namespace.path.isEmpty {
            throw EngineError(.invalidArgument, subject: "--with-ns \"\(text)\"", message: "names no path")
        }
        return namespace
    }

    private static func mapping(_ text: String, _ flag: String) throws(EngineError) -> Swctr_V1_IDMapping {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 3 else {
            throw EngineError(
                .invalidArgument, subject: "\(flag) \"\(text)\"",
                message: "is not a mapping of the format container:host:size", hint: "such as 0:100000:65536")
        }
        func number(_ index: Int, _ name: String) throws(EngineError) -> UInt32 {
            if let number = wholeNumber(parts[index]) { return number }
            throw EngineError(
                .invalidArgument, subject: "\(flag) \"\(text)\"",
                message: "\(name) \"\(parts[index])\" is invalid: it must be a number of 32 bits")
        }
        var mapping = Swctr_V1_IDMapping()
        mapping.containerID = try number(0, "container id")
        mapping.hostID = try number(1, "host id")
        mapping.size = try number(2, "size")
        return mapping
    }

    /// With a base's prefix as Go takes it: 0x, 0o, 0b, or 0 for octal.
    private static func wholeNumber(_ text: Substring) -> UInt32? {
        guard let first = text.first, first.isNumber else { return nil }
        for (prefix, radix) in [("0x", 16), ("0X", 16), ("0o", 8), ("0O", 8), ("0b", 2), ("0B", 2)]
        where text.hasPrefix(prefix) {
            return UInt32(text.dropFirst(2), radix: radix)
        }
        return text.count > 1 && first == "0" ? UInt32(text.dropFirst(), radix: 8) : UInt32(text)
    }

    /// Flags that were given, by name.
    var given: [String] {
        names([
            ("--hostname", hostname != nil), ("--net-host", netHost), ("--with-ns", !withNamespace.isEmpty),
            ("--uidmap", !uidmap.isEmpty), ("--gidmap", !gidmap.isEmpty),
        ])
    }
}
