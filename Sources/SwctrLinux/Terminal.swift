import CSwctrLinux
import Glibc
public import SwctrCore

/// Rows and columns of a terminal.
public struct TerminalSize: Equatable, Sendable {
    public var rows: UInt16
    public var columns: UInt16

    public init(rows: UInt16, columns: UInt16) {
        self.rows = rows
        self.columns = columns
    }
}

/// The user's terminal.
public enum Terminal {
    /// Whether the descriptor is one.
    public static func isTerminal(_ fd: Int32) -> Bool { isatty(fd) == 1 }

    /// - Throws: `.system` errors where `fd` is no terminal.
    public static func size(of fd: Int32) throws(EngineError) -> TerminalSize {
        var size = TerminalSize(rows: 0, columns: 0)
        if swctr_terminal_size(fd, &size.rows, &size.columns) < 0 {
            throw .system("read terminal size", subject: "fd \(fd)")
        }
        return size
    }

    public static func resize(_ fd: Int32, to size: TerminalSize) throws(EngineError) {
        if swctr_terminal_resize(fd, size.rows, size.columns) < 0 {
            throw .system("resize terminal", subject: "fd \(fd)")
        }
    }
}

/// A terminal in raw mode: every key goes to the program as a byte. It is given back as it was when this value goes, on
/// `exit`, and when the process crashes. One at a time in a process.
public struct RawMode: ~Copyable {
    private let fd: Int32

    /// - Parameter fd: a terminal; stays with the caller and must outlive this value.
    public init(on fd: Int32) throws(EngineError) {
        self.fd = fd
        if swctr_terminal_raw(fd) < 0 { throw .system("set raw mode", subject: "fd \(fd)") }
    }

    /// Gives the terminal back for a while, as when the process is stopped.
    public func suspend() { swctr_terminal_restore() }

    /// Takes it again after `suspend()`.
    public func resume() throws(EngineError) {
        if swctr_terminal_raw(fd) < 0 { throw .system("set raw mode", subject: "fd \(fd)") }
    }

    deinit { swctr_terminal_restore() }
}

/// A pseudo-terminal, neither end of which became the controlling terminal.
public struct PTY: ~Copyable {
    public var controller: OwnedFD
    public var terminal: OwnedFD

    public init() throws(EngineError) {
        var controller: Int32 = -1
        var terminal: Int32 = -1
        if swctr_openpty(&controller, &terminal) < 0 { throw .system("open pseudo-terminal", subject: "/dev/ptmx") }
        self.controller = OwnedFD(adopting: controller)
        self.terminal = OwnedFD(adopting: terminal)
    }
}
