/// What `containerd.runc.v1.Options` says about calling the OCI runtime; the defaults are containerd's.
struct RuntimeOptions: Equatable {
    var noPivotRoot = false
    var noNewKeyring = false
    var shimCgroup: Text = ""
    /// Owner of the container's ends of its pipes.
    var ioUID: UInt32 = 0
    var ioGID: UInt32 = 0
    /// Name or path of the runtime as it was asked for; empty for the default.
    var binaryName: Text = ""
    /// Directory of the runtime's state without the namespace; empty for the default.
    var root: Text = ""
    var systemdCgroup = false
    /// Where a client was told that the task's API is served; empty and 0 if it was told nothing.
    var taskAPIAddress: Text = ""
    var taskAPIVersion: UInt32 = 0
    /// A checkpoint to make the container from, where Create names none.
    var criuImagePath: Text = ""
    /// Where criu works when it restores; empty for the bundle's `work`.
    var criuWorkPath: Text = ""
    /// What a configuration said besides, which has no effect.
    var unknownKeys: [Text] = []

    var binary: Text { binaryName.isEmpty ? "runc" : binaryName }

    func stateDirectory(namespace: Text) -> Text {
        (root.isEmpty ? "/run/containerd/runc" : root).appending(component: namespace)
    }

    /// The arguments before every command of the runtime.
    func globalArguments(namespace: Text, bundle: Text) -> [Text] {
        var words: [Text] = [
            binary, "--root", stateDirectory(namespace: namespace), "--log", bundle.appending(component: "log.json"),
            "--log-format", "json",
        ]
        if systemdCgroup { words.append("--systemd-cgroup") }
        return words
    }

    /// Why options that name a task API cannot be honoured by a shim at `address`; nil if they can.
    ///
    /// A daemon that is told of such an address (containerd 2, for containers of a sandbox) goes there itself instead of
    /// starting a shim. So here it can only be our own, and its version one of the two that we serve.
    func taskAPIRefusal(servedAt address: ShimAddress) -> RPCError? {
        var wanted = taskAPIAddress
        if wanted.hasPrefix("ttrpc+") { wanted = wanted.dropFirst(6) }
        if !wanted.isEmpty, wanted != address.url, wanted != address.path {
            return .invalid("task_api_address \(taskAPIAddress) is not where this shim serves, \(address.url)")
        }
        if taskAPIVersion != 0, taskAPIVersion != 2, taskAPIVersion != 3 {
            return .invalid("task_api_version \(taskAPIVersion) is not served, only 2 and 3")
        }
        return nil
    }

    /// What kind of options an Any carries; only its type decides, never its bytes.
    enum Kind: Equatable {
        case defaults, runc
        /// A configuration as it stands, for shims of other names than runc's.
        case generic
        /// What 1.x clients send, for the same purpose, to runtimes of any other name.
        case linux
    }

    /// Looks at the type URL of Create's or start's options.
    static func kind(typeURL: Text) -> Result<Kind, RPCError> {
        let name = typeURL.lastIndex(of: 0x2f).map { typeURL.dropFirst($0 + 1) } ?? typeURL
        if name.isEmpty { return .success(.defaults) }
        if name == "runtimeoptions.v1.Options" { return .success(.generic) }
        if name == "containerd.runc.v1.Options" { return .success(.runc) }
        if name == "containerd.linux.runc.CreateOptions" { return .success(.linux) }
        return .failure(RPCError(.unknown, "type with url \(typeURL): not found"))
    }

    /// The contents of `options.json`, in containerd's spelling.
    var json: Text {
        var members: [Text] = []
        if noPivotRoot { members.append("\"no_pivot_root\":true") }
        if noNewKeyring { members.append("\"no_new_keyring\":true") }
        if !shimCgroup.isEmpty { members.append("\"shim_cgroup\":" + shimCgroup.jsonQuoted) }
        if ioUID != 0 { members.append("\"io_uid\":\(ioUID)") }
        if ioGID != 0 { members.append("\"io_gid\":\(ioGID)") }
        if !binaryName.isEmpty { members.append("\"binary_name\":" + binaryName.jsonQuoted) }
        if !root.isEmpty { members.append("\"root\":" + root.jsonQuoted) }
        if systemdCgroup { members.append("\"systemd_cgroup\":true") }
        if !criuImagePath.isEmpty { members.append("\"criu_image_path\":" + criuImagePath.jsonQuoted) }
        if !criuWorkPath.isEmpty { members.append("\"criu_work_path\":" + criuWorkPath.jsonQuoted) }
        return "{" + MountOptions.joined(members, 0x2c) + "}"
    }

    /// Reads back what `delete` needs of `options.json`; unreadable contents are the defaults.
    init(json: Text) {
        var scanner = JSONScanner(json)
        do throws(JSONError) {
            try scanner.enterObject()
            while let key = try scanner.nextKey() {
                if key == "root" {
                    root = try scanner.string()
                } else if key == "binary_name" {
                    binaryName = try scanner.string()
                } else if key == "systemd_cgroup" {
                    systemdCgroup = try scanner.boolean()
                } else {
                    try scanner.skipValue()
                }
            }
        } catch {
            return
        }
    }

    init() {}
}
