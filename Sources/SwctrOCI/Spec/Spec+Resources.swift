extension Linux {
    /// What the container's cgroup allows (config-linux.md, control groups).
    public struct Resources: Codable, Hashable, Sendable {
        public var devices: [DeviceRule]?
        public var memory: Memory?
        public var cpu: CPU?
        public var pids: Pids?
        public var blockIO: BlockIO?
        public var hugepageLimits: [HugepageLimit]?
        /// Names of files of cgroup version 2, with what is written to them.
        public var unified: [String: String]?

        public init() {}
    }

    /// One line of the device cgroup's list.
    public struct DeviceRule: Codable, Hashable, Sendable {
        public var allow: Bool
        public var type: String?
        /// Absent: every number.
        public var major: Int64?
        public var minor: Int64?
        public var access: String?

        public init(allow: Bool, type: String? = nil, major: Int64? = nil, minor: Int64? = nil, access: String? = nil) {
            self.allow = allow
            self.type = type
            self.major = major
            self.minor = minor
            self.access = access
        }
    }

    public struct Memory: Codable, Hashable, Sendable {
        /// Bytes.
        public var limit: Int64?
        public var reservation: Int64?
        /// Memory and swap together.
        public var swap: Int64?
        public var kernel: Int64?
        public var kernelTCP: Int64?
        public var swappiness: UInt64?
        public var disableOOMKiller: Bool?
        public var useHierarchy: Bool?
        public var checkBeforeUpdate: Bool?

        public init(limit: Int64? = nil) { self.limit = limit }
    }

    public struct CPU: Codable, Hashable, Sendable {
        public var shares: UInt64?
        /// Microseconds a period; negative for none.
        public var quota: Int64?
        /// Microseconds a quota may be exceeded by when less was used before.
        public var burst: UInt64?
        /// Microseconds.
        public var period: UInt64?
        public var realtimeRuntime: Int64?
        public var realtimePeriod: UInt64?
        public var cpus: String?
        public var mems: String?
        public var idle: Int64?

        public init() {}
    }

    public struct Pids: Codable, Hashable, Sendable {
        public var limit: Int64

        public init(limit: Int64) { self.limit = limit }
    }

    public struct BlockIO: Codable, Hashable, Sendable {
        public var weight: UInt16?
        public var leafWeight: UInt16?
        public var weightDevice: [WeightDevice]?
        public var throttleReadBpsDevice: [ThrottleDevice]?
        public var throttleWriteBpsDevice: [ThrottleDevice]?
        public var throttleReadIOPSDevice: [ThrottleDevice]?
        public var throttleWriteIOPSDevice: [ThrottleDevice]?

        public init() {}
    }

    public struct WeightDevice: Codable, Hashable, Sendable {
        public var major: Int64
        public var minor: Int64
        public var weight: UInt16?
        public var leafWeight: UInt16?

        public init(major: Int64, minor: Int64, weight: UInt16?) {
            self.major = major
            self.minor = minor
            self.weight = weight
        }
    }

    public struct ThrottleDevice: Codable, Hashable, Sendable {
        public var major: Int64
        public var minor: Int64
        /// Bytes or operations a second.
        public var rate: UInt64

        public init(major: Int64, minor: Int64, rate: UInt64) {
            self.major = major
            self.minor = minor
            self.rate = rate
        }
    }

    public struct HugepageLimit: Codable, Hashable, Sendable {
        public var pageSize: String
        public var limit: UInt64
    }

    /// A class of Intel's cache and bandwidth allocation.
    public struct IntelRdt: Codable, Hashable, Sendable {
        public var closID: String?
        public var l3CacheSchema: String?
        public var memBwSchema: String?

        public init(closID: String?) { self.closID = closID }
    }
}
