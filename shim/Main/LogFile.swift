import CShim

/// One log in the format of the CRI, which this shim writes: the lines of one stream or of both.
///
/// A line is written whole or not at all, and nothing that happens to the file holds its container up: what cannot be
/// written is dropped and counted.
final class LogFile {
    let address: LogAddress
    private let log: Log
    private let scratch: Scratch
    private var file = OwnedFD()
    /// What the file is believed to hold; somebody may have emptied it meanwhile.
    private var size = 0
    /// Bytes of `scratch.output` that wait for `flush`.
    private var gathered = 0
    /// Lines dropped since the last note about them, and when that note may be made.
    private var droppedLines = 0
    private var noteTime = 0
    private var lastCause: Int32 = 0
    private(set) var totalDroppedLines = 0
    fileprivate var streams = 0

    private static let mode: mode_t = 0o640
    private static let folderMode: mode_t = 0o755
    /// How long lines are counted before the next note, in milliseconds.
    private static let noteInterval = 1000

    fileprivate init(_ address: LogAddress, log: Log, scratch: Scratch) throws(RPCError) {
        self.address = address
        self.log = log
        self.scratch = scratch
        do throws(SystemError) {
            try open()
        } catch {
            throw RPCError(.unknown, "failed to open log file: \(error.text)")
        }
    }

    /// Writes a portion of a stream. The lines of one portion have one time.
    func append(_ portion: UnsafeRawBufferPointer, stream: Text) {
        let time = Clock.now()
        let whole = LogLine.header(stream, at: time, isWhole: true)
        let partial = LogLine.header(stream, at: time, isWhole: false)
        var position = 0
        while let line = LogLine.next(in: portion, from: position, longest: address.rotation.longestText) {
            position = line.end
            if address.rotation.isDue(size: size + gathered, line: line.size) {
                flush()
                rotate(for: line.size)
            }
            if gathered + line.size > scratch.output.count { flush() }
            (line.isWhole ? whole : partial).bytes.withUnsafeBytes { gather($0, 0, $0.count) }
            gather(portion, line.start, line.count)
            scratch.output[gathered] = UInt8(ascii: "\n")
            gathered += 1
        }
        flush()
    }

    /// Goes on in the file that has the name now, after somebody has renamed or removed the one that is open.
    func reopen() {
        do throws(SystemError) {
            try open()
        } catch {
            log.warning("log \(address.path) is not reopened, its old file goes on: \(error.text)")
        }
    }

    fileprivate func isOpen(_ identity: Files.Identity?) -> Bool {
        identity != nil && Files.identity("/proc/self/fd/\(file.raw)") == identity
    }

    private func gather(_ bytes: UnsafeRawBufferPointer, _ start: Int, _ count: Int) {
        guard count > 0 else { return }
        memcpy(scratch.output.baseAddress.map { $0 + gathered }, bytes.baseAddress.map { $0 + start }, count)
        gathered += count
    }

    private func open() throws(SystemError) {
        let path = address.path
        if let slash = path.lastIndex(of: UInt8(ascii: "/")), slash > 0 {
            Files.makeDirectories(path.prefix(slash), mode: Self.folderMode)
        }
        // Not blocking, for what turns out not to be a file.
        let flags = O_RDWR | O_APPEND | O_CREAT | O_NONBLOCK | O_NOCTTY
        var opened = OwnedFD(adopting: path.withCString { shim_open($0, flags, Self.mode) })
        var status = stat()
        guard opened.isOpen, fstat(opened.raw, &status) == 0 else { throw SystemError("open \(path)") }
        guard status.st_mode & mode_t(S_IFMT) == mode_t(S_IFREG) else {
            throw SystemError("open \(path) (not a plain file)", EINVAL)
        }
        file.replace(adopting: opened.take())
        size = Int(status.st_size)
        // A writer that was killed in the middle of a line must not spoil ours.
        var last: UInt8 = 0
        if size > 0, pread(file.raw, &last, 1, off_t(size - 1)) == 1, last != UInt8(ascii: "\n") {
            scratch.output[0] = UInt8(ascii: "\n")
            gathered = 1
            flush()
        }
    }

    /// Frees the name for a new file and goes on there. If that is not possible, the old file takes more than its limit.
    private func rotate(for line: Int) {
        var status = stat()
        if fstat(file.raw, &status) == 0 { size = Int(status.st_size) }
        guard address.rotation.isDue(size: size, line: line) else { return }
        do throws(SystemError) {
            try moveAside()
            try open()
        } catch {
            log.warning("log \(address.path) is not rotated: \(error.text)")
            size = 0  // try again when as much again has been written
        }
    }

    /// The full file's own name changes first: where it cannot, the older ones stay as they are too.
    private func moveAside() throws(SystemError) {
        let path = address.path
        let renames = address.rotation.renames(of: path)
        if renames.isEmpty {
            if path.withCString({ unlink($0) }) != 0, shim_errno() != ENOENT { throw SystemError("unlink \(path)") }
            return
        }
        let aside = path + ".0"
        // Whoever was killed in the middle of this has left one.
        if Files.exists(aside) { try shift(renames, aside) }
        if try !Files.rename(path, aside) { return }
        do throws(SystemError) {
            try shift(renames, aside)
        } catch {
            _ = try Files.rename(aside, path)
            throw SystemError("rename \(path)", error.number)
        }
    }

    private func shift(_ renames: [(old: Text, new: Text)], _ aside: Text) throws(SystemError) {
        for (old, new) in renames { _ = try Files.rename(old == address.path ? aside : old, new) }
    }

    /// Writes what has been gathered. Of a line that the file did not take whole, nothing stays.
    private func flush() {
        let count = gathered
        scratch.note(count)
        gathered = 0
        guard count > 0 else { return }
        var written = 0
        var cause: Int32 = 0
        while written < count, cause == 0 {
            let more = retrying {
                write(file.raw, scratch.output.baseAddress.map { $0 + written }, count - written)
            }
            if more > 0 { written += more } else { cause = more < 0 ? shim_errno() : ENOSPC }
        }
        if cause == 0 {
            size += count
            noteDropped(isOver: true)
        } else {
            drop(after: written, of: count, cause)
        }
    }

    private func drop(after written: Int, of count: Int, _ cause: Int32) {
        var kept = written
        while kept > 0, scratch.output[kept - 1] != UInt8(ascii: "\n") { kept -= 1 }
        var status = stat()
        if kept < written, fstat(file.raw, &status) == 0 {
            _ = ftruncate(file.raw, status.st_size - off_t(written - kept))
        }
        size += kept
        let lines = scratch.output[kept..<count].reduce(into: 0) { $0 += $1 == UInt8(ascii: "\n") ? 1 : 0 }
        droppedLines += lines
        totalDroppedLines += lines
        if lastCause != cause {
            lastCause = cause
            log.warning("log \(address.path) drops lines: \(SystemError("write", cause).text)")
            noteTime = Clock.milliseconds() + Self.noteInterval
        }
        noteDropped(isOver: false)
    }

    /// Tells how many lines are missing, not more often than once in an interval.
    private func noteDropped(isOver: Bool) {
        guard droppedLines > 0, Clock.milliseconds() >= noteTime else { return }
        log.warning("log \(address.path): \(droppedLines) lines were dropped")
        droppedLines = 0
        noteTime = Clock.milliseconds() + Self.noteInterval
        if isOver { lastCause = 0 }
    }

    fileprivate func close() {
        noteTime = 0
        noteDropped(isOver: true)
        file.close()
    }
}

/// One stream's way into a log; the log's file is closed with the last of them.
struct LogStream: ~Copyable {
    let file: LogFile
    private let name: Text
    private let files: LogFiles

    fileprivate init(_ file: LogFile, name: Text, files: LogFiles) {
        self.file = file
        self.name = name
        self.files = files
        file.streams += 1
    }

    func append(_ portion: UnsafeRawBufferPointer) {
        file.append(portion, stream: name)
    }

    deinit {
        file.streams -= 1
        if file.streams == 0 { files.close(file) }
    }
}

/// The logs that this shim writes. Streams that name one path share its file, or its rotation would lose lines.
final class LogFiles {
    private let log: Log
    private let scratch: Scratch
    private(set) var all: [LogFile] = []

    init(log: Log, scratch: Scratch) {
        self.log = log
        self.scratch = scratch
    }

    /// The log at an address for a stream, `stdout` or `stderr`.
    func open(_ address: LogAddress, stream: Text) throws(RPCError) -> LogStream {
        // By any name: links and spellings lead to one file, too.
        let identity = Files.identity(address.path)
        if let file = all.first(where: { $0.address.path == address.path || $0.isOpen(identity) }) {
            guard file.address.rotation == address.rotation else {
                throw .invalid("log \(address.path) is being written with other limits")
            }
            return LogStream(file, name: stream, files: self)
        }
        let file = try LogFile(address, log: log, scratch: scratch)
        all.append(file)
        return LogStream(file, name: stream, files: self)
    }

    /// For logrotate and its like.
    func reopen() {
        for file in all { file.reopen() }
    }

    fileprivate func close(_ file: LogFile) {
        file.close()
        all.removeAll { $0 === file }
        if all.isEmpty { all = [] }
    }
}
