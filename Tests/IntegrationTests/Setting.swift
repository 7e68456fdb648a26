import Foundation
import SwctrTestSupport
import Testing

/// Who runs the containers: which client, daemon, shim and runtime.
struct Setting: Sendable, CustomTestStringConvertible {
    enum Daemon: Sendable { case swctrd, containerd }

    let testDescription: String
    let daemon: Daemon
    /// Flags that every `run` gets.
    let flags: [String]
    /// What must be installed for it.
    let programs: [String]

    init(_ name: String, _ daemon: Daemon, _ flags: [String] = [], needs programs: [String]) {
        testDescription = name
        self.daemon = daemon
        self.flags = flags
        self.programs = programs
    }

    /// Our manager and our shim, with each runtime.
    static let runc = Setting("swctr, runc", .swctrd, needs: ["runc"])
    static let crun = Setting("swctr, crun", .swctrd, ["--runc-binary", "crun"], needs: ["crun"])
    /// Debian's runsc fails with a network on newer kernels, alone as under any engine: docs/testing.md.
    static let runsc = Setting(
        "swctr, runsc", .swctrd, ["--runc-binary", Build.repository + "/Tests/Support/runsc-without-network"],
        needs: ["runsc"])
    static let own = [runc, crun, runsc]

    /// Debian's containerd and our shim.
    static let byName = Setting(
        "containerd, our shim by name", .containerd, ["--runtime", "io.containerd.swctr.v2"], needs: ["containerd"])
    static let byPath = Setting(
        "containerd, our shim by path", .containerd, ["--runtime", Build.shim], needs: ["containerd"])
    static let containerd = [byName, byPath]

    /// Our manager and Debian's shims.
    static let stockV2 = Setting(
        "swctr, containerd-shim-runc-v2", .swctrd,
        ["--runtime", (try? Host.locate("containerd-shim-runc-v2")) ?? "/usr/bin/containerd-shim-runc-v2"],
        needs: ["containerd-shim-runc-v2"])
    static let stockV1 = Setting(
        "swctr, containerd-shim-runc-v1", .swctrd, ["--runtime", "io.containerd.runc.v1"],
        needs: ["containerd-shim-runc-v1"])
    static let stock = [stockV2, stockV1]

    /// Debian's containerd with Debian's shim: what the tests themselves are measured against. SWCTR_BASELINE=1 runs
    /// the scenarios with it alone.
    static let baseline = Setting("containerd, containerd-shim-runc-v2", .containerd, needs: ["containerd"])

    /// What the scenarios run in; with SWCTR_SETTINGS only those whose description has that text in it.
    static let all: [Setting] = {
        if getenv("SWCTR_BASELINE") != nil { return [baseline] }
        let wanted = getenv("SWCTR_SETTINGS").map { String(cString: $0) } ?? ""
        return (own + containerd + stock).filter { wanted.isEmpty || $0.testDescription.contains(wanted) }
    }()

    /// Those whose runtime gives a process a terminal; in Debian's runsc `tty` says "not a tty", under any shim.
    static let withTerminals = all.filter { $0.testDescription != runsc.testDescription }

    /// The first one, for tests that need only one.
    static var one: Setting { getenv("SWCTR_BASELINE") != nil ? baseline : runc }

    /// Runs `body` with a daemon of its own that has the test image.
    func with(_ body: (Site) throws -> Void) throws {
        try Workspace.with { workspace in
            let site: Site
            switch daemon {
            case .swctrd:
                let manager = try Manager(in: workspace)
                site = Site(setting: self, workspace: workspace, client: manager.client, manager: manager)
            case .containerd:
                let containerd = try Containerd(in: workspace, shimFolders: [Build.shimFolder])
                site = Site(setting: self, workspace: workspace, client: containerd.client, containerd: containerd)
            }
            try site.client.must("images", "import", try TestImage.archive())
            try body(site)
        }
    }
}

/// A setting that stands: its client and its daemon.
struct Site {
    let setting: Setting
    let workspace: Workspace
    let client: Client
    var manager: Manager?
    var containerd: Containerd?

    /// Where the daemon keeps what belongs to a task.
    func bundle(of id: String) -> String { manager?.bundle(of: id) ?? containerd?.bundle(of: id) ?? "" }

    /// The arguments of a `run` in this setting.
    func runArguments(_ flags: [String], _ id: String, _ command: [String]) -> [String] {
        ["run"] + setting.flags + flags + [TestImage.name, id] + command
    }

    /// `run --rm`, to its end.
    func run(
        _ id: String, flags: [String] = [], _ command: String..., input: Child.Input = .null,
        within limit: Duration = .seconds(30)
    ) throws -> Outcome {
        try client.run(runArguments(["--rm"] + flags, id, command), input: input, within: limit)
    }

    /// `run --rm` that goes on.
    func start(_ id: String, flags: [String] = [], _ command: String..., input: Child.Input = .open) throws -> Child {
        try client.start(runArguments(["--rm"] + flags, id, command), input: input)
    }

    /// `run --detach`, which must succeed; the container is killed and removed when the test is over.
    func detach(_ id: String, flags: [String] = [], _ command: String...) throws {
        workspace.atEnd {
            _ = try client.run("tasks", "delete", "--force", id)
            _ = try client.run("containers", "delete", id)
        }
        try client.must(runArguments(["--detach"] + flags, id, command))
    }

    func exec(_ id: String, _ command: String..., input: Child.Input = .null) throws -> Outcome {
        try client.run(
            ["tasks", "exec", "--exec-id", "exec-\(UInt32.random(in: 0...(.max)))", id] + command, input: input)
    }
}
