import Foundation

/// A daemon of one test: started and known to be ready, stopped at the end, its log in a file.
public final class Daemon {
    public let logPath: String
    private let command: [String]
    private let environment: [String: String]
    private let notify: NotifySocket
    private var child: Child?

    /// Prepares a daemon; `start` starts it.
    init(_ name: String, _ command: [String], environment: [String: String], in workspace: Workspace) throws {
        self.command = command
        logPath = workspace.file("\(name).log")
        notify = try NotifySocket(at: workspace.file("\(name).notify"))
        var variables = environment
        variables["NOTIFY_SOCKET"] = notify.path
        self.environment = variables
        workspace.atEnd { [weak self] in try self?.stop() }
    }

    public var processID: pid_t { child?.processID ?? 0 }
    public var log: String { (try? Host.read(logPath)) ?? "" }

    /// Starts it and waits until it says that it is ready.
    public func start(within limit: Duration = .seconds(20)) throws {
        let started = try Child(command, environment: environment, input: .null, log: logPath)
        child = started
        do {
            try notify.awaitReady(of: started.processID, within: limit)
        } catch {
            throw TestFailure("\(command[0]): \(error); log: \(excerpt(Array(log.utf8)))")
        }
    }

    /// Asks it to end, and waits until it has; a daemon that does not end by itself is a failure.
    public func stop(within limit: Duration = .seconds(10)) throws {
        guard let child else { return }
        self.child = nil
        child.signal(SIGTERM)
        let outcome = try child.wait(within: limit)
        if outcome.status != 0 {
            throw TestFailure("\(command[0]) ended with \(outcome.status); log: \(excerpt(Array(log.utf8)))")
        }
    }

    /// Takes it down without warning.
    public func kill() throws {
        guard let child else { return }
        self.child = nil
        child.signal(SIGKILL)
        _ = try child.wait(within: .seconds(5))
    }
}
