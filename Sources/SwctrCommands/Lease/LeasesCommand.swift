import SwctrArguments
import SwctrClient
import SwctrCore
import SwctrProto
import SwctrWire

struct LeasesCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Work with leases, which keep content and snapshots from being collected",
        subcommands: [
            Subcommand("create", LeaseCreate.self),
            Subcommand("ls", LeaseList.self, aliases: ["list"]),
            Subcommand("rm", LeaseDelete.self, aliases: ["delete", "del", "remove"]),
        ])
}

struct LeaseCreate: ClientCommand {
    static let configuration = CommandConfiguration(
        abstract: "Create a lease",
        discussion: "Prints its id.")

    @Option("--id", valueName: "name", help: "Id (default: one is made up).")
    var id: String?

    @Option("-x", "--expires", valueName: "time", help: "When it ends; 0: never.")
    var expires = TimeArgument(duration: .seconds(86_400))

    @OptionGroup(title: "Global options")
    var global: GlobalOptions

    @Argument("key=value", help: "Labels.")
    var labels: [String] = []

    var action: Action { Action("create lease", id ?? "") }

    func execute() throws(EngineError) -> Int32 {
        var request = Swctr_V1_CreateLeaseRequest()
        request.id = id ?? ""
        // Less than a second is not never.
        let (seconds, rest) = expires.duration.components
        request.expiresAfter = seconds + (rest > 0 ? 1 : 0)
        request.labels = try Wording.labels(labels)
        let answer: Swctr_V1_CreateLeaseResponse = try global.connect().call(ServiceName.leases, "Create", request)
        emit(answer.lease.id)
        return 0
    }
}

struct LeaseList: ClientCommand {
    static let configuration = CommandConfiguration(
        abstract: "List leases")

    @Flag("-q", "--quiet", help: "Print ids only.")
    var quiet = false

    @OptionGroup(title: "Global options")
    var global: GlobalOptions

    @Argument("filters", help: "Filters, such as 'id==x' or 'labels.tier==web'.")
    var filters: [String] = []

    var action: Action { Action("list leases") }

    func execute() throws(EngineError) -> Int32 {
        var request = Swctr_V1_ListLeasesRequest()
        request.filters = filters
        let answer: Swctr_V1_ListLeasesResponse = try global.connect().call(ServiceName.leases, "List", request)
        if quiet {
            for lease in answer.leases { emit(lease.id) }
            return 0
        }
        var table = Table(["ID", "CREATED AT", "EXPIRES AT", "LABELS"])
        for lease in answer.leases {
            table.add([
                lease.id, Wording.moment(lease.createdAt), lease.hasExpiresAt ? Wording.moment(lease.expiresAt) : "-",
                Wording.labels(lease.labels),
            ])
        }
        table.print()
        return 0
    }
}

struct LeaseDelete: ClientCommand {
    static let configuration = CommandConfiguration(
        abstract: "Remove leases",
        discussion: "Prints the ids that were removed.")

    @Flag("--sync", help: "Free what only they kept before returning.")
    var sync = false

    @OptionGroup(title: "Global options")
    var global: GlobalOptions

    @Argument("id", help: "Ids of leases.")
    var ids: [String]

    var action: Action { Action("remove lease", ids.count == 1 ? ids[0] : "") }

    func execute() throws(EngineError) -> Int32 {
        let client = try global.connect()
        var left = ids.count
        return try forEach(ids, debug: global.debug, verb: "remove lease") { id throws(EngineError) in
            left -= 1
            var request = Swctr_V1_DeleteLeaseRequest()
            request.id = id
            // One collection frees what all of them kept.
            request.sync = sync && left == 0
            _ = try client.call(ServiceName.leases, "Delete", request, returning: Swctr_V1_DeleteLeaseResponse.self)
            emit(id)
            return 0
        }
    }
}
