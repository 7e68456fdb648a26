import Foundation
public import SwctrCore
import SwctrOCI
public import SwctrProto
import SwctrSeccomp
import SwiftProtobuf

/// Answers what a seccomp profile would do, before anybody runs under it.
public enum SeccompInquiry {
    /// - Throws: `.invalidArgument` for a profile, a capability or a platform that is none.
    public static func explain(_ request: Swctr_V1_ExplainSeccompRequest) throws -> Swctr_V1_ExplainSeccompResponse {
        let host = try HostFacts.seccomp(platform: request.platform)
        let profile = request.profile.isEmpty ? SeccompProfile.standard : try SeccompProfile(document: request.profile)
        let capabilities = try capabilities(of: request)
        let filter = SeccompCompiler.pruned(try profile.resolved(capabilities: capabilities, on: host))
        var response = Swctr_V1_ExplainSeccompResponse()
        response.instructions = UInt32(try SeccompCompiler.compile(filter))
        response.filter = try JSONCoding.encoder().encode(filter)
        let explanation = try profile.explanation(of: request.syscall, capabilities: capabilities, on: host)
        response.defaultAction = explanation.defaultAction
        response.defaultErrno = explanation.defaultErrno ?? 1
        response.rules = explanation.lines.map { line in
            .with {
                $0.action = line.action
                $0.errno = line.errno ?? 1
                $0.arguments = line.arguments
                $0.obstacle = line.obstacle ?? ""
            }
        }
        for architecture in filter.architectures ?? ["SCMP_ARCH_X86_64", "SCMP_ARCH_AARCH64"] {
            if let number = SeccompCompiler.number(of: request.syscall, on: architecture) {
                response.numbers[architecture] = Int32(number)
            }
        }
        return response
    }

    /// Of a container with these flags.
    private static func capabilities(of request: Swctr_V1_ExplainSeccompRequest) throws -> Set<String> {
        var wanted = SpecRequest(id: "inquiry", namespace: "default")
        wanted.args = ["true"]
        wanted.addedCapabilities = request.capAdd
        wanted.droppedCapabilities = request.capDrop
        wanted.privileged = request.privileged
        var options = Swctr_V1_ContainerOptions()
        options.privileged = request.privileged
        options.withoutHostDevices = true
        let spec = try SpecBuilder.build(
            wanted, image: nil, users: UserDatabase(), host: try HostFacts.gather(for: options))
        return Set(spec.process.capabilities?.bounding ?? [])
    }
}

/// The specification that containers start from.
public enum DefaultSpec {
    /// - Parameter platform: empty for the host's.
    /// - Throws: `.invalidArgument` for a platform whose specification is another one.
    public static func document(platform: String, namespace: Namespace) throws(EngineError) -> Data {
        let platform = platform.isEmpty ? Platform.host : try Platform(platform)
        if platform.os != "linux" {
            throw EngineError(
                .invalidArgument, subject: "platform \"\(platform)\"", message: "only Linux containers are run here")
        }
        return try Spec.linuxDefault(cgroupsPath: "/\(namespace)").encoded()
    }
}
