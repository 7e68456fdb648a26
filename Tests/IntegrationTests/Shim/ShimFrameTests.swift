import Foundation
import SwctrCore
import SwctrProto
import SwctrTestSupport
import SwctrWire
import SwiftProtobuf
import Testing

extension Integration {
    @Suite("Shim: frames")
    struct ShimFrameTests {
        /// Debian's shim has an older ttrpc server, which answers some of these otherwise.
        @Test("wrong frames are answered as the Go server does, and the connection goes on")
        func wrongFrames() throws {
            try ShimFixture.with(.runc) { shim in
                let peer = try WirePeer(to: shim.socket)
                func status(_ bytes: [UInt8]) throws -> RPCStatus {
                    #expect(try peer.send(bytes))
                    let frame = try #require(try peer.receive())
                    return try #require(RPCStatus(try Ttrpc_Response(serializedBytes: frame.body)))
                }
                func request(
                    _ stream: UInt32, _ service: String, _ method: String, _ payload: [UInt8] = []
                ) throws -> [UInt8] {
                    var request = Ttrpc_Request()
                    request.service = service
                    request.method = method
                    request.payload = .init(payload)
                    return Frame(streamID: stream, kind: .request, body: try request.serializedBytes()).encoded
                }
                let task = ServiceName.taskV2
                var header: [UInt8] = []
                FrameHeader(length: UInt32(FrameHeader.maximumLength) + 1, streamID: 1, kind: .request).encode(
                    into: &header)
                let large = try status(header + [UInt8](repeating: 0, count: Int(FrameHeader.maximumLength) + 1))
                #expect(large.code == .resourceExhausted)
                #expect(large.message == "message length 4194305 exceed maximum message size of 4194304")

                let even = try status(request(2, task, "State"))
                #expect(even.code == .invalidArgument)
                #expect(even.message == "StreamID must be odd for client initiated streams")

                let garbage = try status(Frame(streamID: 3, kind: .request, body: [0xff, 0xff, 0xff]).encoded)
                #expect(garbage.code == .invalidArgument)
                #expect(garbage.message.hasPrefix("unmarshal request error: "))

                let again = try status(request(3, task, "State"))
                #expect(again.code == .invalidArgument)
                #expect(again.message == "StreamID cannot be re-used and must increment")

                let service = try status(request(5, "containerd.task.v9.Task", "State"))
                #expect(service.code == .unimplemented)
                #expect(service.message == "service containerd.task.v9.Task")
                let method = try status(request(7, task, "Nonsense"))
                #expect(method.code == .unimplemented)
                #expect(method.message == "method Nonsense")
                let payload = try status(request(9, task, "State", [0xff]))
                #expect(payload.code == .internal)
                #expect(payload.message.hasPrefix("ttrpc: error unmarshalling payload: "))
                let data = try status(Frame(streamID: 99, kind: .data, flags: .remoteClosed, body: [1]).encoded)
                #expect(data.code == .invalidArgument)
                #expect(data.message == "StreamID is no longer active")

                // A kind that nobody knows is not answered; the next request is.
                #expect(try peer.send(Frame(streamID: 11, kind: .response, body: [1, 2]).encoded))
                #expect(try status(request(13, task, "Nonsense")).code == .unimplemented)

                try shim.create()
                try shim.startTask()
                #expect(try peer.send(request(15, task, "Wait", shim.waitRequest().serializedBytes())))
                let live = try status(Frame(streamID: 15, kind: .data, flags: .remoteClosed, body: []).encoded)
                #expect(live.code == .invalidArgument)
                #expect(try shim.state().status == .running)
            }
        }

        @Test("both versions of the task service answer on one socket")
        func versions() throws {
            try ShimFixture.with(.runc) { shim in
                var request = Containerd_Task_V2_ConnectRequest()
                request.id = "a"
                for service in [ServiceName.taskV2, ServiceName.taskV3] {
                    let answer: Containerd_Task_V2_ConnectResponse = try shim.peer().call(service, "Connect", request)
                    #expect(answer.shimPid > 1)
                }
            }
        }

        @Test("a deadline that passes ends a Wait", .timeLimit(.minutes(1)))
        func deadline() throws {
            try ShimFixture.with(.runc) { shim in
                try shim.create()
                try shim.startTask()
                let peer = try WirePeer(to: shim.socket)
                let wait = try Ttrpc_Request(
                    service: ServiceName.taskV2, method: "Wait", message: shim.waitRequest(),
                    timeout: .milliseconds(50))
                #expect(
                    try peer.send(Frame(streamID: 1, kind: .request, body: try wait.serializedBytes()).encoded))
                let frame = try #require(try peer.receive())
                let status = try #require(RPCStatus(try Ttrpc_Response(serializedBytes: frame.body)))
                #expect(status.code == .deadlineExceeded)
            }
        }
    }
}
