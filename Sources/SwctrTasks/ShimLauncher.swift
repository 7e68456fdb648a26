import Foundation
import Logging
import SwctrCore
import SwctrLinux
import SwctrProto
import SwctrRuntime
import SwiftProtobuf

/// Runs a shim's binary: `start`, which leaves the serving process behind, and `delete`, which cleans up after one that
/// is gone (facts: shim-contract.md, sections 2.2, 2.3, 2.7).
struct ShimLauncher: Sendable {
    let configuration: TaskConfiguration
    let log: Logger

    /// What a shim's clean-up call reports of the container's first process.
    struct CleanUpReport: Sendable {
        var pid: UInt32
        var exit: ProcessExit
    }

    /// Starts the shim of one container and returns once it listens.
    ///
    /// - Parameter options: goes to its standard input where there are any. Foreign shims decode what they find there,
    ///   so nothing is sent that was not asked for.
    /// - Throws: `EngineError` with what the shim said.
    func start(
        _ runtime: RuntimeRegistry.Resolved, _ bundle: Bundle, namespace: Namespace, id: ContainerID,
        options: Google_Protobuf_Any?
    ) async throws(EngineError) -> BootstrapAnswer {
        var arguments = arguments(namespace, id)
        if log.logLevel <= .debug { arguments.append("-debug") }
        arguments.append("start")
        var input: [UInt8] = []
        if let options {
            do { input = try options.serializedBytes() } catch {
                throw EngineError(.internal, subject: options.typeURL, message: "cannot be encoded: \(error)")
            }
        }
        let command = Subprocess(
            path: runtime.shim, arguments: arguments, environment: environment(namespace), directory: bundle.path,
            input: input)
        let subject = "shim \(runtime.shim)"
        do throws(EngineError) {
            let outcome = try await BlockingWork.run { () throws(EngineError) in
                try command.run(timeout: configuration.timeouts.shimStart)
            }
            guard outcome.status.code == 0 else {
                throw EngineError(
                    .internal, message: "exited with status \(outcome.status): \(outcome.text.prefix(4096))")
            }
            do throws(EngineError) {
                return try BootstrapAnswer(parsing: outcome.output)
            } catch {
                var error = error
                let said = String(decoding: outcome.errors, as: UTF8.self)
                if !said.isEmpty { error.message += ", and said: \(said.prefix(4096))" }
                throw error
            }
        } catch {
            throw error.during("start shim", of: subject)
        }
    }

    /// Runs the clean-up call. It is idempotent by contract, so it may be run more than once.
    ///
    /// - Returns: nil when the call failed or reported nothing that can be read; that is logged.
    func cleanUp(
        _ shim: String, _ bundle: Bundle, namespace: Namespace, id: ContainerID
    ) async -> CleanUpReport? {
        // A host that was restarted has lost the folder, and with it everything that could be cleaned up.
        guard bundle.exists else { return nil }
        let command = Subprocess(
            path: shim, arguments: arguments(namespace, id) + ["-bundle", bundle.path, "delete"],
            environment: environment(namespace), directory: bundle.path)
        let metadata: Logger.Metadata = ["container.id": "\(id)", "namespace": "\(namespace)", "shim": "\(shim)"]
        do {
            let outcome = try await BlockingWork.run { () throws(EngineError) in
                try command.run(timeout: configuration.timeouts.cleanUp)
            }
            let said = String(decoding: outcome.errors, as: UTF8.self)
            if !said.isEmpty { log.debug("shim clean-up says", metadata: metadata.merging(["text": "\(said)"]) { $1 }) }
            guard outcome.status.code == 0, !outcome.output.isEmpty else {
                log.debug(
                    "shim clean-up failed", metadata: metadata.merging(["status": "\(outcome.status)"]) { $1 })
                return nil
            }
            let response = try Containerd_Task_V2_DeleteResponse(serializedBytes: outcome.output)
            let exit = ProcessExit(
                status: ExitStatus(code: response.exitStatus), exitedAt: response.exitedAt.exitDate ?? Date())
            return CleanUpReport(pid: response.pid, exit: exit)
        } catch {
            log.warning("shim clean-up failed", metadata: metadata.merging(["error": "\(error)"]) { $1 })
            return nil
        }
    }

    private func arguments(_ namespace: Namespace, _ id: ContainerID) -> [String] {
        [
            "-namespace", namespace.rawValue, "-id", id.rawValue, "-address", configuration.address,
            "-publish-binary", configuration.executable,
        ]
    }

    /// Ours, with what containerd adds. A notify socket is a matter between the manager and its supervisor alone.
    private func environment(_ namespace: Namespace) -> [String] {
        let added = [
            "GOMAXPROCS": "2",
            "TTRPC_ADDRESS": configuration.eventsAddress,
            "GRPC_ADDRESS": configuration.address,
            "MAX_SHIM_VERSION": "2",
            "NAMESPACE": namespace.rawValue,
            "SWCTR_SHIM_SOCKET_DIR": configuration.shimSockets,
        ]
        let inherited = configuration.environment.filter { $0.key != "NOTIFY_SOCKET" }
        return inherited.merging(added) { $1 }.map { "\($0.key)=\($0.value)" }
    }
}

extension Google_Protobuf_Timestamp {
    /// Nil for "has not exited": Go's zero time, which shims send as it is, and a time that was not set.
    var exitDate: Date? { seconds <= 0 ? nil : date }
}
