import SwctrArguments
import SwctrClient
import SwctrCore
import SwctrProto
import SwctrWire

struct ImagePull: ClientCommand {
    static let configuration = CommandConfiguration(
        abstract: "Pull an image from a registry",
        discussion: """
            Layers come several at a time and are unpacked while they come. What was cut off goes on where it was the \
            next time. Prints the image's name.

            Examples:
              swctr images pull busybox
              swctr images pull --all-platforms registry.example.com/app:1.2
              swctr images pull --plain-http --user me 10.0.0.5:5000/app@sha256:…
            """)

    @OptionGroup(title: "Registry")
    var registry: RegistryFlags

    @OptionGroup(title: "What is pulled")
    var selection: PlatformFlags

    @Flag("--skip-metadata", help: "Leave out manifests and configurations of other platforms.")
    var skipMetadata = false

    @Flag("--no-unpack", help: "Store the image without unpacking it.")
    var noUnpack = false

    @Flag("--print-chainid", help: "Also print the chain ID of the unpacked image.")
    var printChainID = false

    @Option("--max-concurrent-downloads", valueName: "number", help: "Layers at a time.")
    var maxConcurrentDownloads: UInt32 = 3

    @Option("--label", valueName: "key=value", help: "Label of the image; may be repeated.")
    var label: [String] = []

    @Option("--snapshotter", valueName: "name", help: "Snapshotter (default: $SWCTR_SNAPSHOTTER, else the manager's).")
    var snapshotter: String?

    @Flag("--sync-fs", help: "Have the files on the disk when it returns; they always are.")
    var syncFs = false

    @OptionGroup(title: "Progress")
    var progress: ProgressFlags

    @OptionGroup(title: "Global options")
    var global: GlobalOptions

    @Argument(
        "reference", help: "Reference: host/path:tag or host/path@digest; short names are completed as Docker does it.")
    var reference: String

    var action: Action { Action("pull", reference) }

    func validate() throws(ValidationError) {
        if noUnpack, printChainID { throw ValidationError("--print-chainid and --no-unpack contradict each other") }
    }

    func execute() throws(EngineError) -> Int32 {
        var request = Swctr_V1_PullRequest()
        request.reference = reference
        request.registry = try registry.message(for: reference)
        request.snapshotter = snapshotter ?? environment("SWCTR_SNAPSHOTTER") ?? ""
        request.noUnpack = noUnpack
        request.platforms = selection.platform
        request.allPlatforms = selection.allPlatforms
        request.skipMetadata = skipMetadata
        request.maxConcurrentDownloads = maxConcurrentDownloads
        request.labels = try Wording.labels(label)
        let client = try global.connect()
        let image = try Transfers.pull(request, client, progress)
        if printChainID {
            var unpack = Swctr_V1_UnpackSnapshotRequest()
            unpack.snapshotter = request.snapshotter
            unpack.digest = image.target.digest
            let answer: Swctr_V1_UnpackSnapshotResponse = try client.call(ServiceName.snapshots, "Unpack", unpack)
            emit("image chain ID: \(answer.chainID)")
        }
        return 0
    }
}

/// Which of an index's images are meant.
struct PlatformFlags: ParsableArguments {
    @Option("--platform", valueName: "os/arch", help: "Platform; may be repeated (default: the host's).")
    var platform: [String] = []

    @Flag("--all-platforms", help: "All platforms.")
    var allPlatforms = false

    func validate() throws(ValidationError) {
        if allPlatforms, !platform.isEmpty {
            throw ValidationError("--all-platforms and --platform contradict each other")
        }
    }
}

struct ProgressFlags: ParsableArguments {
    @Option(
        "--progress", valueName: "style",
        help: "Progress as auto, tree, plain, json or none; auto is a tree on a terminal, lines otherwise.")
    var progress = ProgressStyle.auto

    @Flag("-q", "--quiet", help: "Show no progress, and print the digest only.")
    var quiet = false

    var style: ProgressStyle { quiet ? .none : progress }
}

/// Calls that bring things to or from registries.
enum Transfers {
    /// Pulls, shows how it goes, prints what came of it.
    static func pull(
        _ request: Swctr_V1_PullRequest, _ client: Client, _ progress: ProgressFlags
    ) throws(EngineError) -> Swctr_V1_Image {
        let view = TransferView(title: request.reference, style: progress.style)
        var image = Swctr_V1_Image()
        try client.stream(ServiceName.images, "Pull", request, returning: Swctr_V1_TransferEvent.self) {
            event throws(EngineError) in
            switch event.event {
            case .progress(let transfer): view.show(transfer)
            case .trace(let line): view.trace(line)
            case .image(let pulled): image = pulled
            case .pushed, nil: break
            }
            return true
        }
        view.finish()
        if progress.style == .json {
            emit(Wording.json(image).compact)
        } else {
            emit(progress.quiet ? image.target.digest : image.name)
        }
        return image
    }
}
