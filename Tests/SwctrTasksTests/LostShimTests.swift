import Foundation
import Glibc
import SwctrCore
import SwctrLinux
import SwctrRuntime
import SwctrTestSupport
import Testing

@testable import SwctrTasks

extension RealShims {
    /// A shim that is killed under the manager, wherever its container stands: nothing is left once the task is deleted.
    @Suite("What a killed shim leaves to the manager")
    struct LostShimTests {
        enum Stage: String, CaseIterable, Sendable, CustomTestStringConvertible {
            case created, running, paused, stopped
            var testDescription: String { rawValue }
        }

        @Test("nothing", arguments: Stage.allCases, [ShimKind.own, .runcV2].filter(ShimKind.installed.contains))
        func stages(stage: Stage, kind: ShimKind) async throws {
            try await TaskFixture.with { fixture, manager in
                let task = try await fixture.create(manager, fixture.request(kind, "a", ["sleep", "1000"]))
                if stage != .created { try await task.start() }
                var processes = [pid_t(try await task.snapshot().pid)]
                if stage == .running || stage == .paused {
                    let exec = try ExecID("e1")
                    _ = try await task.exec(
                        exec, process: fixture.process(["sleep", "1000"]), stdio: TaskStdio(), deleteOnExit: false)
                    processes.append(pid_t(try await task.snapshot(of: exec).pid))
                }
                switch stage {
                case .paused: try await task.pause()
                case .stopped:
                    try await task.kill(signal: UInt32(SIGKILL))
                    _ = try await task.wait()
                case .created, .running: break
                }
                let shim = try await task.snapshot().shimPid
                try PidFD(of: pid_t(shim)).send(SIGKILL)
                // What was recorded before stays; what was not is a death.
                #expect(try await task.wait().status.code == 137)
                for pid in processes {
                    guard let process = try? PidFD(of: pid) else { continue }
                    let ended = process.waitForEnd(timeout: .seconds(20))
                    #expect(ended, "process \(pid) has ended")
                }
                try await task.delete(force: false)
                try await fixture.expectNothingLeft(of: "a", shimPid: shim)
                #expect(fixture.cgroups(of: "a") == [])
                #expect(access("/run/containerd/runc/\(fixture.namespace)/a", F_OK) != 0)
            }
        }
    }
}

extension TaskFixture {
    /// The groups of a container in every hierarchy.
    func cgroups(of id: String) -> [String] {
        let root = "/sys/fs/cgroup"
        let names = (try? FileManager.default.contentsOfDirectory(atPath: root)) ?? []
        return ([root] + names.map { "\(root)/\($0)" }).map { "\($0)/\(namespace)/\(id)" }.filter {
            access($0, F_OK) == 0
        }
    }
}
