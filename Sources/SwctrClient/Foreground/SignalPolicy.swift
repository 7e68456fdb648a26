import Glibc

/// Decides what a signal means to a client that stands in for a process. Plain values, no I/O.
struct SignalPolicy: Equatable {
    /// What is to be done about a signal.
    enum Action: Equatable {
        /// Send it to the process.
        case forward
        /// Keep it until the process can be reached.
        case keep
        /// The terminal has another size.
        case resize
        /// Stop as any job does, with the terminal given back.
        case stop
        /// Give the terminal back and end by this signal; the process goes on.
        case leave
        /// Stop copying: the process has ended already.
        case finish
        case ignore
    }

    /// With a terminal the keys reach the process as bytes; a signal is for the client itself then.
    var isTerminal: Bool
    /// Without a terminal signals are the process's; or, if the user said so, the client's.
    var forwards: Bool
    /// The process runs and the manager can be asked to signal it.
    var isReachable = false
    var hasExited = false
    private(set) var kept: [Int32] = []

    init(isTerminal: Bool, forwards: Bool = true) {
        self.isTerminal = isTerminal
        self.forwards = forwards
    }

    /// Signals by which users ask a program to end.
    private static let ending: Set<Int32> = [SIGINT, SIGTERM, SIGHUP, SIGQUIT]

    mutating func action(for signal: Int32) -> Action {
        if signal == SIGWINCH { return isTerminal && !hasExited ? .resize : .ignore }
        if isTerminal || !forwards {
            switch signal {
            case SIGTSTP: return .stop
            // What a stop leaves behind is dealt with where it happens; the size may have changed meanwhile.
            case SIGCONT: return isTerminal ? .resize : .ignore
            case SIGPIPE: return .ignore
            default: return .leave
            }
        }
        if hasExited { return Self.ending.contains(signal) ? .finish : .ignore }
        if isReachable { return .forward }
        // Who asks a second time while nobody can answer wants out, and the process is left to itself.
        if Self.ending.contains(signal) && kept.contains(where: { Self.ending.contains($0) }) { return .leave }
        if !kept.contains(signal) { kept.append(signal) }
        return .keep
    }

    /// Takes what was kept, in the order in which it came.
    mutating func takeKept() -> [Int32] {
        defer { kept = [] }
        return kept
    }
}
