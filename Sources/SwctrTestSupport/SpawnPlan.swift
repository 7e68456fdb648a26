import CTestSupport
import Glibc

/// What is to happen between fork and exec, for `posix_spawn`.
struct SpawnPlan {
    private var actions = posix_spawn_file_actions_t()
    private var attributes = posix_spawnattr_t()
    private var flags = Int16(POSIX_SPAWN_SETSIGDEF) | Int16(POSIX_SPAWN_SETSIGMASK)

    init() {
        posix_spawn_file_actions_init(&actions)
        posix_spawnattr_init(&attributes)
        var all = sigset_t()
        sigfillset(&all)
        posix_spawnattr_setsigdefault(&attributes, &all)
        var none = sigset_t()
        sigemptyset(&none)
        posix_spawnattr_setsigmask(&attributes, &none)
    }

    /// A session of its own; the first terminal opened in it becomes the controlling one.
    mutating func startSession() { flags |= test_session_flag() }
    mutating func open(_ path: String, as number: Int32) {
        posix_spawn_file_actions_addopen(&actions, number, path, O_RDWR, 0)
    }
    mutating func append(_ path: String, as number: Int32) {
        posix_spawn_file_actions_addopen(&actions, number, path, O_WRONLY | O_CREAT | O_APPEND, 0o600)
    }
    mutating func duplicate(_ source: Int32, as number: Int32) {
        posix_spawn_file_actions_adddup2(&actions, source, number)
    }
    mutating func directory(_ path: String) { _ = test_change_directory(&actions, path) }

    /// Starts the program with the three standard descriptors and no other.
    mutating func spawn(_ command: [String], _ environment: [String: String]) throws -> pid_t {
        _ = test_close_from(&actions, 3)
        posix_spawnattr_setflags(&attributes, flags)
        var arguments: [UnsafeMutablePointer<CChar>?] = command.map { strdup($0) }
        arguments.append(nil)
        var variables: [UnsafeMutablePointer<CChar>?] = environment.map { strdup("\($0.key)=\($0.value)") }
        variables.append(nil)
        defer { for pointer in arguments + variables { free(pointer) } }
        let program = try Self.locate(command[0], in: environment["PATH"] ?? "")
        var processID: pid_t = 0
        let result = posix_spawn(&processID, program, &actions, &attributes, arguments, variables)
        guard result == 0 else { throw TestFailure("start \(program): \(String(cString: strerror(result)))") }
        return processID
    }

    mutating func destroy() {
        posix_spawn_file_actions_destroy(&actions)
        posix_spawnattr_destroy(&attributes)
    }

    /// The file that `name` means; the path searched is the child's, not ours.
    static func locate(_ name: String, in path: String) throws -> String {
        if name.utf8.contains(UInt8(ascii: "/")) { return name }
        for folder in path.split(separator: ":") where access("\(folder)/\(name)", X_OK) == 0 {
            return "\(folder)/\(name)"
        }
        throw TestFailure("no program \(name) in \(path)")
    }
}

/// A pseudo terminal: we hold the main end, a child opens the other one by its path.
struct Terminal {
    let main: Descriptor
    let path: String

    init(rows: UInt16, columns: UInt16) throws {
        var name = [CChar](repeating: 0, count: 64)
        main = try Descriptor(test_open_terminal(&name, name.count), "open terminal")
        path = String(decoding: name.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
        var size = winsize(ws_row: rows, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0)
        guard ioctl(main.number, UInt(TIOCSWINSZ), &size) == 0 else { throw TestFailure("size: errno \(errno)") }
    }
}
