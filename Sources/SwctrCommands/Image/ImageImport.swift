import SwctrArguments
import Glibc
import SwctrClient
import SwctrCore
import SwctrLinux
import SwctrProto
import SwctrWire

struct ImageImport: ClientCommand {
    static let configuration = CommandConfiguration(
        abstract: "Import images from an OCI layout, an OCI archive or a docker-save archive",
        discussion: """
            Prints the name of each image that is then here.

            Examples:
              swctr images import busybox.tar
              swctr images import --base-name example.com/app ./oci-layout
              skopeo copy docker-archive:app.tar oci-archive:/dev/stdout:app | swctr images import -
            """)

    @Option(
        "--base-name", valueName: "name",
        help: "Name images that carry only a tag NAME:TAG, and leave out those of other names.")
    var baseName: String?

    @Flag("--digests", help: "Also name each image BASE@DIGEST.")
    var digests = false

    @Option("--index-name", valueName: "name", help: "Name for the archive's index itself.")
    var indexName: String?

    @Flag("--no-unpack", help: "Store the images without unpacking them.")
    var noUnpack = false

    @Flag("--all-platforms", help: "Keep the content of all platforms.")
    var allPlatforms = false

    @Option("--platform", valueName: "os/arch", help: "Platform to keep (default: the host's).")
    var platform: String?

    @Option("--snapshotter", valueName: "name", help: "Snapshotter (default: $SWCTR_SNAPSHOTTER, else the manager's).")
    var snapshotter: String?

    @OptionGroup(title: "Global options")
    var global: GlobalOptions

    @Argument("source", help: "Archive, folder in OCI layout, or - for standard input.")
    var source: String

    var action: Action { Action("import", source == "-" ? "standard input" : source) }

    func validate() throws(ValidationError) {
        if allPlatforms, platform != nil {
            throw ValidationError("--all-platforms and --platform contradict each other")
        }
    }

    func execute() throws(EngineError) -> Int32 {
        // Before the manager is asked: a file that is not there is a mistake that costs nothing.
        let archive = try ArchiveChunk.source(source)
        let client = try global.connect()
        var first: Swctr_V1_ImportRequest? = Swctr_V1_ImportRequest()
        first?.options = options
        let progress = ImportProgressLine()
        try client.exchange(
            ServiceName.images, "Import", returning: Swctr_V1_ImportResponse.self,
            next: { () throws(EngineError) -> Swctr_V1_ImportRequest? in
                if let options = first {
                    first = nil
                    return options
                }
                guard let bytes = try archive.next() else { return nil }
                var request = Swctr_V1_ImportRequest()
                request.data = collection(of: bytes)
                return request
            },
            each: { response throws(EngineError) in
                switch response.event {
                case .image(let image):
                    progress.clear()
                    emit(image.name)
                case .progress(let step): progress.show(step)
                case nil: break
                }
            })
        progress.clear()
        return 0
    }

    private var options: Swctr_V1_ImportOptions {
        var options = Swctr_V1_ImportOptions()
        options.snapshotter = snapshotter ?? environment("SWCTR_SNAPSHOTTER") ?? ""
        options.noUnpack = noUnpack
        options.baseName = baseName ?? ""
        options.digests = digests
        options.indexName = indexName ?? ""
        options.allPlatforms = allPlatforms
        options.platform = platform ?? ""
        return options
    }
}

/// One line on a terminal that changes as the import goes on; nothing where stderr is none.
private final class ImportProgressLine {
    private let isShown = Terminal.isTerminal(STDERR_FILENO)
    private var isDrawn = false

    func show(_ step: Swctr_V1_ImportProgress) {
        guard isShown else { return }
        let total = step.total > 0 ? " of \(Wording.bytes(step.total))" : ""
        draw("\(step.phase) \(step.digest.prefix(19)) \(Wording.bytes(step.done))\(total)")
        isDrawn = true
    }

    func clear() {
        if isDrawn { draw("") }
        isDrawn = false
    }
}
