import SwctrArguments
import SwctrClient
import SwctrCore
import SwctrProto
import SwctrWire

struct OciCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Look at what runtimes are told",
        subcommands: [
            Subcommand("spec", OciSpec.self),
            Subcommand("seccomp", OciSeccomp.self),
        ])
}

struct OciSpec: ClientCommand {
    static let configuration = CommandConfiguration(
        abstract: "Print the OCI runtime spec that containers start from")

    @Option("--platform", valueName: "os/arch", help: "Platform (default: the host's).")
    var platform: String?

    @OptionGroup(title: "Global options")
    var global: GlobalOptions

    var action: Action { Action("print spec") }

    func execute() throws(EngineError) -> Int32 {
        var request = Swctr_V1_DefaultSpecRequest()
        request.platform = platform ?? ""
        let response: Swctr_V1_DefaultSpecResponse = try global.connect().call(
            ServiceName.engine, "DefaultSpec", request)
        emit(try JSONValue(parsing: Array(response.spec)).formatted())
        return 0
    }
}
