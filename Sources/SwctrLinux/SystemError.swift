import Glibc
public import SwctrCore

extension EngineError {
    /// What the kernel just refused, with the call and the thing it was asked for: `mount overlay: /x/rootfs: Invalid
    /// argument (EINVAL)` (the class follows from errno as containerd maps it).
    ///
    /// - Parameters:
    ///   - operation: the call in words: "mount overlay", "open".
    ///   - subject: path or descriptor.
    ///   - number: the errno; the thread's current one unless given.
    public static func system(_ operation: String, subject: String, errno number: Int32 = errno) -> EngineError {
        let code: ErrorCode =
            switch number {
            case ENOENT, ESRCH: .notFound
            case EEXIST: .alreadyExists
            case EPERM, EACCES: .permissionDenied
            case ENOSPC, EDQUOT, EMFILE, ENFILE, ENOMEM: .resourceExhausted
            case EINVAL, ENAMETOOLONG: .invalidArgument
            case EBUSY, ENOTEMPTY: .failedPrecondition
            case ENOSYS, EOPNOTSUPP: .unimplemented
            case ECONNREFUSED, ECONNRESET, EPIPE: .unavailable
            default: .unknown
            }
        return EngineError(code, operation: operation, subject: subject, message: describeErrno(number))
    }
}

/// `No such file or directory (errno 2)`.
public func describeErrno(_ number: Int32) -> String {
    // The POSIX strerror_r fills the buffer; some libc spell the GNU one the same way, which this module never sees.
    var buffer = [CChar](repeating: 0, count: 128)
    guard strerror_r(number, &buffer, buffer.count) == 0 else { return "errno \(number)" }
    let text = buffer.withUnsafeBufferPointer { $0.baseAddress.map { String(cString: $0) } ?? "error" }
    return "\(text) (errno \(number))"
}

/// Repeats `call` while a signal interrupts it, then throws what it failed with.
///
/// - Parameter call: a system call that answers −1 and sets errno on failure.
@discardableResult
public func retryingInterrupts<Number: SignedInteger>(
    _ operation: String, subject: String, _ call: () -> Number
) throws(EngineError) -> Number {
    while true {
        let result = call()
        if result != -1 { return result }
        let number = errno
        if number != EINTR { throw .system(operation, subject: subject, errno: number) }
    }
}
