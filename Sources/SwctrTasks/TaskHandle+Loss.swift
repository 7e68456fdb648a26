import Foundation
import Logging
import SwctrCore
import SwctrMetadata
import SwctrProto
import SwiftProtobuf

extension TaskHandle {
    /// The connection to the shim is closed, and not by us.
    func connectionClosed(_ closed: ShimClient) async {
        guard shim === closed, !isClosing else { return }
        switch first.phase.state {
        // The call that is under way fails with it and does what there is to do.
        case .creating, .starting, .deleting, .deleted: return
        case .created, .running, .pausing, .paused, .resuming, .stopped: break
        }
        // A closed connection is not yet a dead shim: a live one answers again.
        if let again = await reconnected() {
            guard shim === closed, !isClosing else { return await again.close() }
            log.warning("shim closed its connection, and was reached again")
            adopt(again)
            return
        }
        guard shim === closed, !isClosing else { return }
        log.warning("shim is gone", metadata: ["shim.pid": "\(record.shimPid ?? 0)"])
        await lost()
    }

    /// Leaves the shim alone from now on; it and its container go on.
    func disconnect() async {
        isDisconnected = true
        isClosing = true
        drain?.stop()
        await shim?.close()
    }

    private func reconnected() async -> ShimClient? {
        guard let answer = try? BootstrapAnswer(version: max(2, record.shimVersion), address: record.shimAddress),
            let again = try? await connect(to: answer)
        else { return nil }
        if (try? await again.connect()) != nil { return again }
        await again.close()
        return nil
    }

    /// Goes on with a shim over a new connection.
    func adopt(_ shim: ShimClient) {
        self.shim = shim
        watchConnection(of: shim)
        for entry in [first] + execs.values where entry.phase.isAlive {
            entry.isWatched = false
            watch(entry)
        }
    }

    /// The shim is gone, and with it everything that it held together: frees what is left, finds out how the container
    /// ended, and records that.
    func lost() async {
        shim = nil
        // A record that the shim wrote before it was gone makes its clean-up call tell the truth and not a guess.
        let isRecorded = bundle.hasExitRecord
        let report = await environment.launcher.cleanUp(
            record.shimBinary, bundle, namespace: namespace, id: id)
        do throws(EngineError) {
            try await free(keepingBundle: true)
        } catch {
            log.error("could not free what a lost shim left", metadata: ["error": "\(error)"])
        }
        let now = Date()
        for entry in Array(execs.values) where entry.phase.exit == nil {
            guard let execID = entry.execID else { continue }
            let exit = ProcessExit(
                status: .killed, exitedAt: now, reason: "the shim died and its container was killed")
            await ended(execID, pid: nil, exit)
            if let exit = entry.phase.exit { publishExit(exit, of: entry) }
        }
        let exit = Self.exit(of: report, isRecorded: isRecorded, now: now)
        await ended(nil, pid: nil, exit)
        if let exit = first.phase.exit {
            publishExit(exit, of: first)
            publishDelete(exit)
        }
    }

    private static func exit(
        of report: ShimLauncher.CleanUpReport?, isRecorded: Bool, now: Date
    ) -> ProcessExit {
        guard let report else {
            return ProcessExit(
                status: ExitStatus(code: 255), exitedAt: now,
                reason: "the shim died and its clean-up reported no exit status")
        }
        var exit = report.exit
        if !isRecorded { exit.reason = "the shim died and its container was killed" }
        return exit
    }

    /// As containerd does for a dead shim: nobody else will.
    private func publishDelete(_ exit: ProcessExit) {
        var message = Containerd_Events_TaskDelete()
        message.containerID = id.rawValue
        message.pid = first.phase.pid
        message.exitStatus = exit.status.code
        message.exitedAt = Google_Protobuf_Timestamp(date: exit.exitedAt)
        environment.bus.publish(namespace: namespace.rawValue, topic: "/tasks/delete", message)
    }
}
