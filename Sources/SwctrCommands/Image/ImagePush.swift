import SwctrArguments
import SwctrClient
import SwctrCore
import SwctrProto
import SwctrWire

struct ImagePush: ClientCommand {
    static let configuration = CommandConfiguration(
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

    @Option("--platform", valueName: "os/arch", help: "Push this platform's manifest instead of the index.")
    var platform: String?

    @Option("--manifest", valueName: "digest", help: "Push this manifest, by digest, instead of an image's.")
    var manifest: String?

    @Option("--manifest-type", valueName: "type", help: "Media type of that manifest.")
    var manifestType = "application/vnd.oci.image.manifest.v1+json"

    @Option("--max-concurrent-uploaded-layers", valueName: "number", help: "Layers at a time.")
    var maxConcurrentUploadedLayers: UInt32 = 3

    @Flag("--allow-non-distributable-blobs", help: "Also push layers that their maker lets nobody pass on.")
    var allowNonDistributableBlobs = false

    @OptionGroup(title: "Progress")
    var progress: ProgressFlags

    @OptionGroup(title: "Global options")
    var global: GlobalOptions

    @Argument("remote", help: "Name that it gets in the registry.")
    var remote: String

    @Argument("local", help: "Name of the image here (default: the same).", completion: .images)
    var local: String?

    var action: Action { Action("push", remote) }

    func validate() throws(ValidationError) {
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
