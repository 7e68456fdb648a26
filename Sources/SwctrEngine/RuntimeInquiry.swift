import SwctrCore
import SwctrLinux
public import SwctrProto
public import SwctrRuntime
import SwiftProtobuf

/// Asks a runtime's shim what it is.
public enum RuntimeInquiry {
    /// - Parameters:
    ///   - request: the runtime's name, and options that go to the shim.
    ///   - standard: the runtime where none is named.
    /// - Throws: what resolving the name refuses; `.unimplemented` for a shim that knows no such question.
    public static func ask(
        _ request: Swctr_V1_Runtime, runtimes: RuntimeRegistry, standard: String
    ) async throws -> Swctr_V1_InspectRuntimeResponse {
        let name = request.name.isEmpty ? standard : request.name
        let options = try RuntimeOptions(
            checking: request.hasOptions ? request.options : nil, runtime: name, cgroup: "unset")
        let runtime = try runtimes.resolve(name)
        let input = try options.packed()?.serializedBytes() ?? [UInt8]()
        let outcome = try await BlockingWork.run { () throws(EngineError) in
            try Subprocess(
                path: runtime.shim, arguments: ["-info"],
                environment: ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"], input: input
            ).run(timeout: .seconds(10))
        }
        guard outcome.status.code == 0, !outcome.output.isEmpty,
            let info = try? Containerd_Types_RuntimeInfo(serializedBytes: outcome.output)
        else {
            throw EngineError(
                .unimplemented, subject: "runtime \(name)",
                message: "its shim \(runtime.shim) does not tell what it is: \(outcome.text.prefix(512))")
        }
        return .with {
            $0.name = info.name
            $0.version = info.version.version
            $0.revision = info.version.revision
            if info.hasOptions { $0.options = info.options }
            if info.hasFeatures { $0.features = info.features }
            $0.annotations = info.annotations
            $0.shim = runtime.shim
        }
    }
}
