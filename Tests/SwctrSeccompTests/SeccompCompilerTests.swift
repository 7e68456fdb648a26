import SwctrCore
import SwctrOCI
import SwctrSeccomp
import Testing

@Suite("Compiling system call filters")
struct SeccompCompilerTests {
    private static let kernel = SeccompProfile.KernelVersion("6.1")

    private func host(_ architecture: String) throws -> SeccompProfile.Host {
        SeccompProfile.Host(architecture: architecture, kernel: try #require(Self.kernel))
    }

    @Test(
        "the default profile compiles for every architecture, with few and with all capabilities",
        arguments: ["amd64", "arm64"], [[], ["CAP_SYS_ADMIN", "CAP_SYS_PTRACE", "CAP_BPF"]])
    func standard(architecture: String, capabilities: [String]) throws {
        let filter = try SeccompProfile.standard.resolved(
            capabilities: Set(capabilities), on: host(architecture))
        let pruned = SeccompCompiler.pruned(filter)
        #expect(try SeccompCompiler.compile(pruned) > 100)
        #expect(pruned.architectures?.first == (architecture == "amd64" ? "SCMP_ARCH_X86_64" : "SCMP_ARCH_AARCH64"))
    }

    @Test("every name of the default profile is one of Linux, though this host's library may be older")
    func names() {
        // In the library of Debian 12 these are still missing.
        let young: Set<String> = [
            "cachestat", "fchmodat2", "futex_requeue", "futex_wait", "futex_wake", "getxattrat", "listmount",
            "listxattrat", "lsm_get_self_attr", "lsm_list_modules", "lsm_set_self_attr", "map_shadow_stack", "mseal",
            "open_tree_attr", "removexattrat", "setxattrat", "statmount", "uretprobe", "set_mempolicy_home_node",
        ]
        let unknown = (SeccompProfile.standard.syscalls ?? []).flatMap(\.allNames).filter { !SeccompCompiler.knows($0) }
        #expect(Set(unknown).subtracting(young) == [])
    }

    @Test("names that nobody knows are left out, and a rule of nothing else with them")
    func pruning() {
        let filter = Linux.Seccomp(
            defaultAction: "SCMP_ACT_ALLOW",
            syscalls: [
                .init(names: ["frobnicate", "mkdir"], action: "SCMP_ACT_ERRNO"),
                .init(names: ["frobnicate"], action: "SCMP_ACT_ERRNO"),
            ])
        #expect(SeccompCompiler.pruned(filter).syscalls?.map(\.names) == [["mkdir"]])
    }

    @Test(
        "what does not compile is refused by name",
        arguments: [
            (Linux.Seccomp(defaultAction: "SCMP_ACT_FROB"), "SCMP_ACT_FROB"),
            (Linux.Seccomp(defaultAction: "SCMP_ACT_ALLOW", architectures: ["SCMP_ARCH_PDP11"]), "SCMP_ARCH_PDP11"),
            (
                Linux.Seccomp(
                    defaultAction: "SCMP_ACT_ALLOW",
                    syscalls: [
                        .init(
                            names: ["mkdir"], action: "SCMP_ACT_ERRNO",
                            args: [.init(index: 0, value: 1, op: "SCMP_CMP_ALMOST")])
                    ]), "SCMP_CMP_ALMOST"
            ),
        ])
    func refused(filter: Linux.Seccomp, name: String) {
        let error = #expect(throws: EngineError.self) { try SeccompCompiler.compile(filter) }
        #expect(error?.code == .invalidArgument)
        #expect(error?.message.contains(name) == true)
    }

    @Test("system calls have the numbers of their architecture")
    func numbers() {
        #expect(SeccompCompiler.number(of: "mount", on: "SCMP_ARCH_X86_64") == 165)
        #expect(SeccompCompiler.number(of: "mount", on: "SCMP_ARCH_AARCH64") == 40)
        #expect(SeccompCompiler.number(of: "frobnicate", on: "SCMP_ARCH_X86_64") == nil)
        #expect(SeccompCompiler.number(of: "arch_prctl", on: "SCMP_ARCH_AARCH64") == nil)
    }
}
