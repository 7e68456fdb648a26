import Glibc
import SwctrCore
import SwctrLinux

/// Asks the user for a secret, without showing what is typed.
enum SecretPrompt {
    /// - Throws: `.failedPrecondition` where nobody could answer.
    static func ask(_ question: String) throws(EngineError) -> String {
        guard Terminal.isTerminal(STDIN_FILENO) else {
            throw EngineError(
                .failedPrecondition, subject: "password", message: "must be given: standard input is no terminal",
                hint: "use --user NAME:PASSWORD, or login --password-stdin")
        }
        var before = termios()
        guard tcgetattr(STDIN_FILENO, &before) == 0 else { throw .system("read terminal settings", subject: "stdin") }
        var silent = before
        silent.c_lflag &= ~tcflag_t(ECHO)
        draw(question)
        tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent)
        defer {
            tcsetattr(STDIN_FILENO, TCSAFLUSH, &before)
            draw("")
        }
        return try line()
    }

    /// The first line of standard input.
    static func line() throws(EngineError) -> String {
        var bytes: [UInt8] = []
        var byte: UInt8 = 0
        while bytes.count < 64 << 10 {
            let count = try retryingInterrupts("read", subject: "standard input") { read(STDIN_FILENO, &byte, 1) }
            if count == 0 || byte == UInt8(ascii: "\n") { break }
            bytes.append(byte)
        }
        if bytes.last == UInt8(ascii: "\r") { bytes.removeLast() }
        return String(decoding: bytes, as: UTF8.self)
    }
}
