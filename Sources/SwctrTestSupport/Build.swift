import Foundation

/// Where the programs under test and the repository's own files are.
public enum Build {
    /// Top of the repository.
    public static let repository = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent().path

    /// The folder with swctr and swctrd: SWCTR_BIN, or where the tests themselves were built.
    public static var programs: String {
        if let given = getenv("SWCTR_BIN") { return String(cString: given) }
        let tests = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? ""
        return URL(fileURLWithPath: tests).deletingLastPathComponent().path
    }

    /// The folder with our shim: SWCTR_BIN, or where `make -C shim` puts it.
    public static var shimFolder: String {
        getenv("SWCTR_BIN").map { String(cString: $0) } ?? "\(repository)/build/shim"
    }
    public static var shim: String { "\(shimFolder)/containerd-shim-swctr-v2" }
}
