import SwctrClient
import SwctrCore
import SwctrProto
import SwiftProtobuf
import Testing

@testable import SwctrCommands

@Suite("What is printed")
struct OutputTests {
    @Test("columns are as wide as their widest cell, the last one is not filled up")
    func table() {
        var table = Table(["TASK", "PID", "STATUS"], gap: 4)
        table.add(["a-long-name", "1", "RUNNING"])
        table.add(["b", "12345", "STOPPED"])
        #expect(
            table.text == """
                TASK           PID      STATUS
                a-long-name    1        RUNNING
                b              12345    STOPPED

                """)
    }

    @Test("what others named cannot steer the terminal")
    func harmless() {
        var table = Table(["A"])
        table.add(["x\u{1b}[31m\ny"])
        #expect(table.text == "A\nx?[31m?y\n")
    }

    @Test(
        "sizes",
        arguments: [(0, "0 B"), (1023, "1023 B"), (1024, "1.0 KiB"), (1_992_294, "1.9 MiB"), (5 << 30, "5.0 GiB")])
    func sizes(count: Int64, text: String) { #expect(Wording.bytes(count) == text) }

    @Test(
        "ages",
        arguments: [
            (0, "Less than a second"), (1, "1 second"), (59, "59 seconds"), (90, "About a minute"), (600, "10 minutes"),
            (4000, "About an hour"), (7200, "2 hours"), (200_000, "2 days"), (1_500_000, "2 weeks"),
        ])
    func ages(seconds: Int64, text: String) { #expect(Wording.age(seconds: seconds) == text) }

    @Test("labels come in order, none is a dash")
    func labels() {
        #expect(Wording.labels(["b": "2", "a": "1"]) == "a=1,b=2")
        #expect(Wording.labels([:]) == "-")
    }

    @Test(
        "an event is a line: time, namespace, topic and its content by its type",
        arguments: ["", "type.googleapis.com/"])
    func event(prefix: String) throws {
        var exit = Containerd_Events_TaskExit()
        exit.containerID = "a"
        exit.id = "e"
        exit.pid = 12
        exit.exitStatus = 7
        var event = Swctr_V1_Event()
        event.timestamp.seconds = 1_600_000_000
        event.namespace = "web"
        event.topic = "/tasks/exit"
        event.event.typeURL = prefix + "containerd.events.TaskExit"
        event.event.value = try exit.serializedBytes()
        #expect(
            EventsCommand.line(event)
                == #"2020-09-13T12:26:40Z web /tasks/exit {"container_id":"a","id":"e","pid":12,"exit_status":7}"#)
        event.event.typeURL = "x.y.Z"
        #expect(EventsCommand.line(event).hasSuffix(#"{"type_url":"x.y.Z"}"#))
    }

    @Test("a container's record has ctr's shape")
    func record() throws {
        var container = Swctr_V1_Container()
        container.id = "a"
        container.image = "busybox"
        container.runtime.name = "io.containerd.runc.v2"
        var options = Containerd_Runc_V1_Options()
        options.binaryName = "crun"
        container.runtime.options.typeURL = "containerd.runc.v1.Options"
        container.runtime.options.value = try options.serializedBytes()
        container.snapshotKey = "a"
        container.snapshotter = "overlayfs"
        container.createdAt.seconds = 1
        let spec = try JSONValue(parsing: Array(#"{"process":{"args":["x"]}}"#.utf8))
        let record = ContainerInfo.record(container, spec)
        #expect(record["ID"] == .string("a"))
        #expect(record["Runtime"]?["Name"] == .string("io.containerd.runc.v2"))
        #expect(record["Runtime"]?["Options"]?["value"]?["binary_name"] == .string("crun"))
        #expect(record["Spec"]?["process"]?["args"] == .array([.string("x")]))
        #expect(record["CreatedAt"] == .string("1970-01-01T00:00:01Z"))
    }
}

@Suite("The line that says what went wrong")
struct ErrorLineTests {
    private let missing = EngineError(
        .notFound, operation: "resolve", subject: "image \"x\"", message: "not found",
        hint: "swctr images ls shows what is here", causes: ["deep"])

    @Test("it names what was done, the thing, the cause and the next step")
    func line() {
        #expect(
            ErrorLine.text(missing, during: Action("run", "web"), debug: false)
                == #"run web: image "x": not found (swctr images ls shows what is here)"#)
    }

    @Test("a thing that the command names already is not named twice")
    func once() {
        let error = EngineError(.notFound, subject: "container \"web\"", message: "no such container")
        #expect(
            ErrorLine.text(error, during: Action("start", "web"), debug: false)
                == "start web: no such container: not found")
    }

    @Test("a name that is wrong as a name is said to be one")
    func name() {
        let error = EngineError(.invalidArgument, subject: "digest \"x\"", message: "is wrong")
        #expect(ErrorLine.text(error, during: Action("get", "x"), debug: false) == "get x: digest \"x\": is wrong")
    }

    @Test("it is one line whatever the message holds, and --debug adds the chain")
    func oneLine() {
        var error = missing
        error.message = "first\nsecond\n"
        #expect(!ErrorLine.text(error, during: nil, debug: false).contains("\n"))
        let debug = ErrorLine.text(missing, during: Action("run", "web"), debug: true)
        #expect(
            debug.contains("\n  cause: deep") && debug.contains("\n  while: resolve") && debug.contains("not found"))
    }
}
