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
        let additions = CStrings(environment)
        let variables = merged(additions)
        let pid = program.withCString { path in
            descriptors.withUnsafeBufferPointer { fds in
                variables.withUnsafeBufferPointer { entries in
                    var request = shim_spawn()
                    request.program = path
                    request.arguments = words.pointer
                    request.environment = entries.baseAddress
                    request.descriptors = fds.baseAddress
                    request.descriptor_count = Int32(fds.count)
                    request.new_group = asGroupLeader ? 1 : 0
                    request.close_others = closingOthers ? 1 : 0
                    request.no_new_privileges = renouncingPrivileges ? 1 : 0
                    request.ends_with_parent = endingWithParent ? 1 : 0
                    return shim_spawn(&request)
                }
            }
        }
        // The request held their addresses only.
        withExtendedLifetime(words) {}
        withExtendedLifetime(additions) {}
        if pid < 0 { throw SystemError("fork/exec \(program)") }
        return pid
    }

    /// `additions` and what of our own environment they do not replace; a NULL-terminated array that owns nothing.
    ///
    /// Without what systemd gave the daemon for itself: a container must not report readiness in the daemon's name, and a
    /// runtime (crun) would take descriptors for sockets that are none.
    private func merged(_ additions: borrowing CStrings) -> [UnsafeMutablePointer<CChar>?] {
        var result: [UnsafeMutablePointer<CChar>?] = []
        if inheritsEnvironment, var entry = shim_environment() {
            var dropped: [Text] = ["NOTIFY_SOCKET=", "LISTEN_FDS=", "LISTEN_PID=", "LISTEN_FDNAMES="]
            for text in environment {
                dropped.append(text.bytes.firstIndex(of: 0x3d).map { text.prefix($0 + 1) } ?? text)
            }
            while let variable = entry.pointee {
                if !dropped.contains(where: { Self.begins(variable, with: $0) }) { result.append(variable) }
                entry += 1
            }
        }
        additions.append(to: &result)
        result.append(nil)
        return result
    }

    private static func begins(_ string: UnsafeMutablePointer<CChar>, with prefix: Text) -> Bool {
        prefix.bytes.withUnsafeBytes { strncmp(string, $0.baseAddress, $0.count) } == 0
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

    /// Lends the strings, for as long as this value lives.
    borrowing func append(to list: inout [UnsafeMutablePointer<CChar>?]) {
        list += storage.dropLast()
    }

    deinit {
        for string in storage { free(string) }
        storage.deallocate()
    }
}
