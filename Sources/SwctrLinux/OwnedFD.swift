import Glibc
public import SwctrCore

/// One open descriptor with exactly one owner; it is closed when the owner goes.
///
/// Every descriptor is opened with `O_CLOEXEC`: what a child is to inherit is handed to it by name.
public struct OwnedFD: ~Copyable, Sendable {
    private var raw: Int32

    /// Takes over `raw`; the caller must not close it afterwards.
    public init(adopting raw: Int32) { self.raw = raw }

    /// The number, for one call; valid only while the owner lives.
    public var number: Int32 { raw }

    /// Ends ownership without closing: the receiver closes it.
    public consuming func release() -> Int32 {
        let number = raw
        raw = -1
        return number
    }

    /// A second descriptor for the same open file.
    ///
    /// - Throws: `.resourceExhausted` where the descriptor table is full.
    public borrowing func duplicate() throws(EngineError) -> OwnedFD {
        let copy = fcntl(raw, F_DUPFD_CLOEXEC, 0)
        if copy < 0 { throw .system("duplicate descriptor", subject: "fd \(raw)") }
        return OwnedFD(adopting: copy)
    }

    deinit {
        // Linux frees the number even when close reports EINTR: never retry.
        if raw >= 0 { _ = close(raw) }
    }
}
