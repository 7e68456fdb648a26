import CShim

/// One mount that Create asks for.
struct MountRequest {
    var type: Text
    var source: Text
    /// Below the root file system; empty for the root itself.
    var target: Text
    var options: [Text]
}

/// Mounting and unmounting a container's root file system.
enum Rootfs {
    /// Room that mount(2) has for the data, a page, with containerd's reserve.
    private static let dataLimit = 4096 - 512

    /// Mounts everything in order; on an error what was mounted is unmounted again. Returns the mount points.
    static func mount(_ requests: [MountRequest], at root: Text) -> Result<[Text], RPCError> {
        var mounted: [Text] = []
        for request in requests {
            do throws(RPCError) {
                let target = try resolve(request.target, in: root)
                if let error = mount(request, at: target) { throw error }
                mounted.append(target)
            } catch {
                unmount(mounted)
                return .failure(error)
            }
        }
        return .success(mounted)
    }

    /// Where a mount goes. What is below the root has been made by an image: its links lead around in it, never out of it.
    private static func resolve(_ target: Text, in root: Text) throws(RPCError) -> Text {
        if target.isEmpty { return root }
        guard ShimAddress.isPath(root.appending(component: target), within: root) else {
            throw .invalid("mount target \"\(target)\" leaves the root file system")
        }
        let place = OwnedFD(adopting: root.withCString { root in target.withCString { shim_open_in_root(root, $0) } })
        guard place.isOpen else {
            throw RPCError(.unknown, "failed to mount rootfs component: \(SystemError("mount target \(target)").text)")
        }
        return Files.readLink("/proc/self/fd/\(place.raw)")
    }

    /// Unmounts in reverse order. What is still in use by somebody goes with its last user.
    static func unmount(_ points: [Text]) {
        for point in points.reversed() { unmountAll(point) }
    }

    /// Unmounts everything that is stacked at and below `point`.
    static func unmountAll(_ point: Text) {
        // Each call takes one layer off; EINVAL says that there is none left. Bounded against surprises.
        for _ in 0..<64 where point.withCString({ umount2($0, MNT_DETACH | UMOUNT_NOFOLLOW) }) != 0 { return }
    }

    private static func mount(_ request: MountRequest, at target: Text) -> RPCError? {
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
        if data.count > dataLimit, request.type == "overlay", let compacted = options.compacted {
            directory = compacted.directory
            data = MountOptions.joined(compacted.data, 0x2c)
        }
        if data.count >= 4096 {
            return RPCError(
                .unknown, "mount \(request.source) at \(target): options take \(data.count) bytes, at most 4095 fit")
        }
        if let error = call(request, target, options.flags, data, in: directory) { return error }
        let readOnlyBind: UInt = 4096 | 1
        if options.flags & readOnlyBind == readOnlyBind {
            // The kernel ignores read-only on the first call of a bind mount.
            if let error = call(request, target, options.flags | 32, "", in: nil) {
                unmountAll(target)
                return error
            }
        }
        if options.propagation != 0 {
            let none = MountRequest(type: "none", source: "none", target: "", options: [])
            if let error = call(none, target, options.propagation, "", in: nil) {
                unmountAll(target)
                return error
            }
        }
        return nil
    }

    /// mount(2), in `directory` if the data's paths are relative to it.
    private static func call(
        _ request: MountRequest, _ target: Text, _ flags: UInt, _ data: Text, in directory: Text?
    ) -> RPCError? {
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
        let error = result == 0 ? nil : SystemError("mount \(request.type) \(request.source) at \(target)")
        if previous.isOpen { _ = fchdir(previous.raw) }
        return error.map { RPCError(.unknown, "failed to mount rootfs component: \($0.text)") }
    }
}
