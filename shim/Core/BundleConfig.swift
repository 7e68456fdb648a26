/// The few things that a shim must know of a bundle's `config.json`.
struct BundleConfig: Equatable {
    /// Shims are shared by containers of one group: a pod, or whatever the annotation names.
    var group: Text?
    /// True if the container has a pid namespace of its own, so that the kernel kills everything with its init.
    var hasPrivatePIDNamespace = false
    /// Where the runtime is told to count the container's resources: a path, or systemd's `slice:prefix:name`.
    var cgroupsPath: Text = ""

    /// Reads the document. What cannot be read counts as absent: no group, no private namespace.
    init(_ json: Text) {
        var scanner = JSONScanner(json)
        var sandbox: Text?
        do throws(JSONError) {
            try scanner.enterObject()
            while let key = try scanner.nextKey() {
                if key == "annotations", scanner.peek() == 0x7b {
                    try scanner.enterObject()
                    while let name = try scanner.nextKey() {
                        if name == "io.containerd.runc.v2.group" {
                            group = try scanner.string()
                        } else if name == "io.kubernetes.cri.sandbox-id" {
                            sandbox = try scanner.string()
                        } else {
                            try scanner.skipValue()
                        }
                    }
                } else if key == "linux", scanner.peek() == 0x7b {
                    try scanner.enterObject()
                    while let name = try scanner.nextKey() {
                        if name == "namespaces", scanner.peek() == 0x5b {
                            try readNamespaces(&scanner)
                        } else if name == "cgroupsPath", scanner.peek() == 0x22 {
                            cgroupsPath = try scanner.string()
                        } else {
                            try scanner.skipValue()
                        }
                    }
                } else {
                    try scanner.skipValue()
                }
            }
        } catch {
            hasPrivatePIDNamespace = false
        }
        group = group ?? sandbox
    }

    private mutating func readNamespaces(_ scanner: inout JSONScanner) throws(JSONError) {
        try scanner.enterArray()
        while try scanner.nextElement() {
            var type: Text = ""
            var path: Text = ""
            try scanner.enterObject()
            while let key = try scanner.nextKey() {
                if key == "type" {
                    type = try scanner.string()
                } else if key == "path" {
                    path = try scanner.string()
                } else {
                    try scanner.skipValue()
                }
            }
            if type == "pid" { hasPrivatePIDNamespace = path.isEmpty }
        }
    }
}

extension BundleConfig {
    /// True if the path is one that only systemd understands.
    var isForSystemd: Bool { cgroupsPath.split(0x3a).count == 3 }

    /// The group that is certainly this container's alone, because it bears the container's name; nil if there is none.
    func ownCgroup(of id: Text) -> Text? {
        if !cgroupsPath.contains(":") {
            // A relative one is below a group that the runtime chooses.
            let path = ShimAddress.join([cgroupsPath])
            return path.hasPrefix("/") && path.hasSuffix("/" + id) ? path : nil
        }
        let parts = cgroupsPath.split(0x3a)
        guard parts.count == 3, parts[2] == id else { return nil }
        let slice: Text = parts[0].isEmpty ? "system.slice" : parts[0]
        guard slice.hasSuffix(".slice"), !slice.contains("/") else { return nil }
        // systemd nests slices by the dashes of their names: a-b.slice is in a.slice.
        var path: Text = "/"
        var name: Text = ""
        for part in slice.prefix(slice.count - 6).split(0x2d) where !part.isEmpty {
            name = name.isEmpty ? part : name + "-" + part
            path = path.appending(component: name + ".slice")
        }
        return path.appending(component: (parts[1].isEmpty ? id : parts[1] + "-" + id) + ".scope")
    }
}
