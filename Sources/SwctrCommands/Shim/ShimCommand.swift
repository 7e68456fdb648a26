import SwctrArguments
import SwctrClient
import SwctrCore
import SwctrProto
import SwctrWire
import SwiftProtobuf

struct ShimCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Talk to a container's shim itself, past the manager",
        discussion: """
            For looking into what is wrong: the manager is not told of what is done here, and finds out as it can. --id \
            and --shim-address may also stand before the command's word.
            """,
        subcommands: [
            Subcommand("state", ShimState.self),
            Subcommand("start", ShimStart.self),
            Subcommand("delete", ShimDelete.self),
            Subcommand("exec", ShimExec.self),
            Subcommand("shutdown", ShimShutdown.self),
        ],
        leadingOptions: [LeadingOption("--id"), LeadingOption("--shim-address")])
}
