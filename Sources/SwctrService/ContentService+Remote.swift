import Foundation
import SwctrCore
import SwctrImages
import SwctrOCI
import SwctrProto
import SwctrRPC
import SwctrWire
import SwiftProtobuf

extension ContentService {
    func registerRemote(on router: inout RPCRouter) {
        router.serverStream(ServiceName.content, "FetchRemote") {
            (request: Swctr_V1_FetchRemoteRequest, responder: RPCResponder<Swctr_V1_ReadContentResponse>, _) in
            let reference = try Reference(normalizing: request.reference)
            let digest = request.digest.isEmpty ? nil : try Digest(request.digest)
            let options = try registries.options(request.registry)
            // The manager's memory is not the place for a blob: the reader sets the pace.
            try await ImageStore.fetchRemote(reference, blob: digest, options) { bytes in
                for start in stride(from: 0, to: bytes.count, by: 1 << 20) {
                    let piece = Data(bytes[start..<min(start + 1 << 20, bytes.count)])
                    try await responder.send(.with { $0.data = piece })
                }
            }
        }
        router.unary(ServiceName.content, "PushObject") {
            (request: Swctr_V1_PushObjectRequest, context) -> Swctr_V1_PushObjectResponse in
            try await images.pushObject(
                try context.namespace, try Reference(normalizing: request.reference), try Digest(request.digest),
                mediaType: MediaType(request.mediaType), try registries.options(request.registry))
            return Swctr_V1_PushObjectResponse()
        }
    }
}
