import Glibc
import Logging
public import SwctrCore
import SwctrLinux

/// The manager as a process: signals, readiness, exit status.
public enum DaemonProcess {
    /// Runs a manager in the foreground until SIGTERM or SIGINT, and ends the process: 0 after a clean end, 1 after an
    /// error, 128 + the signal's number when a second signal forced it.
    ///
    /// Call it on the main thread before there is another: the signals are blocked here, every later thread inherits
    /// that, and this thread alone waits for them.
    public static func run(_ configuration: Configuration) -> Never {
        var signals = sigset_t()
        sigemptyset(&signals)
        sigaddset(&signals, SIGTERM)
        sigaddset(&signals, SIGINT)
        pthread_sigmask(SIG_BLOCK, &signals, nil)
        // A reader of our standard error that goes away is no reason to end.
        signal(SIGPIPE, SIG_IGN)
        umask(0o022)

        let notification = ServiceNotification.takeFromEnvironment()
        let level = configuration.logLevel
        let log = Logger(label: "swctrd") { _ in LogfmtHandler(level: level) }
        let (stop, stopper) = AsyncStream.makeStream(of: Void.self)
        Task.detached {
            do {
                try await Daemon(configuration: configuration, log: log).run(
                    until: {
                        for await _ in stop { break }
                        notify(log) { () throws(EngineError) in try notification.stopping() }
                    },
                    ready: {
                        announce("swctrd ready: \(configuration.clientSocket)")
                        notify(log) { () throws(EngineError) in try notification.ready() }
                    })
                // Without destructors: other threads may still be on their way out.
                _exit(0)
            } catch {
                report(EngineError(wrapping: error))
                _exit(1)
            }
        }

        _ = wait(for: &signals)
        stopper.finish()
        _exit(128 + wait(for: &signals))
    }

    /// Prints an error as every program of ours does: one line, the next step in parentheses.
    public static func report(_ error: EngineError) {
        announce("swctrd: \(error)" + (error.hint.isEmpty ? "" : " (\(error.hint))"))
    }

    private static func wait(for signals: inout sigset_t) -> Int32 {
        var number: Int32 = 0
        while sigwait(&signals, &number) != 0 {}
        return number
    }

    private static func notify(_ log: Logger, _ body: () throws(EngineError) -> Void) {
        do {
            try body()
        } catch {
            log.warning("service manager not told", metadata: ["error": "\(error)"])
        }
    }

    private static func announce(_ line: String) {
        let bytes = Array((line + "\n").utf8)
        _ = write(STDERR_FILENO, bytes, bytes.count)
    }
}
