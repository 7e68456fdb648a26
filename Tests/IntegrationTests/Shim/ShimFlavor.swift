import Foundation
import SwctrProto
import SwctrTestSupport
import SwctrWire
import SwiftProtobuf
import Testing

/// A shim under test with the OCI runtime it is told to use. The contract is the same for all, so what is expected of
/// ours is asked of Debian's too.
struct ShimFlavor: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let program: String
    let service: String
    /// `containerd.runc.v1.Options.binary_name`; empty for the shim's default.
    let runtime: String
    let isOurs: Bool

    static let runc = ShimFlavor(
        testDescription: "our shim, runc", program: Build.shim, service: ServiceName.taskV2, runtime: "", isOurs: true)
    static let crun = ShimFlavor(
        testDescription: "our shim, crun", program: Build.shim, service: ServiceName.taskV3, runtime: "crun",
        isOurs: true)
    static let runsc = ShimFlavor(
        testDescription: "our shim, runsc", program: Build.shim, service: ServiceName.taskV2,
        runtime: "\(Build.repository)/Tests/Support/runsc-without-network",
        isOurs: true)
    static let stock = ShimFlavor(
        testDescription: "containerd-shim-runc-v2",
        program: (try? Host.locate("containerd-shim-runc-v2")) ?? "/usr/bin/containerd-shim-runc-v2",
        service: ServiceName.taskV2, runtime: "", isOurs: false)

    /// A shim with the runtime that tests may look at and interfere with.
    static func scripted(_ flavor: ShimFlavor) -> ShimFlavor {
        ShimFlavor(
            testDescription: flavor.testDescription + ", scripted", program: flavor.program, service: flavor.service,
            runtime: "\(Build.repository)/Tests/Support/scripted-runtime", isOurs: flavor.isOurs)
    }

    static let ours = [runc, crun, runsc]
    /// Without runsc, which knows no host pids and takes its time.
    static let quick = isDear ? [runc, crun] : [runc, crun, stock]
    static let all = isDear ? [runc, crun] : [runc, crun, runsc, stock]
    /// With an instrumented shim and in the small machine time is dear, and Debian's shim has shown elsewhere that the
    /// tests are right.
    private static let isDear = Build.isShimInstrumented || getenv("SWCTR_MACHINE") != nil

    /// Options for Create; none for the default runtime.
    var options: Google_Protobuf_Any? {
        if runtime.isEmpty { return nil }
        var options = Containerd_Runc_V1_Options()
        options.binaryName = runtime
        return Self.any("containerd.runc.v1.Options", (try? options.serializedBytes()) ?? [])
    }

    static func any(_ type: String, _ value: [UInt8]) -> Google_Protobuf_Any {
        var any = Google_Protobuf_Any()
        any.typeURL = type
        any.value = .init(value)
        return any
    }
}
