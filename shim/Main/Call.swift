import CShim

/// One request that is being served, and the way back for its answer.
struct Call {
    let connection: Connection
    let stream: UInt32
    /// The caller's patience in milliseconds; 0 for no end.
    let timeout: Int

    func reply(_ payload: [UInt8]) {
        connection.finish(stream, .success(payload))
    }

    func replyEmpty() {
        reply([])
    }

    func fail(_ error: RPCError) {
        connection.finish(stream, .failure(error))
    }
}

extension Result where Success == [UInt8], Failure == RPCError {
    /// The body of a ttrpc Response. Success leaves the status out, as the Go server does.
    var responseBody: [UInt8] {
        let arena = Arena()
        var response = Ttrpc__Response()
        ttrpc__response__init(&response)
        switch self {
        case .success(let payload):
            response.payload = arena.data(payload)
        case .failure(let error):
            var status = Ttrpc__Status()
            ttrpc__status__init(&status)
            status.code = error.code.rawValue
            status.message = arena.string(error.message)
            response.status = arena.place(status)
        }
        return packed(&response)
    }
}
