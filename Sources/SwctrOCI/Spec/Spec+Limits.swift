import SwctrCore

extension Spec {
    /// What the cgroup allows; what is not asked for is not written, and so is the kernel's to say.
    mutating func setResources(_ wanted: SpecRequest.Resources) throws(EngineError) {
        var resources = linux.resources ?? Linux.Resources()
        if wanted.memory > 0 {
            guard let limit = Int64(exactly: wanted.memory) else {
                throw EngineError(
                    .invalidArgument, subject: "memory limit \(wanted.memory)", message: "is out of range")
            }
            resources.memory = Linux.Memory(limit: limit)
        }
        var cpu = Linux.CPU()
        cpu.shares = wanted.cpuShares
        cpu.quota = wanted.cpuQuota
        cpu.period = wanted.cpuPeriod
        cpu.burst = wanted.cpuBurst
        try Self.checkList(wanted.cpus, "cpuset-cpus")
        try Self.checkList(wanted.mems, "cpuset-mems")
        if !wanted.cpus.isEmpty { cpu.cpus = wanted.cpus }
        if !wanted.mems.isEmpty { cpu.mems = wanted.mems }
        if cpu != Linux.CPU() { resources.cpu = cpu }
        linux.resources = resources
        if !wanted.rdtClass.isEmpty { linux.intelRdt = Linux.IntelRdt(closID: wanted.rdtClass) }
    }

    /// `0-2,7`: the kernel would refuse anything else when half of the container exists.
    private static func checkList(_ text: String, _ name: String) throws(EngineError) {
        if text.isEmpty { return }
        for part in text.split(separator: ",", omittingEmptySubsequences: false) {
            let ends = part.split(separator: "-", maxSplits: 1, omittingEmptySubsequences: false).map { UInt16($0) }
            guard let first = ends.first, let first, let last = ends.last, let last, first <= last else {
                throw EngineError(
                    .invalidArgument, subject: "\(name) \"\(text)\"",
                    message: "\"\(part)\" is neither a number nor a range", hint: "such as 0-2,7")
            }
        }
    }
}
