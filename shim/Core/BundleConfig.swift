/// The few things that a shim must know of a bundle's `config.json`.
struct BundleConfig: Equatable {
    /// Shims are shared by containers of one group: a pod, or whatever the annotation names.
    var group: Text?
    /// True if the container has a pid namespace of its own, so that the kernel kills everything with its init.
    var hasPrivatePIDNamespace = false

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
