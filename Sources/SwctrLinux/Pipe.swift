import CSwctrLinux
import Glibc
public import SwctrCore

/// An anonymous pipe; both ends are close-on-exec.
public struct Pipe: ~Copyable {
    public var reader: OwnedFD
    public var writer: OwnedFD

    /// - Throws: `.resourceExhausted` where the descriptor table is full.
    public init() throws(EngineError) {
        var ends: [Int32] = [-1, -1]
        if swctr_pipe(&ends) < 0 { throw .system("create pipe", subject: "") }
        reader = OwnedFD(adopting: ends[0])
        writer = OwnedFD(adopting: ends[1])
    }
}

/// What one attempt to move bytes came to.
public enum Transfer: Equatable, Sendable {
    /// So many bytes moved, at least one.
    case moved(Int)
    /// Nothing can move at the moment: one of the two sides is not ready.
    case wouldBlock
    /// The reading side has ended.
    case ended
    /// The kernel cannot splice this pair of files: read and write instead.
    case unsupported
    /// The errno; EPIPE means that nobody reads the writing side any more.
    case failed(Int32)
}

/// Moves up to `length` bytes inside the kernel. One of the files must be a pipe; the call never waits for a pipe,
/// whatever its O_NONBLOCK says.
public func splice(from: Int32, to: Int32, length: Int) -> Transfer {
    while true {
        let count = swctr_splice(from, to, length)
        if count > 0 { return .moved(count) }
        if count == 0 { return .ended }
        switch errno {
        case EINTR: continue
        case EAGAIN: return .wouldBlock
        case EINVAL: return .unsupported
        case let number: return .failed(number)
        }
    }
}

/// Reads once into `buffer`.
public func read(_ fd: Int32, into buffer: UnsafeMutableRawBufferPointer) -> Transfer {
    while true {
        let count = Glibc.read(fd, buffer.baseAddress, buffer.count)
        if count > 0 { return .moved(count) }
        if count == 0 { return .ended }
        switch errno {
        case EINTR: continue
        case EAGAIN: return .wouldBlock
        // How a terminal whose other side is gone says so.
        case EIO: return .ended
        case let number: return .failed(number)
        }
    }
}

/// Writes once from `buffer`.
public func write(_ fd: Int32, from buffer: UnsafeRawBufferPointer) -> Transfer {
    while true {
        let count = Glibc.write(fd, buffer.baseAddress, buffer.count)
        if count >= 0 { return .moved(count) }
        switch errno {
        case EINTR: continue
        case EAGAIN: return .wouldBlock
        case let number: return .failed(number)
        }
    }
}

/// Asks for a larger pipe buffer; a kernel that refuses leaves it as it is.
public func growPipe(_ fd: Int32, to bytes: Int32) { _ = swctr_pipe_resize(fd, bytes) }

/// From here on reads and writes answer `.wouldBlock` instead of waiting. The mode belongs to the open file, so this is
/// for descriptors that are shared with nobody.
public func setNonblocking(_ fd: Int32) { _ = swctr_set_nonblocking(fd, 1) }

/// Opens a file, close-on-exec.
///
/// - Parameter flags: O_RDONLY, O_NONBLOCK, …
public func openFile(_ path: String, _ flags: Int32, mode: mode_t = 0) throws(EngineError) -> OwnedFD {
    let fd = try retryingInterrupts("open", subject: path) { swctr_open(path, flags, mode) }
    return OwnedFD(adopting: fd)
}
