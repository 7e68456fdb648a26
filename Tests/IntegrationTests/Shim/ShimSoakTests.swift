import Foundation
import SwctrCore
import SwctrProto
import SwctrTestSupport
import SwctrWire
import SwiftProtobuf
import Testing

extension Integration {
    @Suite("Shim: many lives")
    struct ShimSoakTests {
        /// The long form is `make soak`: 24,000 rounds.
        @Test("hundreds of containers leave a shared shim as it was", arguments: [ShimFlavor.crun])
        func rounds(_ flavor: ShimFlavor) throws {
            let edit: (inout [String: Any]) -> Void = { spec in
                spec["annotations"] = ["io.containerd.runc.v2.group": "pod"]
                guard var linux = spec["linux"] as? [String: Any] else { return }
                linux["namespaces"] = ["pid", "mount", "uts"].map { ["type": $0] }
                spec["linux"] = linux
            }
            try ShimFixture.with(flavor, edit: edit) { shim in
                // Keeps the shim alive, as a pod's sandbox does.
                try shim.create()
                let process = try shim.shimPID()
                func round(_ id: String) throws {
                    try shim.makeBundle(id, ["true"], edit: edit)
                    try shim.create(id)
                    try shim.startTask(id)
                    var wait = shim.waitRequest()
                    wait.id = id
                    let ended: Containerd_Task_V2_WaitResponse = try shim.call("Wait", wait)
                    #expect(ended.exitStatus == 0)
                    try shim.delete("", id)
                    try shim.shutdown(id)
                    try FileManager.default.removeItem(atPath: shim.bundle(id))
                }
                func measured(_ rounds: Range<Int>) throws -> Reading {
                    for number in rounds { try round("c\(number)") }
                    try shim.events.await("delete c\(rounds.upperBound - 1)")
                    return try Reading(of: process)
                }
                let before = try measured(0..<50)
                let after = try measured(50..<200)
                #expect(after.descriptors == before.descriptors)
                #expect(after.privateDirty <= before.privateDirty + 8, "\(before) -> \(after)")
                #expect(after.resident <= before.resident + 32, "\(before) -> \(after)")
                #expect(shim.events.seen.count == 1 + 200 * 4)
                try shim.delete()
            }
        }

        /// Of a process, in KiB where it is memory.
        private struct Reading {
            let resident: Int
            let privateDirty: Int
            let descriptors: Int

            init(of process: pid_t) throws {
                let text = try Host.read("/proc/\(process)/smaps_rollup")
                func field(_ name: String) throws -> Int {
                    let line = text.split(separator: "\n").first { $0.hasPrefix(name + ":") }
                    guard let number = line?.split(separator: " ").dropFirst().first.flatMap({ Int($0) }) else {
                        throw TestFailure("no \(name) in smaps_rollup of \(process)")
                    }
                    return number
                }
                resident = try field("Rss")
                privateDirty = try field("Private_Dirty")
                descriptors = Host.names(in: "/proc/\(process)/fd").count
            }
        }
    }
}
