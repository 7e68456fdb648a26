import SwctrArguments
import SwctrClient
import SwctrCore
import SwctrProto
import SwctrWire

struct ContentFetch: ClientCommand {
    static let configuration = CommandConfiguration(
        abstract: "Fetch all content of an image from a registry, without unpacking it",
        discussion: "The image gets its name. Prints it.")

    @OptionGroup(title: "Registry")
    var registry: RegistryFlags

    @OptionGroup(title: "What is fetched")
    var selection: PlatformFlags

    @Flag("--skip-metadata", help: "Leave out manifests and configurations of other platforms.")
    var skipMetadata = false

    @Flag("--metadata-only", help: "Fetch manifests and configurations only.")
    var metadataOnly = false

    @Option("--label", valueName: "key=value", help: "Label of the image; may be repeated.")
    var label: [String] = []

    @OptionGroup(title: "Progress")
    var progress: ProgressFlags

    @OptionGroup(title: "Global options")
    var global: GlobalOptions

    @Argument("reference", help: "Reference.")
    var reference: String

    var action: Action { Action("fetch", reference) }

    func validate() throws(ValidationError) {
        if skipMetadata, metadataOnly {
            throw ValidationError("--skip-metadata and --metadata-only contradict each other")
        }
    }

    func execute() throws(EngineError) -> Int32 {
        var request = Swctr_V1_PullRequest()
        request.reference = reference
        request.registry = try registry.message(for: reference)
        request.noUnpack = true
        request.platforms = selection.platform
        request.allPlatforms = selection.allPlatforms
        request.skipMetadata = skipMetadata
        request.metadataOnly = metadataOnly
        request.labels = try Wording.labels(label)
        _ = try Transfers.pull(request, try global.connect(), progress)
        return 0
    }
}

struct ContentFetchObject: ClientCommand {
    static let configuration = CommandConfiguration(
        abstract: "Write the document that a reference stands for to standard output",
        discussion: "Nothing is stored.")

    @OptionGroup(title: "Registry")
    var registry: RegistryFlags

    @OptionGroup(title: "Global options")
    var global: GlobalOptions

    @Argument("reference", help: "Reference.")
    var reference: String

    var action: Action { Action("fetch", reference) }

    func execute() throws(EngineError) -> Int32 {
        try fetch(nil, reference, try registry.message(for: reference), try global.connect())
        return 0
    }
}

struct ContentFetchBlob: ClientCommand {
    static let configuration = CommandConfiguration(
        abstract: "Write blobs of a repository to standard output",
        discussion: "Nothing is stored.")

    @OptionGroup(title: "Registry")
    var registry: RegistryFlags

    @OptionGroup(title: "Global options")
    var global: GlobalOptions

    @Argument("reference", help: "Reference; only its repository matters.")
    var reference: String

    @Argument("digest", help: "Digests.")
    var digests: [String]

    var action: Action { Action("fetch", reference) }

    func execute() throws(EngineError) -> Int32 {
        let options = try registry.message(for: reference)
        let client = try global.connect()
        for digest in digests { try fetch(try Digest(digest), reference, options, client) }
        return 0
    }
}

private func fetch(
    _ digest: Digest?, _ reference: String, _ options: Swctr_V1_RegistryOptions, _ client: Client
) throws(EngineError) {
    var request = Swctr_V1_FetchRemoteRequest()
    request.reference = reference
    request.registry = options
    request.digest = digest?.description ?? ""
    try client.stream(ServiceName.content, "FetchRemote", request, returning: Swctr_V1_ReadContentResponse.self) {
        part throws(EngineError) in try emit([UInt8](part.data))
    }
}

struct ContentPushObject: ClientCommand {
    static let configuration = CommandConfiguration(
        abstract: "Push one blob or document to a repository",
        discussion: "Prints its digest.")

    @OptionGroup(title: "Registry")
    var registry: RegistryFlags

    @OptionGroup(title: "Global options")
    var global: GlobalOptions

    @Argument("reference", help: "Reference; of a document, its tag is set.")
    var reference: String

    @Argument("digest", help: "Digest, sha256:….")
    var digest: String

    @Argument("type", help: "Media type.")
    var type: String

    var action: Action { Action("push", digest) }

    func execute() throws(EngineError) -> Int32 {
        var request = Swctr_V1_PushObjectRequest()
        request.reference = reference
        request.registry = try registry.message(for: reference)
        request.digest = try Digest(digest).description
        request.mediaType = type
        _ = try global.connect().call(
            ServiceName.content, "PushObject", request, returning: Swctr_V1_PushObjectResponse.self)
        emit(digest)
        return 0
    }
}
