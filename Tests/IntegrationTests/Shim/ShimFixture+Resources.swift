import Foundation
import SwctrProto
import SwctrTestSupport
import SwiftProtobuf

/// The calls that are about what a container uses, and the kernel's own word on it.
extension ShimFixture {
    func statsRequest(_ id: String = "a") -> Containerd_Task_V2_StatsRequest {
        var request = Containerd_Task_V2_StatsRequest()
        request.id = id
        return request
    }

    /// What Stats answers, as names with their values: `memory.usage.limit` or, in a list, `hugetlb[2MB].max`.
    func metrics(_ id: String = "a") throws -> [String: Double] {
        let answer: Containerd_Task_V2_StatsResponse = try call("Stats", statsRequest(id))
        let message: any Message
        switch answer.stats.typeURL {
        case "io.containerd.cgroups.v1.Metrics":
            message = try Io_Containerd_Cgroups_V1_Metrics(serializedBytes: answer.stats.value)
        case "io.containerd.cgroups.v2.Metrics":
            message = try Io_Containerd_Cgroups_V2_Metrics(serializedBytes: answer.stats.value)
        default: throw TestFailure("Stats answers with \(answer.stats.typeURL)")
        }
        var options = JSONEncodingOptions()
        options.preserveProtoFieldNames = true
        let json = try JSONSerialization.jsonObject(with: message.jsonUTF8Data(options: options))
        var result: [String: Double] = [:]
        Self.flatten(json, "", into: &result)
        return result
    }

    /// Entries of a list go by what names them, not by their place in it.
    private static func flatten(_ value: Any, _ name: String, into result: inout [String: Double]) {
        switch value {
        case let object as [String: Any]:
            for (key, value) in object { flatten(value, name.isEmpty ? key : "\(name).\(key)", into: &result) }
        case let list as [Any]:
            for (index, value) in list.enumerated() {
                let object = value as? [String: Any] ?? [:]
                let label = ["pagesize", "device", "major", "minor", "op"].compactMap { object[$0].map { "\($0)" } }
                flatten(value, "\(name)[\(label.isEmpty ? "\(index)" : label.joined(separator: " "))]", into: &result)
            }
        // 64-bit numbers are strings in protobuf's JSON.
        case let text as String: if let number = Double(text) { result[name] = number }
        case let number as NSNumber: result[name] = number.doubleValue
        default: break
        }
    }

    func updateRequest(_ resources: [String: Any]) throws -> Containerd_Task_V2_UpdateTaskRequest {
        var request = Containerd_Task_V2_UpdateTaskRequest()
        request.id = "a"
        request.resources = ShimFlavor.any(
            "types.containerd.io/opencontainers/runtime-spec/1/LinuxResources",
            Array(try JSONSerialization.data(withJSONObject: resources)))
        return request
    }

    func pauseRequest() -> Containerd_Task_V2_PauseRequest {
        var request = Containerd_Task_V2_PauseRequest()
        request.id = "a"
        return request
    }

    func resumeRequest() -> Containerd_Task_V2_ResumeRequest {
        var request = Containerd_Task_V2_ResumeRequest()
        request.id = "a"
        return request
    }

    /// A file of a container's cgroup, without the line's end; the controller matters on v1 alone.
    func cgroupFile(_ controller: String, _ name: String, of id: String = "a") throws -> String {
        try Host.read("\(Host.cgroup(of: "\(workspace.namespace)/\(id)", controller: controller))/\(name)")
            .trimmingCharacters(in: .whitespacesAndNewlines)
    }

    /// Puts limits into a container's config.
    static func limits(_ resources: [String: Any]) -> (inout [String: Any]) -> Void {
        { spec in
            guard var linux = spec["linux"] as? [String: Any] else { return }
            linux["resources"] = resources
            spec["linux"] = linux
        }
    }

    /// So little memory, and no swap, that `tail /dev/zero` is killed at once.
    static var littleMemory: (inout [String: Any]) -> Void {
        limits(["memory": ["limit": 24 << 20, "swap": 24 << 20]])
    }
}
