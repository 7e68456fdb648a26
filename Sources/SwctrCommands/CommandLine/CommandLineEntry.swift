import ArgumentParser
import Glibc
import SwctrCore

/// From the arguments to the exit status: all that the executable calls.
public enum CommandLineEntry {
    /// Parses, runs, and says in one line what went wrong.
    ///
    /// - Parameter arguments: without the program's name.
    /// - Returns: the process's status for run, start, exec and attach; of our errors 2 for a request that is wrong in
    ///   itself, 125 where a process's status is lost, 1 for every other one.
    public static func run(_ arguments: [String]) -> Int32 {
        // A closed pipe is an errno here, not an end: the process whose output it was goes on.
        signal(SIGPIPE, SIG_IGN)
        openStandardStreams()
        let arrangement: Arrangement
        do { arrangement = try Arrangement(arguments, root: Swctr.self) } catch {
            complain(ErrorLine.text(error, during: nil, debug: false))
            return usageStatus
        }
        var command: any ParsableCommand
        do { command = try arrangement.parse() } catch {
            return refused(error, arrangement)
        }
        guard let client = command as? any ClientCommand else {
            do { try command.run() } catch { return refused(error, arrangement) }
            return 0
        }
        do { return try client.execute() } catch {
            complain(ErrorLine.text(error, during: client.action, debug: client.global.debug))
            return switch error.code {
            case .dataLoss: 125
            case .invalidArgument: usageStatus
            default: 1
            }
        }
    }

    private static let usageStatus: Int32 = 2

    /// Arguments are bytes to the kernel and text to us and to the manager; what would be changed on the way is refused.
    public static func refuseArgumentsThatAreNoText() -> Int32? {
        for index in 1..<max(1, Int(CommandLine.argc)) {
            guard let argument = CommandLine.unsafeArgv[index], String(validatingCString: argument) == nil else {
                continue
            }
            openStandardStreams()
            complain("argument \(index) is not text in UTF-8")
            return usageStatus
        }
        return nil
    }

    /// Where the caller closed 0, 1 or 2, the next file that we open would take that number and be read or written as
    /// if it were the user's.
    private static func openStandardStreams() {
        for number in STDIN_FILENO...STDERR_FILENO where fcntl(number, F_GETFD) < 0 { _ = open("/dev/null", O_RDWR) }
    }

    /// Help and the like on stdout; a wrong command line in one line on stderr.
    private static func refused(_ error: any Error, _ arrangement: Arrangement) -> Int32 {
        if arrangement.command.exitCode(for: error) == .success {
            emit(arrangement.command.fullMessage(for: error))
            return 0
        }
        let path = (["swctr"] + arrangement.path).joined(separator: " ")
        let text = arrangement.command.message(for: error).split(separator: "\n").joined(separator: "; ")
        let first = text.prefix(1).lowercased() + text.dropFirst()
        let verb = arrangement.path.isEmpty ? "" : arrangement.path.joined(separator: " ") + ": "
        complain("\(verb)\(first.hasSuffix(".") ? String(first.dropLast()) : first) (see '\(path) --help')")
        return usageStatus
    }
}
