import CShim

/// From a frame to its method.
extension Server {
    func dispatch(_ connection: Connection, _ stream: UInt32, _ body: [UInt8]) {
        guard let request = Decoded(body, ttrpc__request__unpack, ttrpc__request__free_unpacked) else {
            let call = Call(connection: connection, stream: stream, timeout: 0)
            call.fail(
                RPCError(.invalidArgument, "unmarshal request error: proto: cannot parse invalid wire-format data"))
            return
        }
        let value = request.value
        let timeout = value.timeout_nano <= 0 ? 0 : max(1, Int(value.timeout_nano / 1_000_000))
        let call = Call(connection: connection, stream: stream, timeout: timeout)
        switch TaskMethod.resolve(service: Text(value.service), method: Text(value.method)) {
        case .failure(let error): call.fail(error)
        case .success(let method): perform(method, call, [UInt8](value.payload))
        }
    }

    private func perform(_ method: TaskMethod, _ call: Call, _ payload: [UInt8]) {
        switch method {
        case .state: state(call, payload)
        case .create: create(call, payload)
        case .start: start(call, payload)
        case .delete: delete(call, payload)
        case .pids: pids(call, payload)
        case .pause: pause(call, payload)
        case .resume: resume(call, payload)
        case .kill: kill(call, payload)
        case .exec: exec(call, payload)
        case .resizePty: resizePty(call, payload)
        case .closeIO: closeIO(call, payload)
        case .wait: wait(call, payload)
        case .connect: connect(call, payload)
        case .shutdown: shutdown(call, payload)
        case .update: update(call, payload)
        case .stats: stats(call, payload)
        case .checkpoint: checkpoint(call, payload)
        }
    }

    /// The answer to a payload that is not the method's message.
    func failUndecodable(_ call: Call) {
        call.fail(
            RPCError(
                .internalError, "ttrpc: error unmarshalling payload: proto: cannot parse invalid wire-format data"))
    }

    /// The container of a request, or the answer that there is none.
    func find(_ id: Text, _ call: Call) -> Container? {
        if let container = containers.first(where: { $0.id == id }) { return container }
        call.fail(.containerNotCreated)
        return nil
    }

    /// A container and one of its processes; an empty exec id means its init.
    func find(_ id: UnsafePointer<CChar>?, _ execID: UnsafePointer<CChar>?, _ call: Call) -> (Container, TaskProcess)? {
        guard let container = find(Text(id), call) else { return nil }
        let exec = Text(execID)
        if exec.isEmpty { return (container, container.initProcess) }
        if let process = container.exec(exec) { return (container, process) }
        call.fail(.noSuchExec(exec))
        return nil
    }
}
