import SwctrArguments
import SwctrCore
import SwctrProto

/// What the process may do.
struct SecurityFlags: ParsableArguments {
    @Flag("--privileged", help: "Lift nearly every restriction: all capabilities, all devices, nothing masked.")
    var privileged = false

    @Flag("--privileged-without-host-devices", help: "With --privileged: make no nodes for the host's devices.")
    var privilegedWithoutHostDevices = false

    @Option(
        "--cap-add", valueName: "name", parsing: .unconditional,
        help: "Add a capability, such as CAP_SYS_TIME. May be repeated.")
    var capAdd: [String] = []

    @Option(
        "--cap-drop", valueName: "name", parsing: .unconditional,
        help: "Drop a capability, such as CAP_CHOWN. May be repeated.")
    var capDrop: [String] = []

    @Flag("--allow-new-privs", help: "Let programs gain privileges by set-id bits and file capabilities.")
    var allowNewPrivs = false

    @Flag("--seccomp", help: "Filter system calls by the default profile (see 'swctr oci seccomp').")
    var seccomp = false

    @Option("--seccomp-profile", valueName: "file", help: "Filter by this profile; needs --seccomp.")
    var seccompProfile: String?

    @Option("--apparmor-profile", valueName: "name", help: "Confine by this AppArmor profile, which must be loaded.")
    var apparmorProfile: String?

    @Option(
        "--apparmor-default-profile", valueName: "name",
        help: "Confine by a default AppArmor profile, loaded under this name.")
    var apparmorDefaultProfile: String?

    func validate() throws(ValidationError) {
        if seccompProfile != nil, !seccomp { throw ValidationError("--seccomp-profile needs --seccomp") }
        if privilegedWithoutHostDevices, !privileged {
            throw ValidationError("--privileged-without-host-devices needs --privileged")
        }
        if apparmorProfile != nil, apparmorDefaultProfile != nil {
            throw ValidationError("--apparmor-profile and --apparmor-default-profile contradict each other")
        }
    }

    func fill(_ options: inout Swctr_V1_ContainerOptions) throws(EngineError) {
        options.privileged = privileged
        options.withoutHostDevices = privilegedWithoutHostDevices
        options.capAdd = capAdd
        options.capDrop = capDrop
        options.allowNewPrivileges = allowNewPrivs
        options.seccomp = seccomp
        if let seccompProfile {
            options.seccompProfile = collection(of: try UserFile.read(seccompProfile, for: "--seccomp-profile"))
        }
        options.apparmorProfile = apparmorProfile ?? ""
        options.apparmorDefaultProfile = apparmorDefaultProfile ?? ""
    }

    /// Flags that were given, by name.
    var given: [String] {
        names([
            ("--privileged", privileged), ("--cap-add", !capAdd.isEmpty), ("--cap-drop", !capDrop.isEmpty),
            ("--allow-new-privs", allowNewPrivs), ("--seccomp", seccomp),
            ("--apparmor-profile", apparmorProfile != nil),
            ("--apparmor-default-profile", apparmorDefaultProfile != nil),
        ])
    }
}
