import Glibc
import SwctrCore
import SwctrLinux
import SwctrOCI
import SwctrProto

/// The host's AppArmor, where its kernel has one.
enum AppArmor {
    /// The name of the profile that a request comes to, loaded if it was not; empty where none is asked for.
    ///
    /// - Throws: `.failedPrecondition` on a host without AppArmor, `.notFound` for a profile that is not loaded.
    static func profile(for request: Swctr_V1_ContainerOptions) throws(EngineError) -> String {
        let isOurs = request.apparmorProfile.isEmpty
        let name = isOurs ? request.apparmorDefaultProfile : request.apparmorProfile
        if name.isEmpty { return "" }
        let subject = "apparmor profile \"\(name)\""
        guard isEnabled else {
            throw EngineError(
                .failedPrecondition, subject: subject, message: "AppArmor is not enabled in this host's kernel",
                hint: "leave the option out")
        }
        if try isLoaded(name) { return name }
        if !isOurs {
            throw EngineError(
                .notFound, subject: subject, message: "is not loaded", hint: "load it with apparmor_parser")
        }
        try load(try AppArmorProfile.text(named: name), subject: subject)
        return name
    }

    private static var isEnabled: Bool {
        (try? TextFile.read("/sys/module/apparmor/parameters/enabled", limit: 16))?.hasPrefix("Y") ?? false
    }

    /// A line a profile: `name (mode)`.
    private static func isLoaded(_ name: String) throws(EngineError) -> Bool {
        try TextFile.read("/sys/kernel/security/apparmor/profiles", limit: 4 << 20)
            .split(separator: "\n").contains { $0.hasPrefix("\(name) (") }
    }

    private static func isExecutable(_ path: String) -> Bool { access(path, X_OK) == 0 }

    private static func load(_ text: String, subject: String) throws(EngineError) {
        let program = "apparmor_parser"
        let folders = ["/usr/sbin", "/sbin", "/usr/local/sbin", "/usr/bin"]
        guard let path = folders.map({ "\($0)/\(program)" }).first(where: { isExecutable($0) }) else {
            throw EngineError(
                .notFound, subject: subject, message: "cannot be loaded without \(program)",
                hint: "install the package apparmor")
        }
        let outcome = try Subprocess(
            path: path, arguments: ["-K", "-r"], environment: ["PATH=\(folders.joined(separator: ":"))"],
            input: Array(text.utf8)
        ).run(timeout: .seconds(30))
        if outcome.status.code != 0 {
            throw EngineError(.unknown, subject: subject, message: "\(program) refused it: \(outcome.text)")
        }
    }
}
