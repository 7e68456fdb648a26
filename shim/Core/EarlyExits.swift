/// Exits of children that nobody has claimed yet.
///
/// A detached exec can end before the runtime's own child has told us its pid. An exit of an unknown pid is kept here
/// for the commands that were running when it came; when the last of them has ended it was an orphan's and is forgotten.
struct EarlyExits {
    private var entries: [Entry] = []
    private var claimants: [Int] = []
    private var issued = 0

    private struct Entry {
        var pid: Int32
        var status: ExitStatus
        /// The newest ticket at that time.
        var ticket: Int
    }

    var isEmpty: Bool { entries.isEmpty }

    /// A command that will make a process known has started; the ticket goes back with `settle`.
    mutating func expect() -> Int {
        issued += 1
        claimants.append(issued)
        return issued
    }

    /// Such a command has ended, and its process (if any) has been claimed.
    mutating func settle(_ ticket: Int) {
        claimants.removeAll { $0 == ticket }
        // They are in the order of their tickets.
        guard let oldest = claimants.first else {
            claimants = []
            entries = []
            return
        }
        entries.removeAll { $0.ticket < oldest }
    }

    /// Keeps an exit of an unknown pid, if somebody may still claim it.
    mutating func record(pid: Int32, status: ExitStatus) {
        guard !claimants.isEmpty else { return }
        entries.append(Entry(pid: pid, status: status, ticket: issued))
    }

    /// Whether that exit is kept.
    func has(pid: Int32, _ ticket: Int) -> Bool {
        entries.contains { $0.pid == pid && $0.ticket >= ticket }
    }

    /// Hands out the exit of `pid` once, to the command of that ticket. The newest counts: an older one, and any that came
    /// before the command began, belonged to an orphan whose pid was reused.
    mutating func claim(pid: Int32, _ ticket: Int) -> ExitStatus? {
        guard let index = entries.lastIndex(where: { $0.pid == pid && $0.ticket >= ticket }) else { return nil }
        return entries.remove(at: index).status
    }
}
