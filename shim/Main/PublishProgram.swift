import CShim

/// The way that events went before ttrpc: a program of the daemon's, run once for every event.
struct PublishProgram {
    private let program: Text
    private let address: Text
    private let namespace: Text
    private let null: Int32
    private let adopt: (pid_t, @escaping (Bool) -> Void) -> Void

    /// Nil if the daemon named no program.
    ///
    /// - Parameter adopt: has the loop call back when a child of ours has ended, with whether it succeeded.
    init?(_ arguments: Arguments, null: Int32, adopt: @escaping (pid_t, @escaping (Bool) -> Void) -> Void) {
        guard !arguments.publishBinary.isEmpty else { return nil }
        program = arguments.publishBinary
        address = arguments.address
        namespace = arguments.namespace
        self.null = null
        self.adopt = adopt
    }

    /// Starts it for a packed ForwardRequest; `completion` tells whether the event was taken.
    func send(_ request: [UInt8], completion: @escaping (Bool) -> Void) throws(SystemError) -> pid_t {
        guard let path = Spawn.find(program) else { throw SystemError("find \(program)", ENOENT) }
        guard
            let decoded = Decoded(
                request, containerd__services__events__ttrpc__v1__forward_request__unpack,
                containerd__services__events__ttrpc__v1__forward_request__free_unpacked),
            let envelope = decoded.value.envelope?.pointee, let event = envelope.event
        else { throw SystemError("decode event", EBADMSG) }
        let input = OwnedFD(adopting: shim_memory_file())
        guard input.isOpen, Files.writeAll(input.raw, packed(&event.pointee)), lseek(input.raw, 0, SEEK_SET) == 0 else {
            throw SystemError("keep event for \(program)")
        }
        let words = [
            program, "--address", address, "publish", "--topic", Text(envelope.topic), "--namespace", namespace,
        ]
        var spawn = Spawn(program: path, arguments: words, descriptors: [input.raw, null, null])
        spawn.endingWithParent = true
        let pid = try spawn.start()
        adopt(pid, completion)
        return pid
    }
}
