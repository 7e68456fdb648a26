import SwctrArguments
import SwctrClient
import SwctrCore
import SwctrProto
import SwctrWire
import SwiftProtobuf

struct PluginsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Look at the parts that the manager is made of",
        subcommands: [
            Subcommand("ls", PluginList.self, aliases: ["list"]),
            Subcommand("inspect-runtime", PluginInspectRuntime.self),
        ])
}

struct PluginList: ClientCommand {
    static let configuration = CommandConfiguration(
        abstract: "List the parts of the manager, and whether each works",
        discussion: """
            Examples:
              swctr plugins ls
              swctr plugins ls -d 'type~=snapshotter'
            """)

    @Flag("-q", "--quiet", help: "Print types and ids only.")
    var quiet = false

    @Flag("-d", "--detailed", help: "Print what each needs and offers, and why one does not work.")
    var detailed = false

    @OptionGroup(title: "Global options")
    var global: GlobalOptions

    @Argument("filters", help: "Filters on type, id, platforms and error.")
    var filters: [String] = []

    var action: Action { Action("list plugins") }

    func validate() throws(ValidationError) {
        if quiet, detailed { throw ValidationError("--quiet and --detailed contradict each other") }
    }

    func execute() throws(EngineError) -> Int32 {
        var request = Swctr_V1_PluginsRequest()
        request.filters = filters
        let response: Swctr_V1_PluginsResponse = try global.connect().call(ServiceName.engine, "Plugins", request)
        if quiet {
            for plugin in response.plugins { emit("\(plugin.type).\(plugin.id)") }
        } else if detailed {
            emit(response.plugins.map(Self.details).joined(separator: "\n"), terminator: "")
        } else {
            var table = Table(["TYPE", "ID", "PLATFORMS", "STATUS"], gap: 4)
            for plugin in response.plugins {
                table.add([
                    plugin.type, plugin.id, Self.list(plugin.platforms), plugin.error.isEmpty ? "ok" : "error",
                ])
            }
            table.print()
        }
        return 0
    }

    private static func list(_ words: [String]) -> String { words.isEmpty ? "-" : words.joined(separator: ",") }

    private static func details(_ plugin: Swctr_V1_Plugin) -> String {
        var lines = ["Type:          \(plugin.type)", "ID:            \(plugin.id)"]
        if !plugin.requires.isEmpty { lines.append("Requires:      \(list(plugin.requires))") }
        if !plugin.platforms.isEmpty { lines.append("Platforms:     \(list(plugin.platforms))") }
        for (key, value) in plugin.exports.sorted(by: { $0.key < $1.key }) {
            lines.append("Exports:       \(key) = \(value)")
        }
        if !plugin.capabilities.isEmpty { lines.append("Capabilities:  \(list(plugin.capabilities))") }
        if !plugin.error.isEmpty { lines.append("Error:         \(plugin.error)") }
        return lines.joined(separator: "\n") + "\n"
    }
}

struct PluginInspectRuntime: ClientCommand {
    static let configuration = CommandConfiguration(
        abstract: "Print what a runtime's shim says of itself, as JSON")

    @OptionGroup(title: "Runtime")
    var runtime: RuntimeFlags

    @OptionGroup(title: "Global options")
    var global: GlobalOptions

    var action: Action { Action("inspect runtime", runtime.runtime ?? "") }

    func execute() throws(EngineError) -> Int32 {
        var request = Swctr_V1_InspectRuntimeRequest()
        // There is no container here whose cgroup could be missing.
        request.runtime = try runtime.message(cgroup: "unset")
        let info: Swctr_V1_InspectRuntimeResponse = try global.connect().call(
            ServiceName.engine, "InspectRuntime", request)
        func content(_ isThere: Bool, _ packed: Google_Protobuf_Any) -> JSONValue {
            isThere ? AnyMessage.json(packed) ?? .object([.init("type_url", .string(packed.typeURL))]) : .null
        }
        emit(
            JSONValue.object([
                .init("Name", .string(info.name)),
                .init(
                    "Version",
                    .object([.init("Version", .string(info.version)), .init("Revision", .string(info.revision))])),
                .init("Options", content(info.hasOptions, info.options)),
                .init("Features", content(info.hasFeatures, info.features)),
                .init("Annotations", .strings(info.annotations)),
                .init("Shim", .string(info.shim)),
            ]).formatted())
        return 0
    }
}
