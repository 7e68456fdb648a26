import CShim

/// `-v` and `-info`: what this program is.
enum InfoCommand {
    static func printVersion() -> Int32 {
        let text: Text =
            "containerd-shim-swctr-v2:\n  Version:  \(Text(shim_version()))\n  Revision: \(Text(shim_revision()))\n"
        return Files.writeAll(1, text.bytes) ? 0 : 1
    }

    /// RuntimeInfo on stdout; the options on stdin decide whose features would be asked for, and are not needed yet.
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
        return Files.writeAll(1, packed(&info)) ? 0 : 1
    }
}
