import ArgumentParser
import SwctrCore
import SwctrProto

/// What the container may use.
struct ResourceFlags: ParsableArguments {
    @Option(help: ArgumentHelp("Cgroup (default: /NAMESPACE/ID); empty sets none.", valueName: "path"))
    var cgroup: String?

    @Option(help: ArgumentHelp("Memory limit in bytes, or with k, m, g; 0 sets none.", valueName: "bytes"))
    var memoryLimit: ByteCountArgument?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "Processor time, as a number of processors such as 1.5; 0 sets no limit.", valueName: "number"))
    var cpus: Double?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("Microseconds of processor time in each period; -1 sets no limit.", valueName: "µs"))
    var cpuQuota: Int64?

    @Option(help: ArgumentHelp("Length of a period of --cpu-quota (kernel's default: 100000).", valueName: "µs"))
    var cpuPeriod: UInt64?

    @Option(help: ArgumentHelp("Microseconds by which unused quota may be exceeded later.", valueName: "µs"))
    var cpuBurst: UInt64?

    @Option(help: ArgumentHelp("Weight against other containers (run's default: 1024).", valueName: "number"))
    var cpuShares: UInt64?

    @Option(help: ArgumentHelp("Processors to run on, such as 0-2,7.", valueName: "list"))
    var cpusetCpus: String?

    @Option(help: ArgumentHelp("Memory nodes to use, such as 0,1.", valueName: "list"))
    var cpusetMems: String?

    @Option(
        name: .customLong("blockio-config-file"),
        help: ArgumentHelp("File that defines classes of block I/O.", valueName: "file"))
    var blockIOConfigFile: String?

    @Option(
        name: .customLong("blockio-class"),
        help: ArgumentHelp("Class of block I/O, of --blockio-config-file.", valueName: "name"))
    var blockIOClass: String?

    @Option(help: ArgumentHelp("Class of Intel's cache and bandwidth allocation.", valueName: "name"))
    var rdtClass: String?

    static let valueOptions: Set<String> = [
        "--cgroup", "--memory-limit", "--cpus", "--cpu-quota", "--cpu-period", "--cpu-burst", "--cpu-shares",
        "--cpuset-cpus", "--cpuset-mems", "--blockio-config-file", "--blockio-class", "--rdt-class",
    ]

    /// Of `--cpus`, in microseconds.
    private static let period: UInt64 = 100_000

    func fill(_ options: inout Swctr_V1_ContainerOptions, cpuShares standard: UInt64?) throws(EngineError) {
        if let cgroup { options.cgroup = cgroup }
        options.memoryLimit = memoryLimit?.bytes ?? 0
        var resources = Swctr_V1_Resources()
        try fillProcessors(&resources)
        if let shares = cpuShares ?? standard { resources.cpuShares = shares }
        resources.cpusetCpus = cpusetCpus ?? ""
        resources.cpusetMems = cpusetMems ?? ""
        resources.rdtClass = rdtClass ?? ""
        if (blockIOClass == nil) != (blockIOConfigFile == nil) {
            throw EngineError(
                .invalidArgument, subject: blockIOClass == nil ? "--blockio-config-file" : "--blockio-class",
                message: "needs \(blockIOClass == nil ? "--blockio-class" : "--blockio-config-file")")
        }
        if let blockIOClass, let blockIOConfigFile {
            resources.blockIoClass = blockIOClass
            resources.blockIoClasses = collection(
                of: try UserFile.read(blockIOConfigFile, for: "--blockio-config-file"))
        }
        if resources != Swctr_V1_Resources() { options.resources = resources }
    }

    private func fillProcessors(_ resources: inout Swctr_V1_Resources) throws(EngineError) {
        if let cpus, cpus != 0 {
            if cpuQuota != nil || cpuPeriod != nil {
                throw EngineError(
                    .invalidArgument, subject: "--cpus",
                    message: "and --cpu-quota or --cpu-period exclude each other: it sets both")
            }
            guard cpus.isFinite, cpus >= 0.01, cpus <= 100_000 else {
                throw EngineError(
                    .invalidArgument, subject: "--cpus \(cpus)", message: "is out of range (0.01 to 100000)")
            }
            resources.cpuQuota = Int64((cpus * Double(Self.period)).rounded())
            resources.cpuPeriod = Self.period
        }
        if let cpuQuota {
            if cpuQuota < -1 || (0..<1000).contains(cpuQuota) {
                throw EngineError(
                    .invalidArgument, subject: "--cpu-quota \(cpuQuota)",
                    message: "is out of range: the kernel takes 1000 and more, and -1 for no limit")
            }
            resources.cpuQuota = cpuQuota
        }
        if let cpuPeriod, cpuPeriod != 0 {
            guard (1000...1_000_000).contains(cpuPeriod) else {
                throw EngineError(
                    .invalidArgument, subject: "--cpu-period \(cpuPeriod)", message: "is out of range (1000 to 1000000)"
                )
            }
            resources.cpuPeriod = cpuPeriod
        }
        if let cpuBurst { resources.cpuBurst = cpuBurst }
    }

    /// Flags that were given, by name.
    var given: [String] {
        names([
            ("--cgroup", cgroup != nil), ("--memory-limit", memoryLimit != nil), ("--cpus", cpus != nil),
            ("--cpu-quota", cpuQuota != nil), ("--cpu-period", cpuPeriod != nil), ("--cpu-burst", cpuBurst != nil),
            ("--cpu-shares", cpuShares != nil), ("--cpuset-cpus", cpusetCpus != nil),
            ("--cpuset-mems", cpusetMems != nil), ("--blockio-config-file", blockIOConfigFile != nil),
            ("--blockio-class", blockIOClass != nil), ("--rdt-class", rdtClass != nil),
        ])
    }
}
