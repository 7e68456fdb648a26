import Glibc
import Synchronization
import SwctrCore
import SwctrLinux

/// Which of the two ways a shim's `start` wants to be told about its container (facts: shim-contract.md, 2.3 and 11).
///
/// Until containerd 2.2 its standard input holds the runtime's options or nothing; runc's shim knows BootstrapParams
/// since 2.3 and refuses everything else since 2.4. Older ones, and shims of others, fail on what they do not know, so
/// only a runc shim is asked for its version, once for every file, and only a new one gets parameters.
final class ShimSurvey: Sendable {
    private let known = Mutex<[String: (file: FileIdentity, wantsParameters: Bool)]>([:])

    /// Runs `<shim> -v` where the answer is not known yet. A shim that does not answer is taken for an old one.
    ///
    /// - Parameter timeout: of the call.
    func wantsParameters(_ shim: String, environment: [String], timeout: Duration) -> Bool {
        guard Self.isRuncShim(shim), let file = FileIdentity(shim) else { return false }
        if let entry = known.withLock({ $0[shim] }), entry.file == file { return entry.wantsParameters }
        let command = Subprocess(path: shim, arguments: ["-v"], environment: environment)
        guard let outcome = try? command.run(timeout: timeout), outcome.status.code == 0 else { return false }
        let answer = Self.takesParameters(version: String(decoding: outcome.output, as: UTF8.self))
        known.withLock { $0[shim] = (file, answer) }
        return answer
    }

    /// By the name of the file, as containerd does; `-v1` never learned of parameters.
    static func isRuncShim(_ path: String) -> Bool {
        let name = path.split(separator: "/").last ?? ""
        return name.hasPrefix("containerd-shim-runc-") && !name.hasPrefix("containerd-shim-runc-v1")
    }

    /// Reads what `-v` prints: a line with the shim's name and `  Version:  v2.3.4` among others.
    static func takesParameters(version text: String) -> Bool {
        for line in text.split(whereSeparator: \.isNewline) {
            let words = line.split(separator: " ")
            guard words.count == 2, words[0] == "Version:" else { continue }
            let numbers = words[1].drop { $0 == "v" }.split(separator: ".", maxSplits: 2)
            guard numbers.count >= 2, let major = Int(numbers[0]), let minor = Int(numbers[1]) else { return false }
            return (major, minor) >= (2, 3)
        }
        return false
    }

    /// Changes when the file is replaced or written anew.
    private struct FileIdentity: Equatable {
        var device: UInt
        var inode: UInt
        var seconds: Int
        var nanoseconds: Int

        init?(_ path: String) {
            var status = stat()
            guard stat(path, &status) == 0 else { return nil }
            device = UInt(status.st_dev)
            inode = UInt(status.st_ino)
            seconds = status.st_mtim.tv_sec
            nanoseconds = status.st_mtim.tv_nsec
        }
    }
}
