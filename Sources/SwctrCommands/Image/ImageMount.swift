import SwctrArguments
import Glibc
import SwctrClient
import SwctrCore
import SwctrLinux
import SwctrProto
import SwctrWire

struct ImageMount: ClientCommand {
    static let configuration = CommandConfiguration(
        abstract: "Mount an image at a directory",
        discussion: """
            The image is unpacked if it is not. A lease named after the directory keeps the snapshot until it expires or \
            'images unmount --rm' ends it. Prints the chain ID and the directory.
            """)

    @Flag("--rw", help: "Mount it writable; what is written is not part of the image.")
    var writable = false

    @Option("--platform", valueName: "os/arch", help: "Platform (default: the host's).")
    var platform: String?

    @Option("-x", "--expiration", valueName: "time", help: "How long the snapshot is kept; 0: for ever.")
    var expiration = TimeArgument(duration: .seconds(3600))

    @Option("--label", valueName: "key=value", help: "Label of the lease; may be repeated.")
    var label: [String] = []

    @Option("--snapshotter", valueName: "name", help: "Snapshotter (default: $SWCTR_SNAPSHOTTER, else the manager's).")
    var snapshotter: String?

    @Flag("--sync-fs", help: "Have the files on the disk when it returns; they always are.")
    var syncFs = false

    @OptionGroup(title: "Global options")
    var global: GlobalOptions

    @Argument("name", help: "Name of the image.", completion: .images)
    var name: String

    @Argument("target", help: "Directory.")
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
    static let configuration = CommandConfiguration(
        abstract: "Unmount an image from a directory")

    @Flag("--rm", help: "Also remove the snapshot and its lease.")
    var rm = false

    @Option("--snapshotter", valueName: "name", help: "Snapshotter (default: $SWCTR_SNAPSHOTTER, else the manager's).")
    var snapshotter: String?

    @OptionGroup(title: "Global options")
    var global: GlobalOptions

    @Argument("target", help: "Directory.")
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
