import ArgumentParser
import SwctrClient
import SwctrCore
import SwctrProto
import SwctrWire

struct ImagePush: ClientCommand {
    static let configuration = CommandConfiguration.command(
        "push", in: "images",
        abstract: "Push an image to a registry",
        discussion: """
            What the registry has is left, what another of its repositories has is mounted, the rest is uploaded. \
            Prints the digest that the name stands for now.

            Examples:
              swctr images push registry.example.com/app:1.2
              swctr images push --plain-http localhost:5000/busybox:1 docker.io/library/busybox:latest
            """)

    @OptionGroup(title: "Registry")
    var registry: RegistryFlags

    @Option(help: ArgumentHelp("Push this platform's manifest instead of the index.", valueName: "os/arch"))
    var platform: String?

    @Option(help: ArgumentHelp("Push this manifest, by digest, instead of an image's.", valueName: "digest"))
    var manifest: String?

    @Option(help: ArgumentHelp("Media type of that manifest.", valueName: "type"))
    var manifestType = "application/vnd.oci.image.manifest.v1+json"

    @Option(help: ArgumentHelp("Layers at a time.", valueName: "number"))
    var maxConcurrentUploadedLayers: UInt32 = 3

    @Flag(help: "Also push layers that their maker lets nobody pass on.")
    var allowNonDistributableBlobs = false

    @OptionGroup(title: "Progress")
    var progress: ProgressFlags

    @OptionGroup(title: "Global options")
    var global: GlobalOptions

    @Argument(help: ArgumentHelp("Name that it gets in the registry.", valueName: "remote"))
    var remote: String

    @Argument(help: ArgumentHelp("Name of the image here (default: the same).", valueName: "local"))
    var local: String?

    var action: Action { Action("push", remote) }

    mutating func validate() throws {
        if manifest != nil, local != nil || platform != nil {
            throw ValidationError("--manifest contradicts --platform and a local name")
        }
    }

    func execute() throws(EngineError) -> Int32 {
        var request = Swctr_V1_PushRequest()
        request.reference = remote
        request.image = local ?? ""
        request.registry = try registry.message(for: remote)
        request.platform = platform ?? ""
        request.manifest = manifest ?? ""
        if manifest != nil { request.manifestType = manifestType }
        request.maxConcurrentUploads = maxConcurrentUploadedLayers
        request.allowNonDistributable = allowNonDistributableBlobs
        let view = TransferView(title: remote, style: progress.style)
        var pushed = Swctr_V1_Descriptor()
        try global.connect().stream(ServiceName.images, "Push", request, returning: Swctr_V1_TransferEvent.self) {
            event throws(EngineError) in
            switch event.event {
            case .progress(let transfer): view.show(transfer)
            case .trace(let line): view.trace(line)
            case .pushed(let descriptor): pushed = descriptor
            case .image, nil: break
            }
            return true
        }
        view.finish()
        emit(progress.style == .json ? Wording.json(pushed).compact : pushed.digest)
        return 0
    }
}
