import Foundation
import SwctrTestSupport
import Testing

@Suite("What the integration tests need")
struct RequirementTests {
    static let programs = [
        "runc", "crun", "runsc", "containerd", "ctr", "containerd-shim-runc-v1", "containerd-shim-runc-v2", "busybox",
        "skopeo", "umoci", "python3", "protoc",
    ]

    static let isStrict = getenv("SWCTR_STRICT").map { String(cString: $0) } == "1"

    /// In strict mode (continuous integration) tests that are skipped for want of something are a failure: this is it.
    @Test("root and every program are here", .enabled(if: Host.isRoot || isStrict, "integration tests need root"))
    func everythingIsHere() throws {
        #expect(Host.isRoot, "integration tests need root")
        for program in Self.programs {
            #expect(Host.has(program), "\(program) is missing: make deps installs it")
        }
        #expect(Host.exists("/usr/lib/cni/ptp"), "the CNI plug-ins are missing: make deps installs them")
        let modules = try run(["/usr/bin/python3", "-c", "import google.protobuf, grpc, websocket"])
        #expect(modules.status == 0, "Debian's modules for python3 are missing: make deps installs them")
        #expect(Host.exists(Build.shim), "make -C shim builds it")
        for program in ["swctr", "swctrd"] { #expect(Host.exists("\(Build.programs)/\(program)")) }
    }
}
