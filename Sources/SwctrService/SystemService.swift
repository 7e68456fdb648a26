import SwctrCore
public import SwctrImages
import SwctrProto
public import SwctrRPC
import SwctrWire
import SwiftProtobuf

/// `swctr.v1.System`: the stores as a whole.
public struct SystemService: Sendable {
    private let images: ImageStore

    public init(images: ImageStore) { self.images = images }

    /// Adds the service's methods.
    public func register(on router: inout RPCRouter) {
        router.unary(ServiceName.system, "DiskUsage") {
            (_: Swctr_V1_DiskUsageRequest, _) -> Swctr_V1_DiskUsageResponse in
            let usages = try await images.diskUsage()
            return .with {
                $0.entries = usages.map { usage in
                    .with {
                        $0.kind = usage.kind
                        $0.id = usage.id
                        $0.size = usage.size
                        $0.owners = usage.owners
                        $0.reclaimable = usage.isReclaimable
                    }
                }
            }
        }
        router.unary(ServiceName.system, "Check") {
            (request: Swctr_V1_CheckStoreRequest, _) -> Swctr_V1_CheckStoreResponse in
            let report = try await images.checkStore(deep: request.deep, repair: request.repair)
            return .with {
                $0.blobs = report.blobs
                $0.snapshots = report.snapshots
                $0.problems = report.problems.map { problem in
                    .with {
                        $0.kind = problem.kind
                        $0.id = problem.id
                        $0.problem = problem.problem
                        $0.repaired = problem.isRepaired
                    }
                }
            }
        }
    }
}
