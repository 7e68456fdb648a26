extension Spec {
    /// The specification that a Linux container starts from, the same as containerd's (containerd: pkg/oci/spec.go):
    /// capabilities, namespaces, mounts, hidden paths and the device list are its values, so that an image behaves here
    /// as it does there.
    ///
    /// - Parameter cgroupsPath: nil writes none, and the runtime chooses.
    public static func linuxDefault(cgroupsPath: String?) -> Spec {
        var process = Process(
            user: Process.User(uid: 0, gid: 0), args: [], env: [defaultPath], cwd: "/")
        process.capabilities = Process.Capabilities(
            bounding: defaultCapabilities, effective: defaultCapabilities, permitted: defaultCapabilities)
        process.noNewPrivileges = true
        process.rlimits = [Process.ResourceLimit(type: "RLIMIT_NOFILE", hard: 1024, soft: 1024)]

        var linux = Linux(namespaces: [.init(.pid), .init(.ipc), .init(.uts), .init(.mount), .init(.network)])
        linux.cgroupsPath = cgroupsPath
        linux.maskedPaths = defaultMaskedPaths
        linux.readonlyPaths = ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"]
        var resources = Linux.Resources()
        resources.devices = defaultDeviceRules
        linux.resources = resources

        return Spec(process: process, root: Root(path: "rootfs"), mounts: defaultMounts, linux: linux)
    }

    /// `PATH` where the image sets no environment.
    public static let defaultPath = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

    /// What root in a container may do without `--privileged`.
    public static let defaultCapabilities = [
        "CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_FSETID", "CAP_FOWNER", "CAP_MKNOD", "CAP_NET_RAW", "CAP_SETGID",
        "CAP_SETUID", "CAP_SETFCAP", "CAP_SETPCAP", "CAP_NET_BIND_SERVICE", "CAP_SYS_CHROOT", "CAP_KILL",
        "CAP_AUDIT_WRITE",
    ]

    private static let defaultMaskedPaths = [
        "/proc/acpi", "/proc/asound", "/proc/kcore", "/proc/keys", "/proc/latency_stats", "/proc/timer_list",
        "/proc/timer_stats", "/proc/sched_debug", "/proc/scsi", "/sys/firmware", "/sys/devices/virtual/powercap",
    ]

    private static let defaultMounts = [
        SpecMount(destination: "/proc", type: "proc", source: "proc", options: ["nosuid", "noexec", "nodev"]),
        SpecMount(
            destination: "/dev", type: "tmpfs", source: "tmpfs",
            options: ["nosuid", "strictatime", "mode=755", "size=65536k"]),
        SpecMount(
            destination: "/dev/pts", type: "devpts", source: "devpts",
            options: ["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5"]),
        SpecMount(
            destination: "/dev/shm", type: "tmpfs", source: "shm",
            options: ["nosuid", "noexec", "nodev", "mode=1777", "size=65536k"]),
        SpecMount(
            destination: "/dev/mqueue", type: "mqueue", source: "mqueue", options: ["nosuid", "noexec", "nodev"]),
        SpecMount(destination: "/sys", type: "sysfs", source: "sysfs", options: ["nosuid", "noexec", "nodev", "ro"]),
        SpecMount(
            destination: "/run", type: "tmpfs", source: "tmpfs",
            options: ["nosuid", "strictatime", "mode=755", "size=65536k"]),
    ]

    /// Deny all; then null, random, full, tty, zero, urandom, console, pseudo terminals and ptmx.
    private static let defaultDeviceRules: [Linux.DeviceRule] =
        [Linux.DeviceRule(allow: false, access: "rwm")]
        + [(1, 3), (1, 8), (1, 7), (5, 0), (1, 5), (1, 9), (5, 1), (136, nil), (5, 2)].map {
            (major: Int64, minor: Int64?) in
            Linux.DeviceRule(allow: true, type: "c", major: major, minor: minor, access: "rwm")
        }
}
