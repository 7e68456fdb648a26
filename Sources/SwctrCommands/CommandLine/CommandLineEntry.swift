import SwctrArguments
import Glibc
import SwctrCore
import SwctrLinux

/// From the arguments to the exit status: all that the executable calls.
public enum CommandLineEntry {
    /// Parses, runs, and says in one line what went wrong.
    ///
    /// - Parameter arguments: without the program's name.
    /// - Returns: the process's status for run, start, exec and attach; 2 for a line that is wrong.
    public static func run(_ arguments: [String]) -> Int32 {
        // A closed pipe is an errno here, not an end: the process whose output it was goes on.
        signal(SIGPIPE, SIG_IGN)
        openStandardStreams()
        let request: Request
        do { request = try Program.swctr.request(arguments, columns: columns) } catch {
            let verb = error.path.isEmpty ? "" : error.path.joined(separator: " ") + ": "
            complain("\(verb)\(error.message) (\(error.hint))")
            return usageStatus
        }
        switch request {
        case .command(let command): return command.run()
        case .text(let text):
            emit(text)
            return 0
        case .completions(let names, let files):
            emit(names)
            return files ? 1 : 0
        }
    }

    static let usageStatus: Int32 = 2

    /// Of the terminal that help is printed to.
    private static var columns: Int {
        guard Terminal.isTerminal(STDOUT_FILENO), let size = try? Terminal.size(of: STDOUT_FILENO) else { return 80 }
        return Int(size.columns)
    }

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
}
