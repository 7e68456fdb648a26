import SwctrCore

// What the container shares with the host and with others.
extension Spec {
    /// Mounts of the user's; each replaces what the default has at its destination.
    mutating func addMounts(_ added: [SpecMount]) throws(EngineError) {
        for mount in added {
            guard mount.destination.hasPrefix("/") else {
                throw EngineError(
                    .invalidArgument, subject: "mount destination \"\(mount.destination)\"", message: "must be absolute"
                )
            }
            mounts.removeAll { $0.destination == mount.destination }
            mounts.append(mount)
        }
    }

    /// The host's network: no namespace of its own, the host's files about names, and its name.
    mutating func shareNetwork(_ host: SpecRequest.Host) {
        linux.namespaces.removeAll { $0.type == .network }
        for path in host.networkFiles where !mounts.contains(where: { $0.destination == path }) {
            mounts.append(SpecMount(destination: path, type: "bind", source: path, options: ["rbind", "ro"]))
        }
        if !host.hostname.isEmpty, !process.env.contains(where: { $0.hasPrefix("HOSTNAME=") }) {
            process.env.append("HOSTNAME=\(host.hostname)")
        }
    }

    /// In place of the one of the same kind, else besides.
    mutating func join(_ namespace: LinuxNamespace) {
        if let index = linux.namespaces.firstIndex(where: { $0.type == namespace.type }) {
            linux.namespaces[index] = namespace
        } else {
            linux.namespaces.append(namespace)
        }
    }

    /// A user namespace with these maps; none where both are empty.
    mutating func mapUsers(_ uids: [IDMapping], _ gids: [IDMapping]) throws(EngineError) {
        if uids.isEmpty && gids.isEmpty { return }
        try Self.check(uids, "uid map")
        try Self.check(gids, "gid map")
        join(LinuxNamespace(.user))
        linux.uidMappings = uids
        linux.gidMappings = gids
    }

    private static func check(_ mappings: [IDMapping], _ name: String) throws(EngineError) {
        if mappings.isEmpty {
            throw EngineError(
                .invalidArgument, subject: name, message: "is missing: a user namespace needs a uid map and a gid map")
        }
        for (index, mapping) in mappings.enumerated() {
            let text = "\(name) \(mapping.containerID):\(mapping.hostID):\(mapping.size)"
            let last = UInt64(max(mapping.containerID, mapping.hostID)) + UInt64(mapping.size)
            if mapping.size == 0 || last > UInt64(UInt32.max) {
                throw EngineError(
                    .invalidArgument, subject: text, message: "must hold at least one id and none above 4294967294")
            }
            for other in mappings[..<index]
            where overlap(mapping.containerID, other.containerID, mapping.size, other.size)
                || overlap(mapping.hostID, other.hostID, mapping.size, other.size)
            {
                throw EngineError(.invalidArgument, subject: text, message: "overlaps another part of the \(name)")
            }
        }
    }

    private static func overlap(_ first: UInt32, _ second: UInt32, _ firstSize: UInt32, _ secondSize: UInt32) -> Bool {
        UInt64(first) < UInt64(second) + UInt64(secondSize) && UInt64(second) < UInt64(first) + UInt64(firstSize)
    }

    /// The user's, else the container's name or id; none where the name would be somebody else's too. The kernel takes 64 bytes
    /// of host name; an id may hold more.
    mutating func setHostname(_ request: SpecRequest) {
        let uts = linux.namespaces.first { $0.type == .uts }
        if !request.hostname.isEmpty {
            hostname = request.hostname
        } else if !request.hostNetwork, uts != nil, uts?.path == nil {
            hostname = String((request.name.isEmpty ? request.id : request.name).prefix(63))
        }
    }
}
