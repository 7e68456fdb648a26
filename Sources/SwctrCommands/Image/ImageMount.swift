import ArgumentParser
import Glibc
import SwctrClient
import SwctrCore
import SwctrLinux
import SwctrProto
import SwctrWire

struct ImageMount: ClientCommand {
    static let configuration = CommandConfiguration.command(
        "mount", in: "images",
        abstract: "Mount an image at a directory",
        discussion: """
            The image is unpacked if it is not. A lease named after the directory keeps the snapshot until it expires or \
            'images unmount --rm' ends it. Prints the chain ID and the directory.
            """)

    @Flag(name: .customLong("rw"), help: "Mount it writable; what is written is not part of the image.")
    var writable = false

    @Option(help: ArgumentHelp("Platform (default: the host's).", valueName: "os/arch"))
    var platform: String?

    @Option(
        name: [.customShort("x"), .long],
        help: ArgumentHelp("How long the snapshot is kept; 0: for ever.", valueName: "time"))
    var expiration = TimeArgument(duration: .seconds(3600))

    @Option(help: ArgumentHelp("Label of the lease; may be repeated.", valueName: "key=value"))
    var label: [String] = []

    @Option(help: ArgumentHelp("Snapshotter (default: $SWCTR_SNAPSHOTTER, else the manager's).", valueName: "name"))
    var snapshotter: String?

    @Flag(help: "Have the files on the disk when it returns; they always are.")
    var syncFs = false

    @OptionGroup(title: "Global options")
    var global: GlobalOptions

    @Argument(help: "Name of the image.")
    var name: String

    @Argument(help: "Directory.")
    var target: String

    var action: Action { Action("mount image", name) }

    func execute() throws(EngineError) -> Int32 {
        let path = try RegistryFlags.absolute(target)
        let client = try global.connect()
        var request = Swctr_V1_MountImageRequest()
        request.name = name
        request.target = path
        request.writable = writable
        request.platform = platform ?? ""
        request.snapshotter = snapshotter ?? environment("SWCTR_SNAPSHOTTER") ?? ""
        request.expiresAfter = expiration.duration.components.seconds
        request.labels = try Wording.labels(label)
        let answer: Swctr_V1_MountImageResponse = try client.call(ServiceName.images, "Mount", request)
        do throws(EngineError) {
            for mount in answer.mounts { try MountCommand(mount).mount(at: path) }
        } catch {
            var undo = Swctr_V1_UnmountImageRequest()
            undo.target = path
            undo.snapshotter = request.snapshotter
            // The mount's own failure is the one to tell of.
            _ = try? client.call(ServiceName.images, "Unmount", undo, returning: Swctr_V1_UnmountImageResponse.self)
            throw error
        }
        emit(answer.chainID)
        emit(path)
        return 0
    }
}

struct ImageUnmount: ClientCommand {
    static let configuration = CommandConfiguration.command(
        "unmount", in: "images",
        abstract: "Unmount an image from a directory")

    @Flag(help: "Also remove the snapshot and its lease.")
    var rm = false

    @Option(help: ArgumentHelp("Snapshotter (default: $SWCTR_SNAPSHOTTER, else the manager's).", valueName: "name"))
    var snapshotter: String?

    @OptionGroup(title: "Global options")
    var global: GlobalOptions

    @Argument(help: "Directory.")
    var target: String

    var action: Action { Action("unmount", target) }

    func execute() throws(EngineError) -> Int32 {
        let path = try RegistryFlags.absolute(target)
        if umount2(path, UMOUNT_NOFOLLOW) != 0, errno != EINVAL || !rm { throw .system("unmount", subject: path) }
        if rm {
            var request = Swctr_V1_UnmountImageRequest()
            request.target = path
            request.snapshotter = snapshotter ?? environment("SWCTR_SNAPSHOTTER") ?? ""
            _ = try global.connect().call(
                ServiceName.images, "Unmount", request, returning: Swctr_V1_UnmountImageResponse.self)
        }
        emit(path)
        return 0
    }

    /// A link is not what was mounted on.
    private var UMOUNT_NOFOLLOW: Int32 { 8 }
}
