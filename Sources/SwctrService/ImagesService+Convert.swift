import SwctrCore
import SwctrImages
import SwctrOCI
import SwctrProto
import SwctrRPC
import SwctrSnapshots
import SwctrWire
import SwiftProtobuf

extension ImagesService {
    func registerConversion(on router: inout RPCRouter) {
        router.unary(ServiceName.images, "Convert") {
            (request: Swctr_V1_ConvertImageRequest, context) -> Swctr_V1_ConvertImageResponse in
            var options = ConvertOptions(
                platforms: request.allPlatforms
                    ? [] : request.platforms.isEmpty ? [.host] : try Self.platforms(request.platforms))
            options.usesOCITypes = request.oci
            options.compression = try Self.compression(request.compression)
            let record = try await images.convert(
                try context.namespace, request.source, to: request.target, options)
            return .with { $0.image = message(record) }
        }
    }

    private static func compression(_ word: String) throws(EngineError) -> Decompressor.Format? {
        switch word {
        case "": return nil
        case "uncompressed": return Decompressor.Format.none
        case "gzip": return .gzip
        case "zstd": return .zstd
        default:
            throw EngineError(
                .invalidArgument, subject: "compression \"\(word)\"", message: "is none of uncompressed, gzip and zstd")
        }
    }
}
