import CShim

/// Starting programs. What runs between fork and exec is C (`CShim/spawn.c`).
struct Spawn {
    var program: Text
    var arguments: [Text]
    /// Descriptors of the child: 0, 1, 2, …
    var descriptors: [Int32]
    /// `NAME=value` entries that replace or add to ours.
    var environment: [Text] = []
    /// False leaves the child with `environment` alone.
    var inheritsEnvironment = true
    var asGroupLeader = false
    var closingOthers = false
    /// For a program that is no way into a container: a container's processes would inherit it.
    var renouncingPrivileges = false
    var endingWithParent = false

    /// The child's pid. An error is also what kept the program from being executed.
    func start() throws(SystemError) -> pid_t {
        let words = CStrings(arguments)
        let variables = CStrings(mergedEnvironment())
        let pid = program.withCString { path in
            descriptors.withUnsafeBufferPointer { fds in
                var request = shim_spawn()
                request.program = path
                request.arguments = words.pointer
                request.environment = variables.pointer
                request.descriptors = fds.baseAddress
                request.descriptor_count = Int32(fds.count)
                request.new_group = asGroupLeader ? 1 : 0
                request.close_others = closingOthers ? 1 : 0
                request.no_new_privileges = renouncingPrivileges ? 1 : 0
                request.ends_with_parent = endingWithParent ? 1 : 0
                return shim_spawn(&request)
            }
        }
        if pid < 0 { throw SystemError("fork/exec \(program)") }
        return pid
    }

    /// Ours without what systemd gave the daemon for itself: a container must not report readiness in the daemon's name,
    /// and a runtime (crun) would take descriptors for sockets that are none.
    private func mergedEnvironment() -> [Text] {
        var result = environment
        guard inheritsEnvironment else { return result }
        var dropped = environment.map { entry in
            entry.bytes.firstIndex(of: 0x3d).map { entry.prefix($0 + 1) } ?? entry
        }
        dropped += ["NOTIFY_SOCKET=", "LISTEN_FDS=", "LISTEN_PID=", "LISTEN_FDNAMES="]
        guard var entry = shim_environment() else { return result }
        while let variable = entry.pointee {
            let text = Text(variable)
            if !dropped.contains(where: { text.hasPrefix($0) }) { result.append(text) }
            entry += 1
        }
        return result
    }

    /// Finds a program as a shell would; the path itself if it has a slash. Nil if there is none that can be executed.
    static func find(_ name: Text) -> Text? {
        if name.contains("/") { return name.withCString { access($0, X_OK) } == 0 ? name : nil }
        let path = Environment.value("PATH") ?? "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
        for directory in path.split(0x3a) where !directory.isEmpty {
            let candidate = directory.appending(component: name)
            var status = stat()
            if candidate.withCString({ access($0, X_OK) == 0 && stat($0, &status) == 0 }),
                status.st_mode & mode_t(S_IFMT) == mode_t(S_IFREG)
            {
                return candidate
            }
        }
        return nil
    }
}

/// A NULL-terminated array of C strings, as exec takes it.
struct CStrings: ~Copyable {
    private let storage: UnsafeMutableBufferPointer<UnsafeMutablePointer<CChar>?>

    init(_ texts: [Text]) {
        storage = .allocate(capacity: texts.count + 1)
        for (index, text) in texts.enumerated() { storage[index] = text.withCString { strdup($0) } }
        storage[texts.count] = nil
    }

    var pointer: UnsafePointer<UnsafeMutablePointer<CChar>?>? { UnsafePointer(storage.baseAddress) }

    deinit {
        for string in storage { free(string) }
        storage.deallocate()
    }
}
