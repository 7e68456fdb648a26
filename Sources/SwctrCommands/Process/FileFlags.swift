import ArgumentParser
import SwctrCore
import SwctrProto

/// What the process finds in its file system.
struct FileFlags: ParsableArguments {
    @Option(
        parsing: .unconditionalSingleValue,
        help: ArgumentHelp(
            "Mount, such as type=bind,src=/srv,dst=/data,options=rbind:ro. May be repeated.", valueName: "mount"))
    var mount: [String] = []

    @Flag(help: "Make the root file system read-only.")
    var readOnly = false

    @Option(
        help: ArgumentHelp(
            """
            How mounts travel between the container's root and the host's: private, slave, shared, unbindable, or one of \
            these with an r before it.
            """,
            valueName: "word"))
    var rootfsPropagation: String?

    @Option(
        parsing: .unconditionalSingleValue,
        help: ArgumentHelp(
            "Device of the host, a folder of them, or a CDI name vendor/class=name. May be repeated.",
            valueName: "path"))
    var device: [String] = []

    @Option(help: ArgumentHelp("GPU by its number, found through CDI. May be repeated.", valueName: "number"))
    var gpus: [UInt32] = []

    static let valueOptions: Set<String> = ["--mount", "--rootfs-propagation", "--device", "--gpus"]

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
