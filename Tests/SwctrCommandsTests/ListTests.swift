import SwctrClient
import SwctrCore
import SwctrProto
import SwiftProtobuf
import Testing

@testable import SwctrCommands

@Suite("Lists in every format")
struct ListFormatTests {
    private let row = JSONValue.object([
        .init("ID", .string("web")), .init("Pid", .number("12")),
        .init("Labels", .object([.init("a.b", .string("1"))])), .init("Nothing", .null),
    ])

    @Test(
        "templates take fields as text or JSON",
        arguments: [
            ("{{.ID}}\\t{{.Pid}}", "web\t12"), ("<{{.ID}}>", "<web>"), ("{{json .ID}}", "\"web\""),
            ("{{json .}}", #"{"ID":"web","Pid":12,"Labels":{"a.b":"1"},"Nothing":null}"#),
            (#"{{index .Labels "a.b"}}"#, "1"), (#"{{index .Labels "none"}}"#, ""), ("{{ .ID }}\\n", "web\n"),
            ("{{.Nothing}}", "null"),
        ])
    func template(text: String, line: String) throws {
        let template = try #require(Template(text))
        #expect(try template.filled(with: row) == line)
    }

    @Test("a field that is not there is a mistake, and those that are there are named")
    func unknownField() throws {
        let template = try #require(Template("{{.Name}}"))
        let error = #expect(throws: EngineError.self) { try template.filled(with: row) }
        #expect(error?.message.contains(".Name") == true)
        #expect(error?.hint.contains(".ID") == true)
    }

    @Test(
        "what is no template is none", arguments: ["", "yaml", "{{.ID", "{{ID}}", "{{range .}}", "{{.A..B}}", "}}{{"])
    func noTemplate(text: String) {
        #expect(Template(text) == nil)
        #expect(ListFormat(argument: text) == nil)
    }
}

@Suite("swctr ps")
struct PsTests {
    private func container(_ id: String, image: String = "busybox:1", labels: [String: String] = [:])
        -> Swctr_V1_Container
    {
        .with {
            $0.id = id
            $0.image = image
            $0.labels = labels
        }
    }

    private func state(_ status: Swctr_V1_TaskStatus, exit: UInt32 = 0) -> ContainerState {
        ContainerState(
            .with {
                $0.status = status
                $0.exitStatus = exit
            })
    }

    @Test("states have docker's words")
    func words() {
        #expect(state(.running).text == "Up")
        #expect(state(.paused).word == "paused")
        #expect(state(.stopped, exit: 3).text.hasPrefix("Exited (3) "))
        #expect(ContainerState(nil).word == "idle")
        #expect(!state(.stopped).isAlive && !ContainerState(nil).isAlive && state(.created).isAlive)
    }

    @Test("of filters of one kind one must hold, of several kinds all")
    func filters() throws {
        let web = container("web", labels: ["tier": "front", "bare": "true"])
        func passes(_ texts: String...) throws -> Bool {
            try ContainerFilter(texts).passes(web, state(.running))
        }
        #expect(try passes())
        #expect(try passes("id=we", "status=exited", "status=running", "label=tier=front", "label=none"))
        #expect(try passes("label=bare", "image=busybox"))
        #expect(try !passes("label=tier=back"))
        #expect(try !passes("status=exited"))
        #expect(try !passes("id=web", "image=debian"))
    }

    @Test("what is no filter is refused", arguments: ["name", "color=x", "id=", "=x"])
    func refused(text: String) { #expect(throws: EngineError.self) { try ContainerFilter([text]) } }
}

@Suite("What containers use")
struct UsageTests {
    private func usage(at second: Int64, used nanoseconds: UInt64) throws -> Usage {
        let metrics = Io_Containerd_Cgroups_V1_Metrics.with {
            $0.cpu.usage.total = nanoseconds
            $0.memory.usage.usage = 2048
            $0.memory.usage.limit = 9_223_372_036_854_771_712
            $0.pids.current = 3
        }
        var response = Swctr_V1_TaskMetricsResponse()
        response.timestamp.seconds = second
        response.metrics.typeURL = "io.containerd.cgroups.v1.Metrics"
        response.metrics.value = try metrics.serializedBytes()
        return Usage("web", response)
    }

    @Test("processor time is a share of the time between two looks")
    func share() throws {
        let before = try usage(at: 10, used: 1_000_000_000)
        let now = try usage(at: 12, used: 4_000_000_000)
        #expect(now.processorShare(since: before) == 1.5)
        #expect(before.processorShare(since: now) == 0)
        let row = Stats.listing([now], [before]).rows[0]
        #expect(row["CPUPerc"] == .string("150.0%"))
        #expect(row["MemUsage"] == .string("2.0 KiB"))
        #expect(row["MemoryLimit"] == .null)
        #expect(row["PIDs"] == .number("3"))
    }

    @Test("metrics are rows by the names of the cgroup's files, and numbers as JSON")
    func metrics() throws {
        var packed = Google_Protobuf_Any()
        packed.typeURL = "io.containerd.cgroups.v2.Metrics"
        packed.value = try Io_Containerd_Cgroups_V2_Metrics.with {
            $0.pids.current = 1
            $0.memory.usage = 5
        }.serializedBytes()
        let rows = try TaskMetrics.rows(packed)
        #expect(rows.contains { $0 == ("pids.current", "1") })
        #expect(rows.contains { $0 == ("memory.usage", "5") })
        let json = TaskMetrics.withNumbers(try #require(AnyMessage.json(packed)))
        #expect(json["memory"]?["usage"] == .number("5"))
        packed.typeURL = "vm.Metrics"
        #expect(throws: EngineError.self) { try TaskMetrics.rows(packed) }
    }

    @Test("a process is a row of what the kernel says of it")
    func top() {
        let status = "Name:\tsleep\nState:\tS (sleeping)\nPPid:\t7\nUid:\t0\t0\t0\t0\nVmRSS:\t     4 kB\n"
        let row = Top.row(9, "", status: status, command: "sleep\0100\0")
        #expect(row?["Command"] == .string("sleep 100"))
        #expect(row?["RSS"] == .string("4.0 KiB"))
        #expect(row?["PPID"] == .number("7"))
        #expect(Top.row(9, "", status: status, command: "")?["Command"] == .string("[sleep]"))
        #expect(Top.row(9, "", status: nil, command: nil) == nil)
    }
}
