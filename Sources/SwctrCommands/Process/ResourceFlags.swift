import SwctrArguments
import SwctrCore
import SwctrProto

/// What the container may use.
struct ResourceFlags: ParsableArguments {
    @Option("--cgroup", valueName: "path", help: "Cgroup (default: /NAMESPACE/ID); empty sets none.")
    var cgroup: String?

    @Option("--memory-limit", valueName: "bytes", help: "Memory limit in bytes, or with k, m, g; 0 sets none.")
    var memoryLimit: ByteCountArgument?

    @Option(
        "--cpus", valueName: "number", parsing: .unconditional,
        help: "Processor time, as a number of processors such as 1.5; 0 sets no limit.")
    var cpus: Double?

    @Option(
        "--cpu-quota", valueName: "µs", parsing: .unconditional,
        help: "Microseconds of processor time in each period; -1 sets no limit.")
    var cpuQuota: Int64?

    @Option("--cpu-period", valueName: "µs", help: "Length of a period of --cpu-quota (kernel's default: 100000).")
    var cpuPeriod: UInt64?

    @Option("--cpu-burst", valueName: "µs", help: "Microseconds by which unused quota may be exceeded later.")
    var cpuBurst: UInt64?

    @Option("--cpu-shares", valueName: "number", help: "Weight against other containers (run's default: 1024).")
    var cpuShares: UInt64?

    @Option("--cpuset-cpus", valueName: "list", help: "Processors to run on, such as 0-2,7.")
    var cpusetCpus: String?

    @Option("--cpuset-mems", valueName: "list", help: "Memory nodes to use, such as 0,1.")
    var cpusetMems: String?

    @Option("--blockio-config-file", valueName: "file", help: "File that defines classes of block I/O.")
    var blockIOConfigFile: String?

    @Option("--blockio-class", valueName: "name", help: "Class of block I/O, of --blockio-config-file.")
    var blockIOClass: String?

    @Option("--rdt-class", valueName: "name", help: "Class of Intel's cache and bandwidth allocation.")
    var rdtClass: String?

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
