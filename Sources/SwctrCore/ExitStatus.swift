/// How a process ended, in the shell's and containerd's numbers: 0-255, 128+n for death by signal n.
public struct ExitStatus: Hashable, Sendable, CustomStringConvertible {
    public let code: UInt32
    public init(code: UInt32) { self.code = code }

    /// Decodes what `wait` reported.
    public init(waitStatus status: Int32) {
        let signal = status & 0x7f
        code = signal == 0 ? UInt32((status >> 8) & 0xff) : 128 + UInt32(signal)
    }

    /// What a process killed with SIGKILL leaves behind.
    public static let killed = ExitStatus(code: 137)

    public var description: String { "\(code)" }
}
