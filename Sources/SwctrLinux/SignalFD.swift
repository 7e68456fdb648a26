import CSwctrLinux
import Glibc
public import SwctrCore

/// Signals, blocked for this thread and read from a descriptor instead.
public struct SignalFD: ~Copyable {
    private let fd: OwnedFD
    private let signals: [Int32]

    /// One signal that came.
    public struct Arrival: Equatable, Sendable {
        public let number: Int32
        /// The process that sent it; 0 is the kernel.
        public let sender: Int32

        public init(number: Int32, sender: Int32) {
            self.number = number
            self.sender = sender
        }
    }

    /// From here on `signals` reach this thread only through `take()`. To be made before any other thread is started:
    /// they inherit the mask.
    public init(_ signals: [Int32]) throws(EngineError) {
        let number = swctr_signalfd(signals, Int32(signals.count))
        if number < 0 { throw .system("signalfd", subject: "\(signals.count) signals") }
        fd = OwnedFD(adopting: number)
        self.signals = signals
    }

    /// Readable when a signal is there.
    public var descriptor: Int32 { fd.number }

    /// The next one, nil when none is pending.
    public func take() throws(EngineError) -> Arrival? {
        var sender: Int32 = 0
        let number = swctr_signalfd_take(fd.number, &sender)
        if number < 0 { throw .system("read", subject: "signalfd") }
        return number == 0 ? nil : Arrival(number: number, sender: sender)
    }

    /// Lets the signals act again as they did before; one that is pending acts at once. Without this call they stay
    /// blocked when the value goes: a client that is about to exit with a status must not die of a late signal.
    public consuming func unblock() { _ = swctr_signals_unblock(signals, Int32(signals.count)) }
}

/// Signal numbers by name, as Linux on x86-64 and arm64 has them.
public enum Signal {
    /// Reads `SIGTERM`, `TERM`, `term` or `15`; `RTMIN+1` and its like too. Nil where there is no such signal.
    public static func parse(_ text: String) -> Int32? {
        if let number = Int32(text) { return (1...swctr_sigrtmax()).contains(number) ? number : nil }
        var name = text.uppercased()
        if name.hasPrefix("SIG") { name.removeFirst(3) }
        if let number = names.first(where: { $0.0 == name })?.1 { return number }
        if name.hasPrefix("RTMIN") { return realTime(swctr_sigrtmin(), name.dropFirst(5)) }
        if name.hasPrefix("RTMAX") { return realTime(swctr_sigrtmax(), name.dropFirst(5)) }
        return nil
    }

    /// What a client passes on to the process that it runs: all that may be caught, without those that concern only
    /// the client itself (its children, its window, its place among the jobs of a terminal) and those of a crash.
    public static var forwarded: [Int32] {
        let ordinary: [Int32] = [
            SIGHUP, SIGINT, SIGQUIT, SIGUSR1, SIGUSR2, SIGPIPE, SIGALRM, SIGTERM, SIGSTKFLT, SIGCONT, SIGTSTP, SIGXCPU,
            SIGXFSZ, SIGVTALRM, SIGPROF, SIGIO, SIGPWR, SIGSYS,
        ]
        return ordinary + Array(swctr_sigrtmin()...swctr_sigrtmax())
    }

    /// Lets the signal do what it does by default, which mostly ends the process.
    public static func raiseDefault(_ number: Int32) { swctr_raise_default(number) }

    private static func realTime(_ base: Int32, _ offset: Substring) -> Int32? {
        guard let number = offset.isEmpty ? 0 : Int32(offset) else { return nil }
        return (swctr_sigrtmin()...swctr_sigrtmax()).contains(base + number) ? base + number : nil
    }

    private static let names: [(String, Int32)] = [
        ("HUP", SIGHUP), ("INT", SIGINT), ("QUIT", SIGQUIT), ("ILL", SIGILL), ("TRAP", SIGTRAP), ("ABRT", SIGABRT),
        ("IOT", SIGABRT), ("BUS", SIGBUS), ("FPE", SIGFPE), ("KILL", SIGKILL), ("USR1", SIGUSR1), ("SEGV", SIGSEGV),
        ("USR2", SIGUSR2), ("PIPE", SIGPIPE), ("ALRM", SIGALRM), ("TERM", SIGTERM), ("STKFLT", SIGSTKFLT),
        ("CHLD", SIGCHLD), ("CLD", SIGCHLD), ("CONT", SIGCONT), ("STOP", SIGSTOP), ("TSTP", SIGTSTP), ("TTIN", SIGTTIN),
        ("TTOU", SIGTTOU), ("URG", SIGURG), ("XCPU", SIGXCPU), ("XFSZ", SIGXFSZ), ("VTALRM", SIGVTALRM),
        ("PROF", SIGPROF), ("WINCH", SIGWINCH), ("IO", SIGIO), ("POLL", SIGIO), ("PWR", SIGPWR), ("SYS", SIGSYS),
    ]
}
