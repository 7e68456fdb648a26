import ArgumentParser
import SwctrClient
import SwctrCore
import SwctrProto
import SwctrWire
import SwiftProtobuf

struct ShimCommand: OptionGroupCommand {
    static let configuration = CommandConfiguration(
        commandName: "shim",
        abstract: "Talk to a container's shim itself, past the manager",
        discussion: """
            For looking into what is wrong: the manager is not told of what is done here, and finds out as it can. --id \
            and --shim-address may also stand before the command's word.
            """,
        subcommands: [ShimState.self, ShimStart.self, ShimDelete.self, ShimExec.self, ShimShutdown.self])

    static let groupOptions = ["--id": "--id", "--shim-address": "--shim-address"]
}
