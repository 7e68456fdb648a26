import SwctrArguments
import Glibc
import SwctrClient
import SwctrCore
import SwctrLinux
import SwctrProto
import SwctrWire

struct ImageExport: ClientCommand {
    static let configuration = CommandConfiguration(
        abstract: "Export images as an OCI archive",
        discussion: """
            The same images always make the same bytes. A file appears only when it is whole.

            Examples:
              swctr images export app.tar registry.example.com/app:1.2
              swctr images export - busybox | ssh host swctr images import -
            """)

    @OptionGroup(title: "What is exported")
    var selection: PlatformFlags

    @Flag("--skip-manifest-json", help: "Leave out manifest.json, which docker load reads.")
    var skipManifestJson = false

    @Flag("--skip-non-distributable", help: "Leave out layers that their maker lets nobody pass on.")
    var skipNonDistributable = false

    @OptionGroup(title: "Global options")
    var global: GlobalOptions

    @Argument("out", help: "File to write, or - for standard output.")
    var target: String

    @Argument("ref", help: "Names of images.", completion: .images)
    var names: [String]

    var action: Action { Action("export", target == "-" ? "" : target) }

    func execute() throws(EngineError) -> Int32 {
        var request = Swctr_V1_ExportRequest()
        request.images = names
        request.platforms = selection.platform
        request.allPlatforms = selection.allPlatforms
        request.skipManifestJson = skipManifestJson
        request.skipNonDistributable = skipNonDistributable
        let client = try global.connect()
        if target == "-" {
            try client.stream(ServiceName.images, "Export", request, returning: Swctr_V1_ExportResponse.self) {
                part throws(EngineError) in try emit([UInt8](part.data))
            }
            return 0
        }
        let file = try PartialFile(target)
        try client.stream(ServiceName.images, "Export", request, returning: Swctr_V1_ExportResponse.self) {
            part throws(EngineError) in
            try file.write([UInt8](part.data))
            return true
        }
        try file.finish()
        return 0
    }
}

/// A file that has its name only when it is whole. What is no regular file, a device say, is written to directly.
struct PartialFile: ~Copyable {
    private let path: String
    private let draft: String?
    private let file: OwnedFD

    init(_ path: String) throws(EngineError) {
        var status = stat()
        let isSpecial = stat(path, &status) == 0 && status.st_mode & S_IFMT != S_IFREG
        let draft = isSpecial ? nil : "\(path).partial-\(getpid())"
        let flags = isSpecial ? O_WRONLY : O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW
        let file = try openFile(draft ?? path, flags, mode: 0o644)
        self.path = path
        self.draft = draft
        self.file = file
    }

    borrowing func write(_ bytes: [UInt8]) throws(EngineError) {
        try bytes.withUnsafeBufferPointer { (bytes) throws(EngineError) in
            try file.write(all: UnsafeRawBufferPointer(bytes), subject: path)
        }
    }

    borrowing func finish() throws(EngineError) {
        guard let draft else { return }
        if rename(draft, path) != 0 { throw .system("rename", subject: path) }
    }

    deinit { if let draft { _ = unlink(draft) } }
}
