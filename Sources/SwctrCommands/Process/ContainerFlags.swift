import SwctrArguments
import SwctrClient
import SwctrCore
import SwctrProto

/// What makes a container: the flags that `run` and `containers create` share.
struct ContainerFlags: ParsableArguments {
    @OptionGroup(title: "Process")
    var process: ProcessFlags

    @OptionGroup(title: "Files and devices")
    var files: FileFlags

    @OptionGroup(title: "Container")
    var identity: IdentityFlags

    @OptionGroup(title: "Namespaces")
    var namespaces: NamespaceFlags

    @OptionGroup(title: "Resources")
    var resources: ResourceFlags

    @OptionGroup(title: "Security")
    var security: SecurityFlags

    @OptionGroup(title: "Runtime")
    var runtime: RuntimeFlags

    /// The request's part.
    ///
    /// - Parameter cpuShares: what is written where `--cpu-shares` is not given; nil: nothing.
    func options(
        _ target: ContainerTarget, cpuShares: UInt64? = nil
    ) throws(EngineError) -> Swctr_V1_ContainerOptions {
        var options = Swctr_V1_ContainerOptions()
        _ = try ContainerID(target.id)
        options.id = target.id
        options.name = identity.name ?? ""
        options.randomName = identity.randomName
        options.labels = try identity.labelMap()
        if let path = identity.config {
            try checkAlone()
            let document = try UserFile.read(path, for: "--config")
            let cgroup = try JSONValue(parsing: document)["linux"]?["cgroupsPath"]?.text
            options.spec = collection(of: document)
            options.runtime = try runtime.message(cgroup: cgroup)
            return options
        }
        options.runtime = try runtime.message(cgroup: resources.cgroup)
        options.image = identity.rootfs ? absolutePath(target.image) : target.image
        options.rootfs = identity.rootfs
        options.args = target.arguments
        options.platform = identity.platform ?? ""
        options.snapshotter = identity.snapshotter ?? environment("SWCTR_SNAPSHOTTER") ?? ""
        options.snapshotLabels = try identity.snapshotLabelMap()
        options.annotations = try identity.annotationMap()
        try process.fill(&options)
        try files.fill(&options)
        try namespaces.fill(&options)
        try resources.fill(&options, cpuShares: cpuShares)
        try security.fill(&options)
        return options
    }

    /// Whether the process gets a terminal: with `--config` its document says so.
    func terminal(_ options: Swctr_V1_ContainerOptions) throws(EngineError) -> Bool {
        if options.spec.isEmpty { return process.tty }
        let wanted = try JSONValue(parsing: Array(options.spec))["process"]?["terminal"] == .bool(true)
        if process.tty, !wanted {
            throw EngineError(
                .invalidArgument, subject: "--tty",
                message: "contradicts the document of --config, whose process.terminal is not true")
        }
        return wanted
    }

    /// A document says all that these would say.
    private func checkAlone() throws(EngineError) {
        var names = process.given + files.given + namespaces.given + resources.given + security.given + identity.given
        names.removeAll { $0 == "--config" || $0 == "--label" || $0 == "--tty" }
        if names.isEmpty { return }
        throw EngineError(
            .invalidArgument, subject: "--config",
            message: "stands in place of everything that \(names.joined(separator: ", ")) would say",
            hint: "change the document, or leave the options out")
    }
}

/// What the positional arguments name.
struct ContainerTarget: Equatable {
    /// Empty with `--config`.
    var image = ""
    var id: String
    var arguments: [String] = []

    /// - Parameters:
    ///   - words: all of the positional arguments.
    ///   - flags: say which of them there are.
    /// - Throws: `.invalidArgument` for too few, and for too many with `--config`.
    init(_ words: [String], _ flags: IdentityFlags) throws(EngineError) {
        var rest = words[...]
        if flags.config == nil {
            guard let image = rest.popFirst() else { throw Self.missing("image") }
            self.image = image
        }
        if flags.isNamed {
            id = Self.makeID()
        } else {
            guard let id = rest.popFirst() else { throw Self.missing("id") }
            self.id = id
        }
        if flags.config != nil, !rest.isEmpty {
            throw EngineError(
                .invalidArgument, subject: "--config",
                message: "takes the id alone: the command stands in its document")
        }
        arguments = Array(rest)
    }

    /// 64 hex digits.
    private static func makeID() -> String {
        (0..<4).map { _ in
            let digits = String(UInt64.random(in: .min ... .max), radix: 16)
            return String(repeating: "0", count: 16 - digits.count) + digits
        }.joined()
    }

    private static func missing(_ name: String) -> EngineError {
        EngineError(.invalidArgument, message: "missing expected argument '<\(name)>'")
    }
}
