import CShim

/// One open descriptor with exactly one owner; −1 when there is none (any more).
struct OwnedFD: ~Copyable {
    private(set) var raw: Int32

    /// Takes over `raw`, which may be the −1 of a failed call.
    init(adopting raw: Int32) {
        self.raw = raw
    }

    init() {
        raw = -1
    }

    var isOpen: Bool { raw >= 0 }

    mutating func close() {
        // Linux frees the number even when close reports EINTR: never retry.
        if raw >= 0 { _ = CShim.close(raw) }
        raw = -1
    }

    /// Closes what is held and takes over `raw`.
    mutating func replace(adopting raw: Int32) {
        close()
        self.raw = raw
    }

    /// Hands the descriptor on; the caller closes it.
    mutating func take() -> Int32 {
        let fd = raw
        raw = -1
        return fd
    }

    deinit {
        if raw >= 0 { _ = CShim.close(raw) }
    }
}

/// A system call that failed: what was tried, and errno.
struct SystemError: Error {
    var what: Text
    var number: Int32

    /// Takes errno as the call left it.
    init(_ what: Text) {
        number = shim_errno()
        self.what = what
    }

    init(_ what: Text, _ number: Int32) {
        self.what = what
        self.number = number
    }

    /// `what: cause`, as containerd's errors read.
    var text: Text {
        what + ": " + Text(strerror(number)).lowercased
    }
}

/// Calls again while a signal interrupts; −1 leaves errno.
func retrying(_ call: () -> Int) -> Int {
    while true {
        let result = call()
        if result >= 0 || shim_errno() != EINTR { return result }
    }
}
