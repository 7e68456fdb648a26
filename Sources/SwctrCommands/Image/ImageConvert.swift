import SwctrArguments
import SwctrClient
import SwctrCore
import SwctrProto
import SwctrWire

struct ImageConvert: ClientCommand {
    static let configuration = CommandConfiguration(
        abstract: "Make an image anew with other media types or another compression",
        discussion: """
            The files stay the same, and so do configuration and uncompressed layers. Prints the new digest.

            Examples:
              swctr images convert --oci app:1 registry.example.com/app:1-oci
              swctr images convert --compression zstd registry.example.com/app:1 registry.example.com/app:1-zstd
            """)

    @Flag("--uncompress", help: "Store layers uncompressed; short for --compression uncompressed.")
    var uncompress = false

    @Flag("--oci", help: "Use OCI's media types.")
    var oci = false

    @Option(
        "--compression", valueName: "format",
        help: "Compress layers as uncompressed, gzip or zstd (default: as they are).")
    var compression: LayerCompression?

    @OptionGroup(title: "What is converted")
    var selection: PlatformFlags

    @OptionGroup(title: "Global options")
    var global: GlobalOptions

    @Argument("source", help: "Name of the image.", completion: .images)
    var source: String

    @Argument("target", help: "Name of the new one.")
    var target: String

    enum LayerCompression: String, ExpressibleByArgument, CaseIterable { case uncompressed, gzip, zstd }

    var action: Action { Action("convert", source) }

    func validate() throws(ValidationError) {
        if uncompress, compression != nil, compression != .uncompressed {
            throw ValidationError("--uncompress and --compression contradict each other")
        }
    }

    func execute() throws(EngineError) -> Int32 {
        var request = Swctr_V1_ConvertImageRequest()
        request.source = source
        request.target = target
        request.oci = oci
        request.compression = (uncompress ? .uncompressed : compression)?.rawValue ?? ""
        request.platforms = selection.platform
        request.allPlatforms = selection.allPlatforms
        let answer: Swctr_V1_ConvertImageResponse = try global.connect().call(ServiceName.images, "Convert", request)
        emit(answer.image.target.digest)
        return 0
    }
}
