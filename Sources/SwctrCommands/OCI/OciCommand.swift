import ArgumentParser
import SwctrClient
import SwctrCore
import SwctrProto
import SwctrWire

struct OciCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "oci",
        abstract: "Look at what runtimes are told",
        subcommands: [OciSpec.self, OciSeccomp.self])
}

struct OciSpec: ClientCommand {
    static let configuration = CommandConfiguration.command(
        "spec", in: "oci",
        abstract: "Print the OCI runtime spec that containers start from")

    @Option(help: ArgumentHelp("Platform (default: the host's).", valueName: "os/arch"))
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
