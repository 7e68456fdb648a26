import ArgumentParser
import SwctrCore
import SwctrProto

/// What the process may do.
struct SecurityFlags: ParsableArguments {
    @Flag(help: "Lift nearly every restriction: all capabilities, all devices, nothing masked.")
    var privileged = false

    @Flag(help: "With --privileged: make no nodes for the host's devices.")
    var privilegedWithoutHostDevices = false

    @Option(
        parsing: .unconditionalSingleValue,
        help: ArgumentHelp("Add a capability, such as CAP_SYS_TIME. May be repeated.", valueName: "name"))
    var capAdd: [String] = []

    @Option(
        parsing: .unconditionalSingleValue,
        help: ArgumentHelp("Drop a capability, such as CAP_CHOWN. May be repeated.", valueName: "name"))
    var capDrop: [String] = []

    @Flag(help: "Let programs gain privileges by set-id bits and file capabilities.")
    var allowNewPrivs = false

    @Flag(help: "Filter system calls by the default profile (see 'swctr oci seccomp').")
    var seccomp = false

    @Option(help: ArgumentHelp("Filter by this profile; needs --seccomp.", valueName: "file"))
    var seccompProfile: String?

    @Option(help: ArgumentHelp("Confine by this AppArmor profile, which must be loaded.", valueName: "name"))
    var apparmorProfile: String?

    @Option(help: ArgumentHelp("Confine by a default AppArmor profile, loaded under this name.", valueName: "name"))
    var apparmorDefaultProfile: String?

    static let valueOptions: Set<String> = [
        "--cap-add", "--cap-drop", "--seccomp-profile", "--apparmor-profile", "--apparmor-default-profile",
    ]

    mutating func validate() throws {
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
