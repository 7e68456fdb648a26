import SwctrArguments
import SwctrClient
import SwctrCore
import SwctrProto
import SwctrWire

struct ImageInspect: ClientCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show what an image is made of, as a tree")

    @Flag("--content", help: "Also show the documents.")
    var content = false

    @OptionGroup(title: "Global options")
    var global: GlobalOptions

    @Argument("name", help: "Name of the image.", completion: .images)
    var name: String

    var action: Action { Action("inspect image", name) }

    func execute() throws(EngineError) -> Int32 {
        let client = try global.connect()
        var request = Swctr_V1_GetImageRequest()
        request.name = name
        let answer: Swctr_V1_GetImageResponse = try client.call(ServiceName.images, "Get", request)
        let target = answer.image.target
        emit(answer.image.name)
        let node = Node(mediaType: target.mediaType, digest: target.digest, size: target.size, platform: nil)
        try show(node, prefix: "", isLast: true, depth: 0, client)
        return 0
    }

    private struct Node {
        var mediaType: String
        var digest: String
        var size: Int64
        var platform: String?

        init(mediaType: String, digest: String, size: Int64, platform: String?) {
            self.mediaType = mediaType
            self.digest = digest
            self.size = size
            self.platform = platform
        }

        init?(_ json: JSONValue?) {
            guard let json, let digest = json["digest"]?.text else { return nil }
            self.digest = digest
            mediaType = json["mediaType"]?.text ?? "-"
            size = json["size"]?.number ?? 0
            let platform = json["platform"]
            let parts = ["os", "architecture", "variant"].compactMap { platform?[$0]?.text }.filter { !$0.isEmpty }
            self.platform = parts.isEmpty ? nil : parts.joined(separator: "/")
        }
    }

    private func show(
        _ node: Node, prefix: String, isLast: Bool, depth: Int, _ client: Client
    ) throws(EngineError) {
        let platform = node.platform.map { " \($0)" } ?? ""
        emit("\(prefix)\(isLast ? "└──" : "├──")\(node.mediaType) @\(node.digest) (\(node.size) bytes)\(platform)")
        let inner = prefix + (isLast ? "    " : "│   ")
        let type = node.mediaType
        let isDocument = type.hasSuffix("+json") || type.hasSuffix("/json")
        guard isDocument, depth < 8 else { return }
        let document: JSONValue
        do throws(EngineError) {
            document = try Blob.json(node.digest, client)
        } catch {
            // Of other platforms there may be no more than the index says.
            emit("\(inner)(\(error.code == .notFound ? "not here" : error.message))")
            return
        }
        if content {
            emit("\(inner)┌──────── Content")
            for line in document.formatted().split(separator: "\n") { emit("\(inner)│\(line)") }
            emit("\(inner)└────────")
        }
        let children = ([document["config"]] + (document["layers"]?.list ?? []) + (document["manifests"]?.list ?? []))
            .compactMap { Node($0) }
        for (index, child) in children.enumerated() {
            try show(child, prefix: inner, isLast: index == children.count - 1, depth: depth + 1, client)
        }
    }
}

struct ImageHistory: ClientCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show the steps that an image was built in, the latest first")

    @Option("--platform", valueName: "os/arch", help: "Platform (default: the image's first that is here).")
    var platform: String?

    @OptionGroup(title: "Global options")
    var global: GlobalOptions

    @Argument("name", help: "Name of the image.", completion: .images)
    var name: String

    var action: Action { Action("history of image", name) }

    func execute() throws(EngineError) -> Int32 {
        let client = try global.connect()
        var request = Swctr_V1_GetImageRequest()
        request.name = name
        let answer: Swctr_V1_GetImageResponse = try client.call(ServiceName.images, "Get", request)
        let manifest = try manifest(of: try Blob.json(answer.image.target.digest, client), client)
        guard let config = manifest["config"]?["digest"]?.text else {
            throw EngineError(.invalidArgument, subject: "image \"\(name)\"", message: "has no configuration")
        }
        let sizes = (manifest["layers"]?.list ?? []).map { $0["size"]?.number ?? 0 }
        var table = Table(["CREATED", "SIZE", "CREATED BY", "COMMENT"], gap: 2)
        var layer = 0
        var rows: [[String]] = []
        for step in try Blob.json(config, client)["history"]?.list ?? [] {
            var size = "0 B"
            if step["empty_layer"] != .bool(true) {
                if layer < sizes.count { size = Wording.bytes(sizes[layer]) }
                layer += 1
            }
            rows.append([
                step["created"]?.text ?? "-", size, step["created_by"]?.text ?? "-", step["comment"]?.text ?? "",
            ])
        }
        for row in rows.reversed() { table.add(row) }
        table.print()
        return 0
    }

    private func manifest(of document: JSONValue, _ client: Client) throws(EngineError) -> JSONValue {
        guard let children = document["manifests"]?.list else { return document }
        for child in children {
            guard let digest = child["digest"]?.text, child["platform"]?["os"]?.text != "unknown" else { continue }
            if let platform {
                let parts = ["os", "architecture", "variant"].compactMap { child["platform"]?[$0]?.text }
                if parts.filter({ !$0.isEmpty }).joined(separator: "/") != platform { continue }
            }
            do throws(EngineError) { return try Blob.json(digest, client) } catch {
                if error.code != .notFound { throw error }
            }
        }
        throw EngineError(
            .notFound, subject: "image \"\(name)\"", message: "not found for that platform",
            hint: "images inspect shows what is here")
    }
}

struct ImageReferrers: ClientCommand {
    static let configuration = CommandConfiguration(
        abstract: "List what a registry has that refers to an image, signatures for one")

    @OptionGroup(title: "Registry")
    var registry: RegistryFlags

    @Option("--artifact-type", valueName: "type", help: "Only artifacts of this type.")
    var artifactType: String?

    @OptionGroup(title: "Global options")
    var global: GlobalOptions

    @Argument("reference", help: "Reference.")
    var reference: String

    var action: Action { Action("referrers of", reference) }

    func execute() throws(EngineError) -> Int32 {
        var request = Swctr_V1_ReferrersRequest()
        request.reference = reference
        request.registry = try registry.message(for: reference)
        request.artifactType = artifactType ?? ""
        let answer: Swctr_V1_ReferrersResponse = try global.connect().call(ServiceName.images, "Referrers", request)
        var table = Table(["DIGEST", "ARTIFACT", "SIZE", "ANNOTATIONS"])
        for referrer in answer.referrers {
            table.add([
                referrer.descriptor.digest, referrer.artifactType.isEmpty ? "-" : referrer.artifactType,
                Wording.bytes(referrer.descriptor.size), Wording.labels(referrer.annotations),
            ])
        }
        table.print()
        return 0
    }
}
