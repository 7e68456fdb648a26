import SwctrArguments
import SwctrClient
import SwctrCore
import SwctrProto
import SwctrWire

struct DeprecationsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Look at uses of features that will go away",
        subcommands: [
            Subcommand("ls", DeprecationList.self, aliases: ["list"])
        ])
}

struct DeprecationList: ClientCommand {
    static let configuration = CommandConfiguration(
        abstract: "List uses of features that will go away",
        discussion: "There are none in this version, so nothing is printed; as JSON an empty list.")

    enum Format: String, ExpressibleByArgument, CaseIterable {
        case table = "default"
        case json
    }

    @Option("--format", valueName: "format", help: "How to print them.")
    var format = Format.table

    @OptionGroup(title: "Global options")
    var global: GlobalOptions

    var action: Action { Action("list deprecations") }

    func execute() throws(EngineError) -> Int32 {
        // Asked of the manager, which has to be there: what is deprecated is its matter.
        let _: Swctr_V1_VersionResponse = try global.connect().call(
            ServiceName.engine, "Version", Swctr_V1_VersionRequest())
        if format == .json { emit("[]") }
        return 0
    }
}
