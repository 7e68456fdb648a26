import CShim

/// `-v` and `-info`: what this program is.
enum InfoCommand {
    /// How long the runtime may take to tell its features.
    private static let featuresTime = 3000

    static func printVersion() -> Int32 {
        let text: Text =
            "containerd-shim-swctr-v2:\n  Version:  \(Text(shim_version()))\n  Revision: \(Text(shim_revision()))\n"
        return Files.writeAll(1, text.bytes) ? 0 : 1
    }

    /// RuntimeInfo on stdout. The options on stdin, if there are any, say which runtime's features are meant.
    static func printInfo() -> Int32 {
        let arena = Arena()
        var version = Containerd__Types__RuntimeVersion()
        containerd__types__runtime_version__init(&version)
        version.version = arena.string(Text(shim_version()))
        version.revision = arena.string(Text(shim_revision()))
        var info = Containerd__Types__RuntimeInfo()
        containerd__types__runtime_info__init(&info)
        info.name = arena.string("io.containerd.swctr.v2")
        info.version = arena.place(version)

        var typeURL: Text = "containerd.runc.v1.Options"
        var value: [UInt8] = []
        var options = RuntimeOptions()
        if isatty(0) == 0, let input = Files.read(descriptor: 0, limit: 10 << 20), !input.isEmpty {
            guard let any = Decoded(input.bytes, google__protobuf__any__unpack, google__protobuf__any__free_unpacked)
            else {
                complain("the options on stdin cannot be decoded")
                return 1
            }
            var message = any.value
            switch withUnsafeMutablePointer(to: &message, { RuntimeOptions.decode($0) }) {
            case .failure(let error):
                complain(error.message)
                return 1
            case .success(let decoded): options = decoded
            }
            if !Text(message.type_url).isEmpty {
                typeURL = Text(message.type_url)
                value = [UInt8](message.value)
            }
        }
        info.options = arena.any(typeURL, value)
        if let features = features(of: options.binary) {
            info.features = arena.any(
                "types.containerd.io/opencontainers/runtime-spec/1/features/Features", features.bytes)
        }
        return Files.writeAll(1, packed(&info)) ? 0 : 1
    }

    /// What `<runtime> features` prints; nil for a runtime that does not know the command.
    private static func features(of runtime: Text) -> Text? {
        let output = OwnedFD(adopting: shim_memory_file())
        let null = OwnedFD(adopting: Text("/dev/null").withCString { shim_open($0, O_RDWR | O_NOCTTY, 0) })
        guard let program = Spawn.find(runtime), output.isOpen, null.isOpen else { return nil }
        let spawn = Spawn(
            program: program, arguments: [runtime, "features"], descriptors: [null.raw, output.raw, null.raw])
        guard let status = try? BlockingCommand.run(spawn, limit: featuresTime), status == 0,
            lseek(output.raw, 0, SEEK_SET) == 0, let text = Files.read(descriptor: output.raw, limit: 1 << 20),
            text.hasPrefix("{")
        else { return nil }
        return text
    }
}
