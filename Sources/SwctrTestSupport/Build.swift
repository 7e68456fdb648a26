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

    /// The folder with our shim: SWCTR_SHIM_BIN, else SWCTR_BIN, else where `make -C shim` puts it.
    public static var shimFolder: String {
        for name in ["SWCTR_SHIM_BIN", "SWCTR_BIN"] {
            if let given = getenv(name) { return String(cString: given) }
        }
        return "\(repository)/build/shim"
    }
    /// A build for finding faults (`make -C shim sanitized`): larger, slower, and not what is shipped.
    public static var isShimInstrumented: Bool { shimFolder.hasSuffix("sanitized") }
    public static var shim: String { "\(shimFolder)/containerd-shim-swctr-v2" }
}
