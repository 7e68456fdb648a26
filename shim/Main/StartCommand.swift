import CShim

/// `start`: makes the socket, leaves a serving shim behind and prints where it listens.
///
/// containerd reads stdout and stderr as one answer and waits for both to close, so nothing else is printed and the
/// daemon inherits neither.
struct StartCommand {
    private var arguments: Arguments

    init(_ arguments: Arguments) {
        self.arguments = arguments
    }

    mutating func run() -> Int32 {
        do throws(SystemError) {
            let request = readRequest()
            // A daemon that sends its parameters may leave out the flags that say the same.
            if arguments.address.isEmpty { arguments.address = request.grpcAddress }
            if arguments.publishBinary.isEmpty { arguments.publishBinary = request.publishBinary }
            if request.isDebug { arguments.isDebug = true }
            let directory =
                request.socketDirectory ?? Environment.value("SWCTR_SHIM_SOCKET_DIR")
                ?? ShimAddress.defaultDirectory
            let group = Files.read("config.json").flatMap { BundleConfig($0).group } ?? arguments.id
            let address = ShimAddress(
                directory: directory, containerdAddress: arguments.address, namespace: arguments.namespace, group: group
            )
            if let refusal = request.options.taskAPIRefusal(servedAt: address) {
                complain(refusal.message)
                return 1
            }
            Files.makeDirectories(directory, mode: 0o700)
            Files.remove(ExitRecord.fileName)
            var daemon: pid_t = 0
            var socket = try listen(at: address.path, in: directory)
            let isFirst = socket != nil
            do throws(SystemError) {
                // Before there is a daemon, which nobody could find without it.
                try Files.write("address", address.url, mode: 0o644)
                if let listener = socket.take() { daemon = try launch(listener.raw, request) }
                guard answer(address, request) else { throw SystemError("answer") }
            } catch {
                if daemon > 0 { _ = kill(daemon, SIGKILL) }
                if isFirst { for path in [address.path, "address"] { Files.remove(path) } }
                throw error
            }
            return 0
        } catch {
            complain(error.text)
            return 1
        }
    }

    /// What the caller wrote to stdin.
    private struct Request {
        /// A daemon of 2.3 or newer, which wants its answer as protobuf.
        var isBootstrap = false
        var socketDirectory: Text?
        var ttrpcAddress: Text = ""
        var grpcAddress: Text = ""
        var publishBinary: Text = ""
        var isDebug = false
        var options = RuntimeOptions()
    }

    /// BootstrapParams' LogLevel: what is this or below wants more than the usual.
    private static let debugLevel: Int32 = -4

    /// Reads the request to its end. Never fails: what cannot be understood is an older or newer caller's business.
    private func readRequest() -> Request {
        var request = Request()
        guard isatty(0) == 0, let input = Files.read(descriptor: 0, limit: 10 << 20), !input.isEmpty else {
            return request
        }
        if let params = Decoded(
            input.bytes, containerd__runtime__bootstrap__v1__bootstrap_params__unpack,
            containerd__runtime__bootstrap__v1__bootstrap_params__free_unpacked),
            // An Any has the same wire types; only the values tell the two apart.
            Text(params.value.instance_id) == arguments.id, Text(params.value.namespace_) == arguments.namespace
        {
            let value = params.value
            request.isBootstrap = true
            let directory = Text(value.socket_dir)
            request.socketDirectory = directory.isEmpty ? nil : directory
            request.ttrpcAddress = Text(value.containerd_ttrpc_address)
            request.grpcAddress = Text(value.containerd_grpc_address)
            request.publishBinary = Text(value.containerd_binary)
            request.isDebug = value.log_level <= Self.debugLevel
            for index in 0..<value.n_extensions {
                read(value.extensions?[index]?.pointee.value, &request)
            }
            return request
        }
        if let any = Decoded(input.bytes, google__protobuf__any__unpack, google__protobuf__any__free_unpacked) {
            var value = any.value
            withUnsafeMutablePointer(to: &value) { read($0, &request) }
        }
        return request
    }

    private func read(_ any: UnsafeMutablePointer<Google__Protobuf__Any>?, _ request: inout Request) {
        if case .success(let options) = RuntimeOptions.decode(any), options != RuntimeOptions() {
            request.options = options
        }
    }

    /// Nil if a shim of the same group already listens there; a dead one's socket is replaced.
    ///
    /// One `start` at a time: between another's bind and listen its socket looks dead.
    private func listen(at path: Text, in directory: Text) throws(SystemError) -> OwnedFD? {
        let lock = try UnixSocket.lockDirectory(directory)
        guard lock.isOpen else { return nil }
        do throws(SystemError) {
            return try UnixSocket.listen(at: path)
        } catch {
            guard error.number == EADDRINUSE, UnixSocket.presence(at: path) == .alive else { throw error }
            return nil
        }
    }

    private func launch(_ listener: Int32, _ request: Request) throws(SystemError) -> pid_t {
        let null = OwnedFD(adopting: Text("/dev/null").withCString { shim_open($0, O_RDWR | O_NOCTTY, 0) })
        guard null.isOpen else { throw SystemError("open /dev/null") }
        if let wish = Environment.value("SCHED_CORE"), !wish.isEmpty, shim_create_core_schedule() != 0 {
            throw SystemError("enable core scheduling")
        }
        var words: [Text] = [
            Self.ownPath(), "-namespace", arguments.namespace, "-id", arguments.id, "-address", arguments.address,
        ]
        if !arguments.publishBinary.isEmpty { words += ["-publish-binary", arguments.publishBinary] }
        if !arguments.debugSocket.isEmpty { words += ["-debug-socket", arguments.debugSocket] }
        if arguments.isDebug { words.append("-debug") }
        var daemon = Spawn(
            program: "/proc/self/exe", arguments: words, descriptors: [null.raw, null.raw, null.raw, listener])
        daemon.asGroupLeader = true
        daemon.closingOthers = true
        if (Environment.value("TTRPC_ADDRESS") ?? "").isEmpty, !request.ttrpcAddress.isEmpty {
            daemon.environment.append("TTRPC_ADDRESS=" + request.ttrpcAddress)
        }
        let pid = try daemon.start()
        adjustOutOfMemoryScore(pid)
        if !request.options.shimCgroup.isEmpty {
            do throws(SystemError) {
                try ShimCgroup.join(request.options.shimCgroup, pid)
            } catch {
                _ = kill(pid, SIGKILL)
                throw error
            }
        }
        return pid
    }

    /// The shim goes just before its daemon when memory runs out. Lacking the right to say so is no error.
    private func adjustOutOfMemoryScore(_ pid: pid_t) {
        guard let score = Files.read("/proc/\(getppid())/oom_score_adj")?.trimmed.decimal else { return }
        let fd = OwnedFD(adopting: Text("/proc/\(pid)/oom_score_adj").withCString { shim_open($0, O_WRONLY, 0) })
        if fd.isOpen { _ = Files.writeAll(fd.raw, Text("\(min(score + 1, 1000))").bytes) }
    }

    private func answer(_ address: ShimAddress, _ request: Request) -> Bool {
        guard request.isBootstrap else {
            // No daemon that speaks of version 3 takes JSON of it for an address; one that does not may be confused.
            let version = Environment.value("MAX_SHIM_VERSION")?.decimal ?? 2
            let text: Text =
                version >= 3
                ? "{\"version\":3,\"address\":\(address.url.jsonQuoted),\"protocol\":\"ttrpc\"}" : address.url
            return Files.writeAll(1, text.bytes)
        }
        let arena = Arena()
        var result = Containerd__Runtime__Bootstrap__V1__BootstrapResult()
        containerd__runtime__bootstrap__v1__bootstrap_result__init(&result)
        result.version = 3
        result.address = arena.string(address.url)
        // Last on the wire, and it must be: 2.3.0 to 2.3.3 trim white space off the end before they decode.
        result.protocol = arena.string("ttrpc")
        return Files.writeAll(1, packed(&result))
    }

    /// For the daemon's command line, as an operator sees it.
    private static func ownPath() -> Text {
        let path = Files.readLink("/proc/self/exe")
        return path.isEmpty ? "containerd-shim-swctr-v2" : path
    }
}
