import SwctrArguments
import SwctrClient
import SwctrCore
import SwctrLinux
import SwctrProto
import SwctrWire
import SwiftProtobuf

/// Which shim is meant.
struct ShimFlags: ParsableArguments {
    @Option("--id", valueName: "name", help: "Name of the container whose shim is meant.")
    var id: String?

    @Option(
        "--shim-address", valueName: "path",
        help: "Socket of the shim (default: the one that the container's bundle names).")
    var shimAddress: String?

    @Option("--api-version", valueName: "number", help: "Version of the task service to call: 2 or 3.")
    var apiVersion = 2

    func validate() throws(ValidationError) {
        if id == nil, shimAddress == nil { throw ValidationError("--id or --shim-address must be given") }
        if apiVersion != 2, apiVersion != 3 { throw ValidationError("--api-version is 2 or 3") }
    }

    /// - Throws: `.invalidArgument` where only the address was given and the task's name is needed.
    func task() throws(EngineError) -> String {
        guard let id else {
            throw EngineError(.invalidArgument, subject: "--id", message: "is needed: it names the task")
        }
        return try ContainerID(id).rawValue
    }

    /// A connection to the shim.
    func connect(_ global: GlobalOptions) throws(EngineError) -> ShimConnection {
        var options = try global.options()
        if let shimAddress {
            options.address = Self.path(shimAddress)
        } else {
            let bundle = try global.connect().task(try task()).bundle
            options.address = Self.path(try Self.address(in: bundle))
        }
        return ShimConnection(
            client: try Client(options), service: apiVersion == 3 ? ServiceName.taskV3 : ServiceName.taskV2)
    }

    /// Shims write where they listen into their bundle, in one of two forms.
    private static func address(in bundle: String) throws(EngineError) -> String {
        if let text = try? TextFile.read("\(bundle)/bootstrap.json", limit: 1 << 16),
            let address = try? JSONValue(parsing: Array(text.utf8))["address"]?.text
        {
            return address
        }
        let text = try TextFile.read("\(bundle)/address", limit: 4096)
        return String(text.prefix { !$0.isNewline })
    }

    private static func path(_ address: String) -> String {
        address.hasPrefix("unix://") ? String(address.dropFirst("unix://".count)) : address
    }
}

/// Calls of the task service, straight to a shim.
struct ShimConnection {
    let client: Client
    let service: String

    func call<Response: Message>(
        _ method: String, _ request: some Message, returning: Response.Type = Response.self
    ) throws(EngineError) -> Response {
        try client.call(service, method, request)
    }
}
