public import Foundation
public import SwctrCore
public import SwctrProto
public import SwiftProtobuf

/// What a request carries for its runtime, after the manager looked inside.
public enum RuntimeOptions: Sendable, Hashable {
    /// Nothing is sent: the shim gets the standard request and uses its defaults.
    case none
    /// For `io.containerd.runc.v2`.
    case runc(Containerd_Runc_V1_Options)
    /// For every other runtime, when its configuration was named.
    case generic(Runtimeoptions_V1_Options)

    /// `containerd.runc.v1.Options`, without a prefix, as containerd's Go code writes type URLs.
    public static let runcTypeURL = "containerd.runc.v1.Options"
    /// `runtimeoptions.v1.Options`, likewise.
    public static let genericTypeURL = "runtimeoptions.v1.Options"

    /// Applies the option rule to what a client sent, whether or not it checked before.
    ///
    /// - Parameters:
    ///   - runtime: name or path, as the request has it.
    ///   - any: the request's options; nil or with an empty value means none.
    ///   - cgroup: the cgroup path that the request gives.
    /// - Throws: `.invalidArgument` that names the options and the runtime; nothing was created.
    public init(
        checking any: Google_Protobuf_Any?, runtime: String, cgroup: String?
    ) throws(EngineError) {
        guard let any, !any.typeURL.isEmpty else {
            self = .none
            return
        }
        let typeName = any.typeURL.split(separator: "/").last.map(String.init) ?? any.typeURL
        switch typeName {
        case Self.runcTypeURL:
            let options: Containerd_Runc_V1_Options = try Self.decode(any, runtime: runtime)
            try RuntimeOptionRule.check(runtime: runtime, flags: options.flags, cgroup: cgroup)
            // A foreign shim is not even told the type of options that are all defaults.
            self = runtime == RuntimeOptionRule.runcRuntime && !any.value.isEmpty ? .runc(options) : .none
        case Self.genericTypeURL:
            if runtime == RuntimeOptionRule.runcRuntime {
                throw EngineError(
                    .invalidArgument, subject: "runtime \(runtime)",
                    message: "takes \(Self.runcTypeURL) and no \(Self.genericTypeURL)",
                    hint: "--runtime-config-path is for other runtimes")
            }
            self = .generic(try Self.decode(any, runtime: runtime))
        default:
            throw EngineError(
                .invalidArgument, subject: "runtime \(runtime)", message: "options of type \(typeName) are not known",
                hint: "known are \(Self.runcTypeURL) and \(Self.genericTypeURL)")
        }
    }

    /// Options that were checked when they were stored.
    ///
    /// - Parameter stored: a serialized `Any`; nil for none.
    public init(stored: Data?, runtime: String) throws(EngineError) {
        guard let stored else {
            self = .none
            return
        }
        let any: Google_Protobuf_Any
        do { any = try Google_Protobuf_Any(serializedBytes: stored) } catch {
            throw EngineError(
                .dataLoss, subject: "runtime \(runtime)", message: "its stored options cannot be read",
                causes: ["\(error)"])
        }
        switch any.typeURL {
        case Self.runcTypeURL: self = .runc(try Self.decode(any, runtime: runtime))
        case Self.genericTypeURL: self = .generic(try Self.decode(any, runtime: runtime))
        default: self = .none
        }
    }

    /// The same with what only the start of a task decides, where the runtime is runc: its state folder if none was
    /// chosen, how it enters the root file system, and who owns the streams.
    ///
    /// - Parameter owner: the host's ids of the root of a user namespace; nil without one.
    public func completed(
        for runtime: String, runcRoot: String, noPivot: Bool = false, owner: (uid: UInt32, gid: UInt32)? = nil
    ) -> RuntimeOptions {
        guard runtime == RuntimeOptionRule.runcRuntime else { return self }
        var options = Containerd_Runc_V1_Options()
        if case .runc(let chosen) = self { options = chosen }
        if options.root.isEmpty { options.root = runcRoot }
        if noPivot { options.noPivotRoot = true }
        if let owner {
            options.ioUid = owner.uid
            options.ioGid = owner.gid
        }
        return .runc(options)
    }

    /// What goes into the shim's requests; nil for nothing.
    public func packed() throws(EngineError) -> Google_Protobuf_Any? {
        switch self {
        case .none: nil
        case .runc(let options): try Self.pack(options, as: Self.runcTypeURL)
        case .generic(let options): try Self.pack(options, as: Self.genericTypeURL)
        }
    }

    private static func decode<Options: Message>(
        _ any: Google_Protobuf_Any, runtime: String
    ) throws(EngineError) -> Options {
        do {
            return try Options(serializedBytes: any.value)
        } catch {
            throw EngineError(
                .invalidArgument, subject: "runtime \(runtime)",
                message: "its options cannot be decoded as \(any.typeURL)",
                causes: ["\(error)"])
        }
    }

    private static func pack(_ options: some Message, as typeURL: String) throws(EngineError) -> Google_Protobuf_Any {
        do {
            var any = Google_Protobuf_Any()
            any.typeURL = typeURL
            any.value = try options.serializedBytes()
            return any
        } catch {
            throw EngineError(.internal, subject: typeURL, message: "cannot be encoded", causes: ["\(error)"])
        }
    }
}

extension Containerd_Runc_V1_Options {
    /// The set fields under the names of the client's flags.
    public var flags: RuntimeOptionRule.RuncFlags {
        let others: [(Bool, String)] = [
            (noPivotRoot, "no_pivot_root"), (noNewKeyring, "no_new_keyring"), (!shimCgroup.isEmpty, "shim_cgroup"),
            (ioUid != 0, "io_uid"), (ioGid != 0, "io_gid"), (!criuImagePath.isEmpty, "criu_image_path"),
            (!criuWorkPath.isEmpty, "criu_work_path"), (!taskApiAddress.isEmpty, "task_api_address"),
            (taskApiVersion != 0, "task_api_version"),
        ]
        return RuntimeOptionRule.RuncFlags(
            binary: binaryName, root: root, systemdCgroup: systemdCgroup, otherFields: others.filter(\.0).map(\.1))
    }
}
