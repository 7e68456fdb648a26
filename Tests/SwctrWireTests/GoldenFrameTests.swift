import SwctrCore
import SwctrProto
import SwctrWire
import SwiftProtobuf
import Testing

/// Against frames that containerd and its runc shim exchanged; see Golden/ttrpc/README.md.
@Suite("Frames of a real containerd")
struct GoldenFrameTests {
    static let recordings = ["task.hex", "events.hex"]

    @Test("each direction decodes to its frames and encodes to its bytes again", arguments: recordings)
    func frames(file: String) throws {
        let recording = try Recording(file)
        for direction in [recording.toServer, recording.toClient] {
            let bytes = direction.flatMap { $0 }
            var decoder = FrameDecoder()
            var rest = bytes[...]
            var again: [[UInt8]] = []
            while case .frame(let frame) = decoder.next(from: &rest) { again.append(frame.encoded) }
            #expect(again == direction)
            #expect(!decoder.isMidFrame)
        }
    }

    @Test("requests carry no flags, and odd ids that grow", arguments: recordings)
    func requestHeaders(file: String) throws {
        var last: UInt32 = 0
        for frame in try Recording(file).requests {
            #expect(frame.kind == .request)
            #expect(frame.flags == [])
            #expect(!frame.streamID.isMultiple(of: 2))
            #expect(frame.streamID > last)
            last = frame.streamID
        }
    }

    @Test("envelopes and the messages in them encode to their bytes again", arguments: recordings)
    func messages(file: String) throws {
        let recording = try Recording(file)
        var methods: [UInt32: String] = [:]
        for frame in recording.requests {
            let request = try Ttrpc_Request(serializedBytes: frame.body)
            let again: [UInt8] = try request.serializedBytes()
            #expect(again == frame.body)
            methods[frame.streamID] = request.method
            let (type, _) = try #require(Self.types[request.method], "\(request.method)")
            #expect(try Self.recode(type, [UInt8](request.payload)) == [UInt8](request.payload))
        }
        for frame in recording.responses {
            #expect(frame.kind == .response)
            let response = try Ttrpc_Response(serializedBytes: frame.body)
            let again: [UInt8] = try response.serializedBytes()
            #expect(again == frame.body)
            let method = try #require(methods[frame.streamID])
            let (_, type) = try #require(Self.types[method])
            #expect(try Self.recode(type, [UInt8](response.payload)) == [UInt8](response.payload))
        }
    }

    @Test("our envelope of a recorded call is the recorded one", arguments: recordings)
    func ourEnvelope(file: String) throws {
        for frame in try Recording(file).requests {
            let request = try Ttrpc_Request(serializedBytes: frame.body)
            let (type, _) = try #require(Self.types[request.method])
            let message = try type.init(serializedBytes: request.payload)
            let ours = try Ttrpc_Request(
                service: request.service, method: request.method, message: message, timeout: request.timeout,
                metadata: request.metadataLists.compactMapValues(\.first))
            let bytes: [UInt8] = try ours.serializedBytes()
            #expect(bytes == frame.body)
        }
    }

    @Test("the recorded container did what the recording says")
    func contents() throws {
        let recording = try Recording("task.hex")
        let requests = try recording.requests.map { ($0.streamID, try Ttrpc_Request(serializedBytes: $0.body)) }
        let responses = try Dictionary(
            uniqueKeysWithValues: recording.responses.map {
                ($0.streamID, try Ttrpc_Response(serializedBytes: $0.body))
            })
        #expect(requests.allSatisfy { $0.1.service == ServiceName.taskV2 && $0.1.metadata.isEmpty })
        #expect(requests.first?.1.method == "Create")
        #expect(requests.last?.1.method == "Shutdown")

        let failed = responses.values.compactMap { RPCStatus($0) }
        #expect(failed.map(\.code) == [.notFound])
        #expect(EngineError(try #require(failed.first)).message.hasSuffix(": not found"))

        let waits = requests.filter { $0.1.method == "Wait" }
        let status = try waits.map { id, _ in
            try Containerd_Task_V2_WaitResponse(serializedBytes: try #require(responses[id]).payload).exitStatus
        }
        #expect(status == [0, 7])
    }

    @Test("shims name the namespace with every event")
    func events() throws {
        for frame in try Recording("events.hex").requests {
            let request = try Ttrpc_Request(serializedBytes: frame.body)
            #expect(request.service == ServiceName.eventsForward)
            #expect(request.metadataLists == [Metadata.namespaceKey: ["default"]])
            #expect(request.timeout != nil)
        }
    }

    // MARK: Message types by method

    private static let types: [String: (any Message.Type, any Message.Type)] = [
        "Create": (Containerd_Task_V2_CreateTaskRequest.self, Containerd_Task_V2_CreateTaskResponse.self),
        "Connect": (Containerd_Task_V2_ConnectRequest.self, Containerd_Task_V2_ConnectResponse.self),
        "Start": (Containerd_Task_V2_StartRequest.self, Containerd_Task_V2_StartResponse.self),
        "State": (Containerd_Task_V2_StateRequest.self, Containerd_Task_V2_StateResponse.self),
        "Exec": (Containerd_Task_V2_ExecProcessRequest.self, Google_Protobuf_Empty.self),
        "Wait": (Containerd_Task_V2_WaitRequest.self, Containerd_Task_V2_WaitResponse.self),
        "Delete": (Containerd_Task_V2_DeleteRequest.self, Containerd_Task_V2_DeleteResponse.self),
        "Pids": (Containerd_Task_V2_PidsRequest.self, Containerd_Task_V2_PidsResponse.self),
        "Pause": (Containerd_Task_V2_PauseRequest.self, Google_Protobuf_Empty.self),
        "Resume": (Containerd_Task_V2_ResumeRequest.self, Google_Protobuf_Empty.self),
        "Stats": (Containerd_Task_V2_StatsRequest.self, Containerd_Task_V2_StatsResponse.self),
        "Kill": (Containerd_Task_V2_KillRequest.self, Google_Protobuf_Empty.self),
        "CloseIO": (Containerd_Task_V2_CloseIORequest.self, Google_Protobuf_Empty.self),
        "Shutdown": (Containerd_Task_V2_ShutdownRequest.self, Google_Protobuf_Empty.self),
        "Forward": (Containerd_Services_Events_Ttrpc_V1_ForwardRequest.self, Google_Protobuf_Empty.self),
    ]

    private static func recode(_ type: any Message.Type, _ bytes: [UInt8]) throws -> [UInt8] {
        let message = try type.init(serializedBytes: bytes)
        return try message.serializedBytes()
    }
}
