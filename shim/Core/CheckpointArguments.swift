/// How a container's processes are written to files: what `containerd.runc.v1.CheckpointOptions` says.
struct CheckpointArguments: Equatable {
    /// Where the images go.
    var imagePath: Text
    /// Where criu writes its log.
    var workPath: Text
    /// An earlier image, which this one only adds to.
    var parentPath: Text = ""
    /// The container ends with it.
    var exits = false
    var opensTCP = false
    var hasExternalUnixSockets = false
    var hasTerminal = false
    var hasFileLocks = false
    /// Kinds of namespaces whose contents are left out.
    var emptyNamespaces: [Text] = []

    /// The words for the OCI runtime.
    func words(_ id: Text) -> [Text] {
        var words: [Text] = ["checkpoint", "--image-path", imagePath, "--work-path", workPath]
        if !parentPath.isEmpty { words += ["--parent-path", parentPath] }
        if opensTCP { words.append("--tcp-established") }
        if hasExternalUnixSockets { words.append("--ext-unix-sk") }
        if hasTerminal { words.append("--shell-job") }
        if hasFileLocks { words.append("--file-locks") }
        for namespace in emptyNamespaces { words += ["--empty-ns", namespace] }
        if !exits { words.append("--leave-running") }
        words.append(id)
        return words
    }

    /// Looks at the type URL of Checkpoint's options. Clients of containerd 1.x have another name for the same message.
    static func check(typeURL: Text) -> RPCError? {
        let name = typeURL.lastIndex(of: 0x2f).map { typeURL.dropFirst($0 + 1) } ?? typeURL
        switch name {
        case "", "containerd.runc.v1.CheckpointOptions", "containerd.linux.runc.CheckpointOptions": return nil
        default: return RPCError(.unknown, "type with url \(typeURL): not found")
        }
    }
}

/// How a container is made from files that a checkpoint wrote.
struct RestoreArguments: Equatable {
    var imagePath: Text
    var parentPath: Text = ""

    /// The words for the OCI runtime.
    func words(
        _ id: Text, bundle: Text, pidFile: Text, options: RuntimeOptions, consoleSocket: Text?
    ) -> [Text] {
        let workPath = options.criuWorkPath.isEmpty ? bundle.appending(component: "work") : options.criuWorkPath
        var words: [Text] = ["restore", "--image-path", imagePath, "--work-path", workPath]
        if !parentPath.isEmpty { words += ["--parent-path", parentPath] }
        words += ["--detach", "--pid-file", pidFile]
        if let consoleSocket { words += ["--console-socket", consoleSocket] }
        if options.noPivotRoot { words.append("--no-pivot") }
        // Ours is the subreaper that the restored processes come to.
        words += ["-no-subreaper", "--bundle", bundle, id]
        return words
    }
}
