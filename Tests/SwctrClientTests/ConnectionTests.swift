import SwctrClient
import SwctrCore
import SwctrLinux
import SwctrProto
import SwctrWire
import SwiftProtobuf
import Testing

@Suite("Calls over a blocking socket")
struct ConnectionTests {
    private func client(
        _ options: Client.Options = .init(), script: @escaping @Sendable (ScriptedManager) throws -> Void
    ) throws -> (Client, Script) {
        let (near, far) = try ScriptedManager.pair()
        let script = Script { try script(ScriptedManager(OwnedFD(adopting: far))) }
        return (Client(options, over: Connection(adopting: OwnedFD(adopting: near))), script)
    }

    @Test("a unary call carries service, method, namespace and message, and brings the answer")
    func unary() throws {
        let (client, script) = try client(.init(namespace: Namespace("web"))) { manager in
            let call = try manager.next()
            #expect((call.service, call.method, call.namespace) == (ServiceName.containers, "Get", "web"))
            #expect(try call.message(Swctr_V1_GetContainerRequest.self).id == "a")
            var response = Swctr_V1_GetContainerResponse()
            response.container.image = "busybox"
            try manager.respond(call, response)
        }
        var request = Swctr_V1_GetContainerRequest()
        request.id = "a"
        let response: Swctr_V1_GetContainerResponse = try client.call(ServiceName.containers, "Get", request)
        #expect(response.container.image == "busybox")
        try script.join()
    }

    @Test("an empty answer is an answer")
    func empty() throws {
        let (client, script) = try client { manager in try manager.respond(try manager.next()) }
        let response: Swctr_V1_KillTaskResponse = try client.call("s", "Kill", Swctr_V1_KillTaskRequest())
        #expect(response == Swctr_V1_KillTaskResponse())
        try script.join()
    }

    @Test("an error comes back with code, subject, hint and causes")
    func failure() throws {
        let sent = EngineError(
            .notFound, operation: "resolve", subject: "image \"x\"", message: "not found", hint: "look",
            causes: ["deep"])
        let (client, script) = try client { manager in manager.fail(try manager.next(), sent) }
        let error = #expect(throws: EngineError.self) {
            let _: Swctr_V1_KillTaskResponse = try client.call("s", "m", Swctr_V1_KillTaskRequest())
        }
        #expect(error?.code == .notFound)
        #expect((error?.subject, error?.message, error?.hint) == (sent.subject, sent.message, sent.hint))
        #expect(error?.causes == ["deep"])
        try script.join()
    }

    @Test("a connection that is closed in the middle of a call is unavailable")
    func lost() throws {
        let (client, script) = try client { manager in _ = try manager.next() }
        let error = #expect(throws: EngineError.self) {
            let _: Swctr_V1_KillTaskResponse = try client.call("s", "m", Swctr_V1_KillTaskRequest())
        }
        #expect(error?.code == .unavailable)
        try script.join()
    }

    @Test("a stream's messages come in order until it ends")
    func stream() throws {
        let (client, script) = try client { manager in
            let call = try manager.next()
            for pid in UInt32(1)...100 { try manager.started(call, pid: pid) }
            manager.end(call)
        }
        var pids: [UInt32] = []
        try client.stream("s", "m", Swctr_V1_RunRequest(), returning: Swctr_V1_ProcessEvent.self) { event in
            pids.append(event.started.pid)
            return true
        }
        #expect(pids == Array(1...100))
        try script.join()
    }

    @Test("an exchange sends all parts, then closes its side")
    func exchange() throws {
        let (client, script) = try client { manager in
            let call = try manager.next()
            var bytes = 0
            while true {
                let frame = try manager.frame()
                #expect(frame.streamID == call.stream)
                if frame.flags.contains(.remoteClosed) { break }
                bytes += try Swctr_V1_ImportRequest(serializedBytes: frame.body).data.count
            }
            var response = Swctr_V1_ImportResponse()
            response.image.name = "\(bytes)"
            try manager.send(response, on: call)
            manager.end(call)
        }
        var left = 50
        var names: [String] = []
        try client.exchange(
            "s", "Import", returning: Swctr_V1_ImportResponse.self,
            next: { () -> Swctr_V1_ImportRequest? in
                if left == 0 { return nil }
                left -= 1
                var request = Swctr_V1_ImportRequest()
                request.data = .init(repeating: 7, count: 100_000)
                return request
            }, each: { names.append($0.image.name) })
        #expect(names == ["5000000"])
        try script.join()
    }

    @Test("an exchange that is refused stops sending")
    func refusedExchange() throws {
        let (client, script) = try client { manager in
            manager.fail(try manager.next(), EngineError(.invalidArgument, message: "no"))
            while (try? manager.frame()) != nil {}
        }
        var sent = 0
        let error = #expect(throws: EngineError.self) {
            try client.exchange(
                "s", "Import", returning: Swctr_V1_ImportResponse.self,
                next: { () -> Swctr_V1_ImportRequest? in
                    sent += 1
                    var request = Swctr_V1_ImportRequest()
                    request.data = .init(repeating: 7, count: 100_000)
                    return sent > 100_000 ? nil : request
                }, each: { _ in })
        }
        #expect(error?.code == .invalidArgument)
        #expect(sent < 100_000)
        client.connection.forget(try client.connection.open("s", "m", nil, shape: .unary, namespace: "", timeout: nil))
        _ = consume client
        try script.join()
    }

    @Test("a deadline ends a call that nobody answers")
    func deadline() throws {
        let (near, far) = try ScriptedManager.pair()
        let silent = OwnedFD(adopting: far)
        let client = Client(
            .init(timeout: .milliseconds(50)), over: Connection(adopting: OwnedFD(adopting: near)))
        let error = #expect(throws: EngineError.self) {
            let _: Swctr_V1_KillTaskResponse = try client.call("s", "m", Swctr_V1_KillTaskRequest())
        }
        #expect(error?.code == .deadlineExceeded)
        #expect(silent.number >= 0)
    }

    @Test("nobody at the address: unavailable, with the address in it")
    func nobody() {
        let error = #expect(throws: EngineError.self) { _ = try Client(.init(address: "/nonexistent/x.sock")) }
        #expect(error?.code == .unavailable)
        #expect(error?.subject == "manager at /nonexistent/x.sock")
    }
}
