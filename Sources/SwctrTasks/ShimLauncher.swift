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
    private let survey = ShimSurvey()

    init(configuration: TaskConfiguration, log: Logger) {
        self.configuration = configuration
        self.log = log
    }

    /// What a shim's clean-up call reports of the container's first process.
    struct CleanUpReport: Sendable {
        var pid: UInt32
        var exit: ProcessExit
    }

    /// Starts the shim of one container and returns once it listens.
    ///
    /// - Parameter options: goes to its standard input where there are any, within the parameters for a shim that wants
    ///   those. Foreign shims decode what they find there, so nothing is sent that was not asked for.
    /// - Throws: `EngineError` with what the shim said.
    func start(
        _ runtime: RuntimeRegistry.Resolved, _ bundle: Bundle, namespace: Namespace, id: ContainerID,
        options: Google_Protobuf_Any?
    ) async throws(EngineError) -> BootstrapAnswer {
        var arguments = arguments(namespace, id)
        if log.logLevel <= .debug { arguments.append("-debug") }
        arguments.append("start")
        var command = Subprocess(
            path: runtime.shim, arguments: arguments, environment: environment(namespace), directory: bundle.path)
        let subject = "shim \(runtime.shim)"
        do throws(EngineError) {
            let wantsParameters =
                runtime.isOwn ? false : await asksForParameters(runtime.shim, environment: command.environment)
            command.input = try input(options, wantsParameters ? (namespace, id) : nil)
            let ready = command
            let outcome = try await BlockingWork.run { () throws(EngineError) in
                try ready.run(timeout: configuration.timeouts.shimStart)
            }
            guard outcome.status.code == 0 else {
                throw EngineError(
                    .internal, message: "exited with status \(outcome.status): \(outcome.text.prefix(4096))")
            }
            do throws(EngineError) {
                return try BootstrapAnswer(parsing: outcome.output, isMessage: wantsParameters)
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

    private func asksForParameters(_ shim: String, environment: [String]) async -> Bool {
        guard ShimSurvey.isRuncShim(shim) else { return false }
        let answer = try? await BlockingWork.run { [survey, configuration] () throws(EngineError) in
            survey.wantsParameters(shim, environment: environment, timeout: configuration.timeouts.connect)
        }
        return answer ?? false
    }

    /// What `start` finds on its standard input: the options as they are, or parameters that hold them.
    private func input(
        _ options: Google_Protobuf_Any?, _ parameters: (namespace: Namespace, id: ContainerID)?
    ) throws(EngineError) -> [UInt8] {
        do {
            guard let parameters else { return try options?.serializedBytes() ?? [] }
            var message = Containerd_Runtime_Bootstrap_V1_BootstrapParams()
            message.instanceID = parameters.id.rawValue
            message.namespace = parameters.namespace.rawValue
            message.logLevel = log.logLevel <= .debug ? Self.debugLevel : 0
            message.containerdTtrpcAddress = configuration.eventsAddress
            message.containerdGrpcAddress = configuration.address
            message.containerdBinary = configuration.executable
            if configuration.shimSockets.utf8.count <= TaskConfiguration.socketDirectoryLimit {
                message.socketDir = configuration.shimSockets
            }
            if let options {
                var item = Containerd_Runtime_Bootstrap_V1_Extension()
                item.value = options
                message.extensions = [item]
            }
            return try message.serializedBytes()
        } catch {
            throw EngineError(
                .internal, subject: options?.typeURL ?? "parameters", message: "cannot be encoded: \(error)")
        }
    }

    /// BootstrapParams' LogLevel for DEBUG.
    private static let debugLevel: Int32 = -4

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
