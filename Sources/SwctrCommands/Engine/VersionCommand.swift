import SwctrArguments
import SwctrClient
import SwctrCore
import SwctrProto
import SwctrWire

struct VersionCommand: ClientCommand {
    static let configuration = CommandConfiguration(
        abstract: "Print the versions of client and manager")

    @OptionGroup(title: "Global options")
    var global: GlobalOptions

    var action: Action { Action("version") }

    func execute() throws(EngineError) -> Int32 {
        emit("Client:\n  Version:  \(Version.current)\n")
        let server: Swctr_V1_VersionResponse = try global.connect().call(
            ServiceName.engine, "Version", Swctr_V1_VersionRequest())
        emit("Server:\n  Version:  \(server.version)")
        if !server.revision.isEmpty { emit("  Revision: \(server.revision)") }
        emit("  UUID: \(server.serverID)")
        if server.version != Version.current { complain("warning: client and manager differ in version") }
        return 0
    }
}
