import CShim

/// Where a stream's output goes: a client's FIFO with our hold on its other end, a file, or a log of ours.
struct Sink: ~Copyable {
    /// Closed where there is a log, and where the stream is not wanted.
    var writer = OwnedFD()
    var log: LogStream?
    /// Our own read end of a FIFO: keeps the container from SIGPIPE when its client leaves.
    var hold = OwnedFD()
    var isFIFO = false
    /// Whether a reader was there when the FIFO was opened.
    var readerSeen = false

    /// Whether somebody wants the stream.
    var isWanted: Bool { writer.isOpen || isLog }

    var isLog: Bool {
        switch log {
        case .some: true
        case .none: false
        }
    }

    /// Opens what Create or Exec named for `stream`, `stdout` or `stderr`. Never blocks, whether or not a client is there.
    static func open(_ address: StdioAddress, _ stream: Text, _ logs: LogFiles) throws(RPCError) -> Sink {
        var sink = Sink()
        switch address {
        case .none, .program:
            return sink  // a program's pipe is made with it
        case .log(let address):
            sink.log = try logs.open(address, stream: stream)
            return sink
        case .file(let path):
            if let slash = path.lastIndex(of: 0x2f), slash > 0 {
                Files.makeDirectories(path.prefix(slash), mode: 0o755)
            }
            sink.writer.replace(
                adopting: path.withCString {
                    shim_open($0, O_WRONLY | O_CREAT | O_APPEND | O_NONBLOCK | O_NOCTTY, 0o644)
                })
            if !sink.writer.isOpen { throw openError("opening file", path) }
            return sink
        case .path(let path):
            sink.isFIFO = try isFIFO(path)
            guard sink.isFIFO else {
                sink.writer.replace(
                    adopting: path.withCString { shim_open($0, O_WRONLY | O_APPEND | O_NONBLOCK | O_NOCTTY, 0) })
                if !sink.writer.isOpen { throw openError("opening file", path) }
                return sink
            }
            // Without a reader the first attempt fails with ENXIO instead of waiting.
            sink.writer.replace(adopting: path.withCString { shim_open($0, O_WRONLY | O_NONBLOCK, 0) })
            sink.readerSeen = sink.writer.isOpen
            sink.hold.replace(adopting: path.withCString { shim_open($0, O_RDONLY | O_NONBLOCK, 0) })
            if !sink.hold.isOpen { throw openError("opening r/o fifo", path) }
            if !sink.writer.isOpen {
                sink.writer.replace(adopting: path.withCString { shim_open($0, O_WRONLY | O_NONBLOCK, 0) })
                if !sink.writer.isOpen { throw openError("opening w/o fifo", path) }
            }
            return sink
        }
    }

    /// The pipe to a logging program, which reads from the start and is treated like a client's FIFO.
    static func pipe(adopting writer: Int32) -> Sink {
        var sink = Sink()
        sink.writer.replace(adopting: writer)
        _ = shim_set_nonblocking(writer)
        sink.isFIFO = true
        sink.readerSeen = true
        return sink
    }

    static func isFIFO(_ path: Text) throws(RPCError) -> Bool {
        var status = stat()
        if path.withCString({ stat($0, &status) }) != 0 { throw openError("opening file", path) }
        return status.st_mode & mode_t(S_IFMT) == mode_t(S_IFIFO)
    }

    static func openError(_ what: Text, _ path: Text) -> RPCError {
        let cause = SystemError("open \(path)")
        return RPCError(
            .unknown,
            "failed to start io pipe copy: unable to copy pipes: containerd-shim: \(what) \"\(path)\" failed: \(cause.text)"
        )
    }

    /// Takes the hold again, without needing the path to exist still.
    mutating func takeHold() {
        guard isFIFO, !hold.isOpen, writer.isOpen else { return }
        let path: Text = "/proc/self/fd/\(writer.raw)"
        hold.replace(adopting: path.withCString { shim_open($0, O_RDONLY | O_NONBLOCK, 0) })
    }

    /// Whether a write would move something now, and whether the last reader is gone.
    borrowing func poll() -> (hasRoom: Bool, isBroken: Bool) {
        var entry = pollfd(fd: writer.raw, events: Int16(POLLOUT), revents: 0)
        _ = CShim.poll(&entry, 1, 0)
        return (Int32(entry.revents) & POLLOUT != 0, Int32(entry.revents) & (POLLERR | POLLNVAL) != 0)
    }

    mutating func close() {
        writer.close()
        hold.close()
        log = nil
    }
}
