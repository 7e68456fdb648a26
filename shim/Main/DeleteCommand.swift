import CShim

/// `delete`: removes what a dead shim left. containerd also calls it after every normal end, when nothing is left.
struct DeleteCommand {
    private let arguments: Arguments
    private let bundle: Text

    /// containerd gives up on this program after 5 seconds; the runtime gets most of that, what it leaves the rest.
    private static let runtimeTime = 4000
    private static let sweepTime = 500

    init(_ arguments: Arguments) {
        self.arguments = arguments
        // Stock's rule is the id's directory beside the working directory; both are the bundle itself.
        bundle = arguments.bundle.isEmpty ? Self.workingDirectory() : arguments.bundle
    }

    func run() -> Int32 {
        let record = Files.read(file(ExitRecord.fileName)).flatMap { ExitRecord($0) }
        let pid = record?.pid ?? Files.read(file("init.pid"))?.trimmed.decimal.flatMap { Int32(exactly: $0) } ?? 0
        if record?.isDeleted != true {
            deleteFromRuntime()
            removeCgroups()
            Rootfs.unmountAll(file("rootfs"), below: true)
        }
        removeDeadSocket()

        let arena = Arena()
        var response = Containerd__Task__V2__DeleteResponse()
        containerd__task__v2__delete_response__init(&response)
        response.pid = UInt32(bitPattern: pid)
        response.exit_status = record?.status.code ?? 128 + UInt32(SIGKILL)
        response.exited_at = arena.timestamp(record?.status.at ?? Clock.now())
        return Files.writeAll(1, packed(&response)) ? 0 : 1
    }

    private static func workingDirectory() -> Text {
        let path = getcwd(nil, 0)
        defer { free(path) }
        return Text(path)
    }

    private func file(_ name: Text) -> Text {
        bundle.appending(component: name)
    }

    private func deleteFromRuntime() {
        var options = RuntimeOptions(json: Files.read(file("options.json")) ?? "{}")
        if let binary = Files.read(file("runtime")) { options.binaryName = binary }
        guard let program = Spawn.find(options.binary) else {
            complain("cannot delete \(arguments.id): runtime \(options.binary) is not there")
            return
        }
        let null = OwnedFD(adopting: Text("/dev/null").withCString { shim_open($0, O_RDWR | O_NOCTTY, 0) })
        let words =
            options.globalArguments(namespace: arguments.namespace, bundle: bundle) + [
                "delete", "--force", arguments.id,
            ]
        // Its messages go where ours go; stdout is for the answer alone.
        let spawn = Spawn(program: program, arguments: words, descriptors: [null.raw, 2, 2])
        do throws(SystemError) {
            guard let status = try BlockingCommand.run(spawn, limit: Self.runtimeTime) else {
                complain("delete of \(arguments.id) by \(options.binary) took more than \(Self.runtimeTime) ms")
                return
            }
            if status != 0 {
                complain("delete of \(arguments.id) by \(options.binary) failed with status \(status >> 8)")
                return
            }
        } catch {
            complain(error.text)
            return
        }
        // A create that was cut off leaves a directory that its runtime does not take for a container.
        let remains = options.stateDirectory(namespace: arguments.namespace).appending(component: arguments.id)
        if Files.exists(remains) { Files.removeTree(remains) }
    }

    /// What a runtime made before it could record it, and what its deletion did not end.
    private func removeCgroups() {
        guard let config = Files.read(file("config.json")).map({ BundleConfig($0) }),
            let path = config.ownCgroup(of: arguments.id)
        else { return }
        if !CgroupTree(path, hybrid: true).remove(limit: Self.sweepTime) {
            complain("cgroup \(path) of \(arguments.id) is still in use")
        }
    }

    /// A shim that was killed has left its socket; one that still serves others of its group keeps it.
    private func removeDeadSocket() {
        guard let url = Files.read(file("address"))?.trimmed, url.hasPrefix("unix:///") else { return }
        let path = url.dropFirst(7)
        guard let slash = path.lastIndex(of: 0x2f) else { return }
        do throws(SystemError) {
            let lock = try UnixSocket.lockDirectory(path.prefix(max(1, slash)))
            if lock.isOpen, UnixSocket.presence(at: path) == .dead { Files.remove(path) }
        } catch {
            // Without the directory there is no socket in it.
        }
    }
}
