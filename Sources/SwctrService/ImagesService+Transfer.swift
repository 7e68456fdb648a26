import Foundation
import SwctrCore
import SwctrImages
import SwctrMetadata
import SwctrOCI
import SwctrProto
import SwctrRPC
import SwctrRegistry
import SwctrWire
import SwiftProtobuf

extension ImagesService {
    func registerTransfers(on router: inout RPCRouter) {
        router.serverStream(ServiceName.images, "Pull") {
            (wire: Swctr_V1_PullRequest, responder: RPCResponder<Swctr_V1_TransferEvent>, context) in
            let board = TransferBoard()
            let request = try pullRequest(wire, board)
            let record = try await images.pull(try context.namespace, request, board: board) { board in
                try await Self.report(board, to: responder)
            }
            try await responder.send(.with { $0.image = message(record) })
        }
        router.serverStream(ServiceName.images, "Push") {
            (wire: Swctr_V1_PushRequest, responder: RPCResponder<Swctr_V1_TransferEvent>, context) in
            let namespace = try context.namespace
            let board = TransferBoard()
            let request = try pushRequest(wire, board)
            let pushed = try await withThrowingTaskGroup(of: Descriptor?.self) { group in
                group.addTask { try await images.push(namespace, request, board: board) }
                group.addTask {
                    try await Self.report(board, to: responder)
                    return nil
                }
                var pushed: Descriptor?
                for try await result in group { pushed = result ?? pushed }
                return pushed
            }
            if let pushed { try await responder.send(.with { $0.pushed = Swctr_V1_Descriptor(pushed) }) }
        }
        router.unary(ServiceName.images, "Login") {
            (wire: Swctr_V1_LoginRequest, _) -> Swctr_V1_LoginResponse in
            try await ImageStore.login(wire.server, try registries.options(wire.registry))
            return Swctr_V1_LoginResponse()
        }
        router.unary(ServiceName.images, "Referrers") {
            (wire: Swctr_V1_ReferrersRequest, _) -> Swctr_V1_ReferrersResponse in
            let index = try await ImageStore.referrers(
                to: try Reference(normalizing: wire.reference), artifactType: wire.artifactType,
                try registries.options(wire.registry))
            return .with { $0.referrers = index.manifests.map(Swctr_V1_Referrer.init) }
        }
    }

    /// Sends what changes on the board until the transfer is over.
    private static func report(
        _ board: TransferBoard, to responder: RPCResponder<Swctr_V1_TransferEvent>
    ) async throws {
        var shown: [Digest: TransferStatus] = [:]
        var lines = 0
        func send() async throws {
            let news = board.read(linesFrom: lines)
            lines += news.lines.count
            for line in news.lines { try await responder.send(.with { $0.trace = line }) }
            for entry in news.entries where shown[entry.digest] != entry {
                shown[entry.digest] = entry
                try await responder.send(.with { $0.progress = Swctr_V1_Transfer(entry) })
            }
        }
        for await _ in board.changes() { try await send() }
        try Task.checkCancellation()
        try await send()
    }

    private func pullRequest(_ wire: Swctr_V1_PullRequest, _ board: TransferBoard) throws(EngineError) -> PullRequest {
        if wire.allPlatforms, !wire.platforms.isEmpty {
            throw EngineError(
                .invalidArgument, operation: "pull", message: "one platform and all platforms exclude each other")
        }
        var request = PullRequest(
            reference: try Reference(normalizing: wire.reference),
            registry: try registries.options(wire.registry, board: board),
            snapshotter: wire.snapshotter.isEmpty ? defaultSnapshotter : wire.snapshotter)
        request.unpacks = !wire.noUnpack && !wire.metadataOnly
        if wire.allPlatforms {
            request.platforms = []
        } else if !wire.platforms.isEmpty {
            request.platforms = try Self.platforms(wire.platforms)
        }
        request.allMetadata = !wire.skipMetadata
        request.metadataOnly = wire.metadataOnly
        request.concurrency = Int(wire.maxConcurrentDownloads)
        request.labels = wire.labels
        try LabelRule.check(wire.labels)
        return request
    }

    static func platforms(_ texts: [String]) throws(EngineError) -> [Platform] {
        var platforms: [Platform] = []
        for text in texts { platforms.append(try Platform(text)) }
        return platforms
    }

    private func pushRequest(_ wire: Swctr_V1_PushRequest, _ board: TransferBoard) throws(EngineError) -> PushRequest {
        let reference = try Reference(normalizing: wire.reference)
        var request = PushRequest(
            reference: reference, registry: try registries.options(wire.registry, board: board),
            image: wire.image.isEmpty ? reference.description : wire.image)
        if !wire.manifest.isEmpty {
            let digest = try Digest(wire.manifest)
            request.manifest = try images.describe(
                digest, mediaType: wire.manifestType.isEmpty ? .ociManifest : MediaType(wire.manifestType))
        }
        if !wire.platform.isEmpty { request.platform = try Platform(wire.platform) }
        request.concurrency = Int(wire.maxConcurrentUploads)
        request.allowsNonDistributable = wire.allowNonDistributable
        return request
    }
}

extension Swctr_V1_Descriptor {
    init(_ descriptor: Descriptor) {
        self.init()
        mediaType = descriptor.mediaType.rawValue
        digest = descriptor.digest.description
        size = descriptor.size
    }
}

extension Swctr_V1_Transfer {
    fileprivate init(_ status: TransferStatus) {
        self.init()
        kind = status.kind
        digest = status.digest.description
        phase = status.phase.rawValue
        offset = status.offset
        total = status.total
    }
}

extension Swctr_V1_Referrer {
    fileprivate init(_ manifest: Descriptor) {
        self.init()
        descriptor = Swctr_V1_Descriptor(manifest)
        artifactType = manifest.artifactType ?? ""
        annotations = manifest.annotations ?? [:]
    }
}
