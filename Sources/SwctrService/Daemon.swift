import Logging
import NIOPosix
import SwctrCore
import SwctrLinux
import SwctrRPC
import SwctrTasks

/// The manager's life: folders, lock, parts, recovery, sockets, in the order in which they need each other.
struct Daemon {
    let configuration: Configuration
    let log: Logger

    /// Serves until `stop` returns, and then ends what it began. Containers go on.
    ///
    /// - Parameter ready: called when clients are served.
    func run(until stop: @Sendable () async -> Void, ready: @Sendable () -> Void) async throws {
        try configuration.validate()
        let group = try ClientAccess.group(configuration)
        try makeFolders()
        let lock = try InstanceLock.acquire(root: configuration.root)

        // Two loops: one can parse while the other writes. Work that takes long is done elsewhere.
        let loops = MultiThreadedEventLoopGroup(numberOfThreads: 2)
        let parts = try Assembly(configuration, eventLoops: loops, log: log)
        let serverID = try ServerIdentity.load(root: configuration.root)

        // Before recovery: a shim that finds nobody here keeps its events, and some drop them after a while.
        let shimServer = try await RPCServer.listen(
            at: configuration.eventSocket, mode: 0o600, group: nil, router: parts.shimRouter(),
            admit: { $0.isThisUser }, eventLoops: loops, log: log)
        try await parts.recover()
        let clientServer = try await RPCServer.listen(
            at: configuration.clientSocket, mode: 0o660, group: group, router: parts.clientRouter(serverID: serverID),
            admit: { _ in true }, eventLoops: loops, log: log)
        log.info("serving", metadata: ["address": "\(configuration.clientSocket)", "server.id": "\(serverID)"])
        ready()

        await stop()
        log.info("stopping")
        await clientServer.shutdown()
        await shimServer.shutdown()
        // From here on exits are left to the next manager; the shims keep them.
        await parts.tasks.disconnect()
        try parts.close()
        // Until here nobody else may touch the root folder.
        _ = consume lock
    }

    private func makeFolders() throws(EngineError) {
        let (root, state) = (configuration.root, configuration.state)
        for folder in [root, state] { try Folder.make(at: folder, mode: 0o711) }
        for folder in [root + "/snapshots", state + "/s", state + "/scratch"] {
            try Folder.make(at: folder, mode: 0o700)
        }
        try Folder.make(at: state + "/tasks", mode: 0o711)
    }
}
