import Foundation
import SwctrProto
import SwctrTestSupport
import SwctrWire
import Testing

extension Integration {
    /// What a peer of bad manners can do: end its own connection, and nothing else.
    @Suite("Bad manners on the wire")
    struct RobustnessTests {
        static let count = 10_000
        static let seed = getenv("SWCTR_SEED").flatMap { UInt64(String(cString: $0)) } ?? .random(in: 1...(.max))

        @Test("the manager answers others through ten thousand mutated frames")
        func managerFrames() throws {
            try Setting.runc.with { site in
                guard let manager = site.manager else { return }
                var run = Swctr_V1_RunRequest()
                run.container.id = "never"
                run.container.image = "none"
                var kill = Swctr_V1_KillTaskRequest()
                kill.id = "never"
                let samples = [
                    try FrameMutator.sample(ServiceName.engine, "Version", Swctr_V1_VersionRequest()),
                    try FrameMutator.sample(ServiceName.containers, "List", Swctr_V1_ListContainersRequest()),
                    try FrameMutator.sample(ServiceName.tasks, "Kill", kill),
                    try FrameMutator.sample(ServiceName.tasks, "Run", run, flags: .remoteClosed),
                    try FrameMutator.sample(ServiceName.images, "Import", Swctr_V1_ImportRequest(), flags: .remoteOpen),
                    try FrameMutator.sample(
                        ServiceName.events, "Subscribe", Swctr_V1_SubscribeRequest(), flags: .remoteClosed),
                    Frame(streamID: 1, kind: .data, flags: .remoteClosed, body: [1, 2, 3]),
                ]
                let bystander = try WirePeer(to: manager.socket)
                try Self.bombard(manager.socket, samples) {
                    let answer: Swctr_V1_VersionResponse = try bystander.call(
                        ServiceName.engine, "Version", Swctr_V1_VersionRequest())
                    #expect(!answer.version.isEmpty)
                }
                #expect(try site.run("a", "echo", "alive").text == "alive\n")
            }
        }

        @Test("the shim answers others through ten thousand mutated frames", arguments: [Setting.runc, .byName])
        func shimFrames(_ setting: Setting) throws {
            try setting.with { site in
                try site.detach("a", "sleep", "1000")
                let socket = try Self.shimSocket(site, "a")
                let process = try site.client.task("a").processID
                var state = Containerd_Task_V2_StateRequest()
                state.id = "a"
                var create = Containerd_Task_V2_CreateTaskRequest()
                create.id = "never"
                create.bundle = "/nowhere"
                create.stdout = "/nowhere/out"
                var exec = Containerd_Task_V2_ExecProcessRequest()
                exec.id = "never"
                exec.execID = "e"
                let samples = [
                    try FrameMutator.sample(ServiceName.taskV2, "State", state),
                    try FrameMutator.sample(ServiceName.taskV3, "Wait", state),
                    try FrameMutator.sample(ServiceName.taskV2, "Pids", state),
                    try FrameMutator.sample(ServiceName.taskV2, "Connect", state),
                    try FrameMutator.sample(ServiceName.taskV2, "Create", create),
                    try FrameMutator.sample(ServiceName.taskV3, "Exec", exec),
                    try FrameMutator.sample(ServiceName.taskV2, "Nonsense", state),
                    Frame(streamID: 1, kind: .data, flags: .remoteClosed, body: [1, 2, 3]),
                ]
                let bystander = try WirePeer(to: socket)
                try Self.bombard(socket, samples) {
                    let answer: Containerd_Task_V2_StateResponse = try bystander.call(
                        ServiceName.taskV2, "State", state)
                    #expect(answer.pid == UInt32(process))
                }
                #expect(try site.exec("a", "echo", "alive").text == "alive\n")
            }
        }

        @Test("clients that never finish a frame hold up nobody and cost little")
        func slowLoris() throws {
            try Setting.runc.with { site in
                guard let manager = site.manager else { return }
                try site.detach("a", "sleep", "1000")
                let shim = try Self.shimSocket(site, "a")
                var state = Containerd_Task_V2_StateRequest()
                state.id = "a"
                var connect = Containerd_Task_V2_ConnectRequest()
                connect.id = "a"
                let info: Containerd_Task_V2_ConnectResponse = try WirePeer(to: shim).call(
                    ServiceName.taskV2, "Connect", connect)
                let before = (try Self.memory(manager.daemon.processID), try Self.memory(pid_t(info.shimPid)))

                // A header of 4 MiB and a few bytes of the body, or half a header, and then silence.
                var header: [UInt8] = []
                FrameHeader(length: UInt32(FrameHeader.maximumLength), streamID: 1, kind: .request).encode(
                    into: &header)
                var silent: [WirePeer] = []
                for number in 0..<64 {
                    for socket in [manager.socket, shim] {
                        let peer = try WirePeer(to: socket)
                        _ = try peer.send(number % 2 == 0 ? header + [10, 20, 30] : Array(header.prefix(5)))
                        silent.append(peer)
                    }
                }
                let asked = ContinuousClock.now
                let version: Swctr_V1_VersionResponse = try WirePeer(to: manager.socket).call(
                    ServiceName.engine, "Version", Swctr_V1_VersionRequest(), within: .seconds(2))
                #expect(!version.version.isEmpty)
                let answer: Containerd_Task_V2_StateResponse = try WirePeer(to: shim).call(
                    ServiceName.taskV2, "State", state, within: .seconds(2))
                #expect(answer.status == .running)
                #expect(asked.duration(to: .now) < .seconds(2))
                #expect(try site.exec("a", "true").status == 0)

                let after = (try Self.memory(manager.daemon.processID), try Self.memory(pid_t(info.shimPid)))
                #expect(after.0 - before.0 < 16 << 10, "KiB the manager grew by")
                #expect(after.1 - before.1 < 512, "KiB the shim grew by")
                withExtendedLifetime(silent) {}
            }
        }

        /// Sends mutated frames, a new connection every twenty at the latest, and asks `bystander` in between.
        private static func bombard(_ socket: String, _ samples: [Frame], bystander: () throws -> Void) throws {
            var mutator = FrameMutator(seed: seed, samples: samples)
            print("mutated frames: SWCTR_SEED=\(seed)")
            var sent = 0
            var answered = 0
            while sent < count {
                let peer = try WirePeer(to: socket)
                for number in 0..<20 {
                    let isOpen = try peer.send(mutator.next(streamID: UInt32(number * 2 + 1)))
                    sent += 1
                    if sent % 100 == 0 {
                        try bystander()
                        answered += 1
                    }
                    let stillOpen = try peer.discard()
                    if !isOpen || !stillOpen { break }
                }
            }
            #expect(answered >= count / 100, "SWCTR_SEED=\(seed)")
        }

        private static func shimSocket(_ site: Site, _ id: String) throws -> String {
            let address = try Host.read(site.bundle(of: id) + "/address")
            guard address.hasPrefix("unix://") else { throw TestFailure("the shim's address is \(address)") }
            return String(address.dropFirst("unix://".count))
        }

        /// Resident memory of a process, KiB.
        private static func memory(_ process: pid_t) throws -> Int {
            let status = try Host.read("/proc/\(process)/status")
            let line = status.split(separator: "\n").first { $0.hasPrefix("VmRSS:") }
            guard let text = line?.split(separator: " ").dropFirst().first, let size = Int(text) else {
                throw TestFailure("no VmRSS of process \(process)")
            }
            return size
        }
    }
}
