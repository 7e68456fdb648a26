import CShim

/// One mount that Create asks for.
struct MountRequest {
    var type: Text
    var source: Text
    /// Below the root file system; empty for the root itself.
    var target: Text
    var options: [Text]
}

/// A container's root file system while it is made of mounts.
struct Rootfs {
    let path: Text
    private var isMounted = false
    /// Something was mounted below it, and maybe on what the root itself hides.
    private var hasTargets = false

    /// Room that mount(2) has for the data, a page, with containerd's reserve.
    private static let dataLimit = 4096 - 512

    init(path: Text) {
        self.path = path
    }

    /// Mounts everything in order; on an error what was mounted is unmounted again.
    mutating func mount(_ requests: [MountRequest]) -> RPCError? {
        if requests.isEmpty { return nil }
        Files.makeDirectories(path, mode: 0o711)
        for request in requests {
            if !request.target.isEmpty { hasTargets = true }
            if let error = mount(request) {
                unmount()
                return error
            }
        }
        return nil
    }

    /// Unmounts what `mount` has mounted. What is still in use by somebody goes with its last user.
    mutating func unmount() {
        if isMounted { Self.unmountAll(path, below: hasTargets) }
        isMounted = false
    }

    /// Unmounts everything that is stacked at `root` with what is mounted on that, and, if wished, what is `below` it.
    static func unmountAll(_ root: Text, below: Bool) {
        detach(root)
        guard below else { return }
        let folder = OwnedFD(adopting: root.withCString { shim_open($0, O_PATH | O_DIRECTORY, 0) })
        guard folder.isOpen else { return }
        // Under the names that the kernel has for them: what a container made of the names below its root, we do not follow.
        let prefix = Files.readLink("/proc/self/fd/\(folder.raw)") + "/"
        for line in (Files.read("/proc/self/mountinfo") ?? "").split(0x0a).reversed() {
            let fields = line.split(0x20)
            guard fields.count > 4 else { continue }
            let point = fields[4].unescapedOctal
            if point.hasPrefix(prefix) { detach(point) }
        }
    }

    private static func detach(_ point: Text) {
        // Each call takes one layer off; EINVAL says that there is none left. Bounded against surprises.
        for _ in 0..<64 where point.withCString({ umount2($0, MNT_DETACH | UMOUNT_NOFOLLOW) }) != 0 { return }
    }

    private mutating func mount(_ request: MountRequest) -> RPCError? {
        let options: MountOptions
        switch MountOptions.parse(request.options) {
        case .failure(let error): return error
        case .success(let parsed): options = parsed
        }
        if request.type.hasPrefix("fuse3.") || request.type.hasPrefix("fuse.") {
            return RPCError(.unimplemented, "mount type \"\(request.type)\": not implemented")
        }
        var data = options.dataText
        var directory: Text?
        if data.count > Self.dataLimit, request.type == "overlay", let compacted = options.compacted {
            directory = compacted.directory
            data = MountOptions.joined(compacted.data, 0x2c)
        }
        if data.count >= 4096 {
            return RPCError(
                .unknown,
                "mount \(request.source) at \(point(request)): options take \(data.count) bytes, at most 4095 fit")
        }
        if let error = call(request, at: request, options.flags, data, in: directory) { return error }
        isMounted = true
        let readOnlyBind: UInt = 4096 | 1
        if options.flags & readOnlyBind == readOnlyBind {
            // The kernel ignores read-only on the first call of a bind mount.
            if let error = call(request, at: request, options.flags | 32, "", in: nil) { return error }
        }
        if options.propagation != 0 {
            let none = MountRequest(type: "none", source: "none", target: "", options: [])
            if let error = call(none, at: request, options.propagation, "", in: nil) { return error }
        }
        return nil
    }

    private func point(_ request: MountRequest) -> Text {
        request.target.isEmpty ? path : path.appending(component: request.target)
    }

    /// mount(2) at the target of `place`, in `directory` if the data's paths are relative to it.
    private func call(
        _ request: MountRequest, at place: MountRequest, _ flags: UInt, _ data: Text, in directory: Text?
    ) -> RPCError? {
        let point = point(place)
        guard ShimAddress.isPath(point, within: path) else {
            return .invalid("mount target \"\(place.target)\" leaves the root file system")
        }
        func fail(_ error: SystemError) -> RPCError {
            RPCError(.unknown, "failed to mount rootfs component: \(error.text)")
        }
        // A link in an image must not lead us out of it, so a target is looked up as the container would, and named by
        // its descriptor. Anew in each call: what was mounted by the one before lies on top now.
        var descriptor = OwnedFD()
        if !place.target.isEmpty {
            descriptor.replace(
                adopting: path.withCString { root in place.target.withCString { shim_open_in_root(root, $0) } })
            guard descriptor.isOpen else { return fail(SystemError("open \(point)")) }
        }
        let target = descriptor.isOpen ? "/proc/self/fd/\(descriptor.raw)" : path
        var previous = OwnedFD()
        if let directory {
            previous.replace(adopting: Text(".").withCString { shim_open($0, O_PATH | O_DIRECTORY, 0) })
            guard previous.isOpen, directory.withCString({ chdir($0) }) == 0 else {
                return RPCError(.unknown, SystemError("change to \(directory)").text)
            }
        }
        let result = request.source.withCString { source in
            target.withCString { path in
                request.type.withCString { type in
                    data.withCString { CShim.mount(source, path, type, flags, data.isEmpty ? nil : $0) }
                }
            }
        }
        let error = result == 0 ? nil : SystemError("mount \(request.type) \(request.source) at \(point)")
        if previous.isOpen { _ = fchdir(previous.raw) }
        return error.map(fail)
    }
}

extension Text {
    /// A field of mountinfo, in which blanks and backslashes are written as `\040`.
    fileprivate var unescapedOctal: Text {
        let parts = split(0x5c)
        var result = parts[0]
        for part in parts.dropFirst() {
            let code = part.bytes.prefix(3).reduce(0) { $0 << 3 | Int($1 & 7) }
            result += Text(bytes: [UInt8(truncatingIfNeeded: code)]) + part.dropFirst(3)
        }
        return result
    }
}
