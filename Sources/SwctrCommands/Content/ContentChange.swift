import SwctrArguments
import Glibc
import SwctrClient
import SwctrCore
import SwctrLinux
import SwctrProto
import SwctrWire

struct ContentIngest: ClientCommand {
    static let configuration = CommandConfiguration(
        abstract: "Store standard input as a blob",
        discussion: """
            The key names the write: what was cut off is completed by the same input under the same key. Give the blob \
            the label containerd.io/gc.root, or it goes with the next collection. Prints the digest.
            """)

    @Option("--expected-size", valueName: "bytes", help: "Size that it must have.")
    var expectedSize: Int64?

    @Option("--expected-digest", valueName: "digest", help: "Digest that it must have.")
    var expectedDigest: String?

    @Option("--label", valueName: "key=value", help: "Label of the blob; may be repeated.")
    var label: [String] = []

    @OptionGroup(title: "Global options")
    var global: GlobalOptions

    @Argument("key", help: "Key of the write.")
    var key: String

    var action: Action { Action("ingest", key) }

    func execute() throws(EngineError) -> Int32 {
        var options = Swctr_V1_IngestOptions()
        options.ref = key
        options.expectedSize = expectedSize ?? 0
        if let expectedDigest { options.expectedDigest = try Digest(expectedDigest).description }
        options.labels = try Wording.labels(label)
        let content = try Self.store(options, FileSource(STDIN_FILENO, path: "standard input"), try global.connect())
        emit(content.digest)
        return 0
    }

    static func store(
        _ options: Swctr_V1_IngestOptions, _ source: any ArchiveSource, _ client: Client
    ) throws(EngineError) -> Swctr_V1_ContentInfo {
        var first: Swctr_V1_IngestRequest? = Swctr_V1_IngestRequest()
        first?.options = options
        var content = Swctr_V1_ContentInfo()
        try client.exchange(
            ServiceName.content, "Ingest", returning: Swctr_V1_IngestResponse.self,
            next: { () throws(EngineError) -> Swctr_V1_IngestRequest? in
                if let options = first {
                    first = nil
                    return options
                }
                guard let bytes = try source.next() else { return nil }
                var request = Swctr_V1_IngestRequest()
                request.data = collection(of: bytes)
                return request
            }, each: { answer throws(EngineError) in content = answer.content })
        return content
    }
}

struct ContentLabel: ClientCommand {
    static let configuration = CommandConfiguration(
        abstract: "Set and clear labels of a blob",
        discussion: "KEY= clears a label. Prints all labels that it has then.")

    @OptionGroup(title: "Global options")
    var global: GlobalOptions

    @Argument("digest", help: "Digest, sha256:….")
    var digest: String

    @Argument("key=value", help: "Labels; none: print only.")
    var labels: [String] = []

    var action: Action { Action("label content", digest) }

    func execute() throws(EngineError) -> Int32 {
        var request = Swctr_V1_SetContentLabelsRequest()
        request.digest = try Digest(digest).description
        request.labels = try Wording.labels(labels)
        let answer: Swctr_V1_SetContentLabelsResponse = try global.connect().call(
            ServiceName.content, "SetLabels", request)
        emit(Wording.labels(answer.labels))
        return 0
    }
}

struct ContentEdit: ClientCommand {
    static let configuration = CommandConfiguration(
        abstract: "Edit a copy of a blob and store it",
        discussion: "Prints the digest of the new blob; the old one stays.")

    @Option("--editor", valueName: "program", help: "Program that is given the file (default: $EDITOR).")
    var editor: String?

    @OptionGroup(title: "Global options")
    var global: GlobalOptions

    @Argument("digest", help: "Digest, sha256:….")
    var digest: String

    var action: Action { Action("edit", digest) }

    func execute() throws(EngineError) -> Int32 {
        guard let program = editor ?? environment("EDITOR") else {
            throw EngineError(
                .invalidArgument, subject: "editor", message: "is not named", hint: "use --editor, or set EDITOR")
        }
        let client = try global.connect()
        let bytes = try Blob.bytes(try Digest(digest).description, client)
        var template = Array("\(environment("TMPDIR") ?? "/tmp")/swctr-edit-XXXXXX".utf8CString)
        let number = mkstemp(&template)
        let path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        if number < 0 { throw .system("create file", subject: path) }
        let file = OwnedFD(adopting: number)
        // The editor opens it by its name.
        _ = fcntl(number, F_SETFD, FD_CLOEXEC)
        defer { _ = unlink(path) }
        try bytes.withUnsafeBufferPointer { (bytes) throws(EngineError) in
            try file.write(all: UnsafeRawBufferPointer(bytes), subject: path)
        }
        // Through the shell, as everybody who reads EDITOR does it: it may hold arguments.
        let status = try Self.run(["/bin/sh", "-c", "\(program) \"$1\"", "sh", path])
        if status != 0 {
            throw EngineError(.failedPrecondition, subject: "editor \(program)", message: "ended with \(status)")
        }
        var options = Swctr_V1_IngestOptions()
        options.ref = "edit-\(String(UInt64.random(in: .min ... .max), radix: 36))"
        let stored = try ContentIngest.store(options, try ArchiveChunk.source(path), client)
        emit(stored.digest)
        return 0
    }

    /// Runs a program on the user's terminal.
    private static func run(_ command: [String]) throws(EngineError) -> Int32 {
        var arguments: [UnsafeMutablePointer<CChar>?] = command.map { strdup($0) }
        arguments.append(nil)
        defer { for argument in arguments { free(argument) } }
        var process: pid_t = 0
        let result = posix_spawn(&process, command[0], nil, nil, arguments, environ)
        if result != 0 { throw .system("start", subject: command[0], errno: result) }
        var status: Int32 = 0
        try retryingInterrupts("wait for", subject: command[0]) { waitpid(process, &status, 0) }
        return Int32(ExitStatus(waitStatus: status).code)
    }
}

struct ContentDelete: ClientCommand {
    static let configuration = CommandConfiguration(
        abstract: "Remove blobs",
        discussion: "Prints the digests that were removed; what is not here is passed over.")

    @OptionGroup(title: "Global options")
    var global: GlobalOptions

    @Argument("digest", help: "Digests.")
    var digests: [String]

    var action: Action { Action("remove content", digests.count == 1 ? digests[0] : "") }

    func execute() throws(EngineError) -> Int32 {
        let client = try global.connect()
        return try forEach(digests, debug: global.debug, verb: "remove content") { text throws(EngineError) in
            var request = Swctr_V1_DeleteContentRequest()
            request.digest = try Digest(text).description
            let answer: Swctr_V1_DeleteContentResponse = try client.call(ServiceName.content, "Delete", request)
            if answer.existed { emit(text) }
            return 0
        }
    }
}

struct ContentActive: ClientCommand {
    static let configuration = CommandConfiguration(
        abstract: "List writes and downloads that have not come to their end")

    @OptionGroup(title: "Global options")
    var global: GlobalOptions

    @Argument("pattern", help: "Only those whose key contains this regular expression.")
    var pattern: String?

    var action: Action { Action("list active content") }

    func execute() throws(EngineError) -> Int32 {
        var wanted: Regex<AnyRegexOutput>?
        if let pattern {
            do { wanted = try Regex(pattern) } catch {
                throw EngineError(.invalidArgument, subject: "\"\(pattern)\"", message: "is no regular expression")
            }
        }
        let answer: Swctr_V1_ActiveIngestsResponse = try global.connect().call(
            ServiceName.content, "Active", Swctr_V1_ActiveIngestsRequest())
        var table = Table(["REF", "SIZE", "AGE"])
        for ingest in answer.ingests {
            if let wanted, !ingest.ref.contains(wanted) { continue }
            table.add([ingest.ref, Wording.bytes(ingest.size), Wording.age(since: ingest.updatedAt)])
        }
        table.print()
        return 0
    }
}

struct ContentPrune: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Free content that is not needed any more",
        subcommands: [
            Subcommand("references", ContentPruneReferences.self)
        ])
}

struct ContentPruneReferences: ClientCommand {
    static let configuration = CommandConfiguration(
        abstract: "Free the compressed layers of images",
        discussion: """
            Their files stay where they are unpacked, so that they run. What is gone cannot be pushed, exported or \
            unpacked again until it is pulled anew. Prints the manifests.
            """)

    @Flag("--async", help: "Do not wait until it is freed.")
    var async = false

    @Flag("--dry", help: "Tell, and change nothing.")
    var isDry = false

    @OptionGroup(title: "Global options")
    var global: GlobalOptions

    var action: Action { Action("prune references") }

    func execute() throws(EngineError) -> Int32 {
        var request = Swctr_V1_PruneReferencesRequest()
        request.dry = isDry
        request.async = async
        let answer: Swctr_V1_PruneReferencesResponse = try global.connect().call(
            ServiceName.content, "PruneReferences", request)
        for digest in answer.digests { emit(digest) }
        return 0
    }
}
