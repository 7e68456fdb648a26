/// A file that says what a device of a vendor is to a container (the Container Device Interface).
public struct CDISpecification: Codable, Hashable, Sendable {
    public var cdiVersion: String
    /// `vendor.com/class`.
    public var kind: String
    /// Needed by every one of the devices.
    public var containerEdits: CDIEdits?
    public var devices: [Device]

    public struct Device: Codable, Hashable, Sendable {
        public var name: String
        public var containerEdits: CDIEdits
    }
}

/// What a device adds to a specification.
public struct CDIEdits: Codable, Hashable, Sendable {
    public var env: [String]?
    public var deviceNodes: [DeviceNode]?
    public var mounts: [Mount]?
    public var hooks: [Hook]?
    public var additionalGids: [UInt32]?
    public var intelRdt: Linux.IntelRdt?

    public init() {}

    public struct DeviceNode: Codable, Hashable, Sendable {
        public var path: String
        /// Where it is on the host, if that is another path.
        public var hostPath: String?
        /// What is missing of type and numbers is looked up on the host.
        public var type: String?
        public var major: Int64?
        public var minor: Int64?
        public var fileMode: UInt32?
        /// Of `rwm`; all where it is missing.
        public var permissions: String?
        public var uid: UInt32?
        public var gid: UInt32?
    }

    public struct Mount: Codable, Hashable, Sendable {
        public var hostPath: String
        public var containerPath: String
        public var options: [String]?
        public var type: String?
    }

    public struct Hook: Codable, Hashable, Sendable {
        public var hookName: String
        public var path: String
        public var args: [String]?
        public var env: [String]?
        public var timeout: Int?
    }
}

/// `vendor.com/class=name`: a device by its qualified name.
public struct CDIName: Hashable, Sendable, CustomStringConvertible {
    public var kind: String
    public var device: String

    /// nil for a text that is no such name, as a path is none.
    public init?(_ text: String) {
        guard !text.hasPrefix("/"), let equals = text.firstIndex(of: "="),
            let slash = text[..<equals].firstIndex(of: "/")
        else { return nil }
        let vendor = text[..<slash]
        let type = text[text.index(after: slash)..<equals]
        let name = text[text.index(after: equals)...]
        guard Self.isName(vendor, marks: "_-."), Self.isName(type, marks: "_-"), Self.isName(name, marks: "_-.:") else {
            return nil
        }
        kind = "\(vendor)/\(type)"
        device = String(name)
    }

    public var description: String { "\(kind)=\(device)" }

    private static func isName(_ text: Substring, marks: String) -> Bool {
        func isAlphanumeric(_ character: Character?) -> Bool {
            character.map { $0.isASCII && ($0.isLetter || $0.isNumber) } ?? false
        }
        return isAlphanumeric(text.first) && isAlphanumeric(text.last)
            && text.allSatisfy { isAlphanumeric($0) || marks.contains($0) }
    }
}

extension Spec {
    /// Adds what a device needs.
    mutating func apply(_ edits: CDIEdits) {
        process.env = Environment.merging(edits.env ?? [], into: process.env)
        for node in edits.deviceNodes ?? [] {
            var device = Linux.Device(path: node.path, type: node.type ?? "c", major: node.major, minor: node.minor)
            device.fileMode = node.fileMode
            device.uid = node.uid
            device.gid = node.gid
            addDevice(device, access: node.permissions ?? "rwm")
        }
        for mount in edits.mounts ?? [] {
            mounts.removeAll { $0.destination == mount.containerPath }
            mounts.append(
                SpecMount(
                    destination: mount.containerPath, type: mount.type ?? "bind", source: mount.hostPath,
                    options: mount.options ?? ["rbind", "ro"]))
        }
        for hook in edits.hooks ?? [] { add(hook) }
        if let gids = edits.additionalGids, !gids.isEmpty {
            let there = process.user.additionalGids ?? []
            process.user.additionalGids = there + gids.filter { $0 != 0 && !there.contains($0) }
        }
        if let rdt = edits.intelRdt { linux.intelRdt = rdt }
    }

    private mutating func add(_ hook: CDIEdits.Hook) {
        let entry = Hook(path: hook.path, args: hook.args, env: hook.env, timeout: hook.timeout)
        var all = hooks ?? Hooks()
        switch hook.hookName {
        case "prestart": all.prestart = (all.prestart ?? []) + [entry]
        case "createRuntime": all.createRuntime = (all.createRuntime ?? []) + [entry]
        case "createContainer": all.createContainer = (all.createContainer ?? []) + [entry]
        case "startContainer": all.startContainer = (all.startContainer ?? []) + [entry]
        case "poststart": all.poststart = (all.poststart ?? []) + [entry]
        case "poststop": all.poststop = (all.poststop ?? []) + [entry]
        default: break
        }
        hooks = all
    }
}
