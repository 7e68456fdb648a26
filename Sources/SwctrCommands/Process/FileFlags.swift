import SwctrArguments
import SwctrCore
import SwctrProto

/// What the process finds in its file system.
struct FileFlags: ParsableArguments {
    @Option(
        "--mount", valueName: "mount", parsing: .unconditional,
        help: "Mount, such as type=bind,src=/srv,dst=/data,options=rbind:ro. May be repeated.")
    var mount: [String] = []

    @Flag("--read-only", help: "Make the root file system read-only.")
    var readOnly = false

    @Option(
        "--rootfs-propagation", valueName: "word",
        help: """
            How mounts travel between the container's root and the host's: private, slave, shared, unbindable, or one of \
            these with an r before it.
            """)
    var rootfsPropagation: String?

    @Option(
        "--device", valueName: "path", parsing: .unconditional,
        help: "Device of the host, a folder of them, or a CDI name vendor/class=name. May be repeated.")
    var device: [String] = []

    @Option("--gpus", valueName: "number", help: "GPU by its number, found through CDI. May be repeated.")
    var gpus: [UInt32] = []

    func fill(_ options: inout Swctr_V1_ContainerOptions) throws(EngineError) {
        for text in mount { options.mounts.append(try MountArgument.parse(text)) }
        options.readOnly = readOnly
        options.rootfsPropagation = rootfsPropagation ?? ""
        options.devices = device
        options.gpus = gpus
    }

    /// Flags that were given, by name.
    var given: [String] {
        names([
            ("--mount", !mount.isEmpty), ("--read-only", readOnly), ("--rootfs-propagation", rootfsPropagation != nil),
            ("--device", !device.isEmpty), ("--gpus", !gpus.isEmpty),
        ])
    }
}
