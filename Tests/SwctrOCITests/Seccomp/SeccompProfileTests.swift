import Foundation
import SwctrCore
import SwctrOCI
import Testing

@Suite("Seccomp profiles")
struct SeccompProfileTests {
    private func host(_ architecture: String = "amd64", kernel: String = "6.1.0-18-amd64") throws -> SeccompProfile.Host
    {
        SeccompProfile.Host(
            architecture: architecture, kernel: try #require(SeccompProfile.KernelVersion(kernel)))
    }

    private func profile(_ text: String) throws -> SeccompProfile {
        try JSONDecoder().decode(SeccompProfile.self, from: Data(text.utf8))
    }

    private func names(_ filter: Linux.Seccomp) -> Set<String> {
        Set((filter.syscalls ?? []).filter { $0.action == "SCMP_ACT_ALLOW" }.flatMap(\.names))
    }

    @Test("what is beyond a container is allowed only with the capability for it")
    func byCapability() throws {
        let plain = names(try SeccompProfile.standard.resolved(capabilities: [], on: host()))
        #expect(plain.isSuperset(of: ["read", "openat", "clone", "execve", "ptrace"]))
        #expect(
            plain.isDisjoint(with: ["mount", "reboot", "bpf", "init_module", "keyctl", "io_uring_setup", "clone3"]))
        let admin = names(try SeccompProfile.standard.resolved(capabilities: ["CAP_SYS_ADMIN"], on: host()))
        #expect(admin.isSuperset(of: ["mount", "unshare", "clone3"]))
        #expect(!admin.contains("reboot"))
    }

    @Test("without CAP_SYS_ADMIN clone makes no namespaces, and clone3 seems not to exist")
    func clone() throws {
        let calls = try #require(SeccompProfile.standard.resolved(capabilities: [], on: host()).syscalls)
        let clone = try #require(calls.first { $0.names == ["clone"] })
        #expect(clone.args?.first?.op == "SCMP_CMP_MASKED_EQ")
        #expect(clone.args?.first?.value == 0x7e02_0000)
        #expect(calls.first { $0.names == ["clone3"] }?.errnoRet == 38)
    }

    @Test("architectures and kernels have their own rules")
    func byHost() throws {
        let arm = names(try SeccompProfile.standard.resolved(capabilities: [], on: host("arm64")))
        #expect(arm.contains("sync_file_range2") && !arm.contains("arch_prctl"))
        let intel = names(try SeccompProfile.standard.resolved(capabilities: [], on: host()))
        #expect(intel.contains("arch_prctl") && !intel.contains("sync_file_range2"))
        let old = names(try SeccompProfile.standard.resolved(capabilities: [], on: host(kernel: "4.4.0")))
        #expect(!old.contains("ptrace"))
    }

    @Test("both forms are read: Docker's and the runtime specification's")
    func forms() throws {
        let docker = try profile(
            """
            {"defaultAction":"SCMP_ACT_ERRNO","archMap":[{"architecture":"SCMP_ARCH_X86_64","subArchitectures":["SCMP_ARCH_X86"]}],
             "syscalls":[{"name":"read","action":"SCMP_ACT_ALLOW","args":[]},
                         {"names":["a","b"],"action":"SCMP_ACT_ALLOW","excludes":{"arches":["amd64"]}}]}
            """
        ).resolved(capabilities: [], on: host())
        #expect(docker.architectures == ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86"])
        #expect(docker.syscalls?.map(\.names) == [["read"]])
        #expect(docker.syscalls?.first?.args == nil)
        let plain = try profile(
            #"{"defaultAction":"SCMP_ACT_ALLOW","architectures":["SCMP_ARCH_AARCH64"],"syscalls":[{"names":["mkdir"],"action":"SCMP_ACT_ERRNO","errnoRet":13}]}"#
        ).resolved(capabilities: [], on: host())
        #expect(plain.architectures == ["SCMP_ARCH_AARCH64"])
        #expect(plain.syscalls?.first?.errnoRet == 13)
    }

    @Test(
        "a profile that contradicts itself is refused",
        arguments: [
            #"{"defaultAction":"SCMP_ACT_FROB"}"#,
            #"{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":[],"action":"SCMP_ACT_ERRNO"}]}"#,
            #"{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"name":"a","names":["b"],"action":"SCMP_ACT_ERRNO"}]}"#,
            #"{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":["a"],"action":"SCMP_ACT_NO"}]}"#,
            #"{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":["a"],"action":"SCMP_ACT_ERRNO","args":[{"index":6,"value":0,"op":"SCMP_CMP_EQ"}]}]}"#,
            #"{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":["a"],"action":"SCMP_ACT_ERRNO","includes":{"minKernel":"new"}}]}"#,
            #"{"defaultAction":"SCMP_ACT_ALLOW","architectures":["SCMP_ARCH_ARM"],"archMap":[{"architecture":"SCMP_ARCH_ARM"}]}"#,
        ])
    func refused(text: String) throws {
        let profile = try profile(text)
        let host = try host()
        let error = #expect(throws: EngineError.self) { _ = try profile.resolved(capabilities: [], on: host) }
        #expect(error?.code == .invalidArgument)
    }

    @Test("an explanation names what holds, what does not, and why")
    func explanation() throws {
        let mount = try SeccompProfile.standard.explanation(of: "mount", capabilities: [], on: host())
        #expect(mount.defaultAction == "SCMP_ACT_ERRNO")
        #expect(mount.lines.map(\.obstacle) == ["only with CAP_SYS_ADMIN"])
        let socket = try SeccompProfile.standard.explanation(of: "socket", capabilities: [], on: host())
        #expect(socket.lines.map(\.arguments) == ["arg0 != 0x28"])
        let clone = try SeccompProfile.standard.explanation(of: "clone", capabilities: ["CAP_SYS_ADMIN"], on: host())
        #expect(clone.lines.map(\.obstacle) == ["not with CAP_SYS_ADMIN", nil])
        #expect(clone.lines.first?.arguments == "arg0 & 0x7e020000 == 0x0")
    }

    @Test("no name stands twice in what every process may call")
    func duplicates() {
        let rules = (SeccompProfile.standard.syscalls ?? []).filter { $0.includes == nil && $0.args == nil }
        let names = rules.flatMap(\.allNames)
        #expect(names.count == Set(names).count)
    }
}
