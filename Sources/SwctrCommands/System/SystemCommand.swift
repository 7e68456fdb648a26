import SwctrArguments
import SwctrClient
import SwctrCore
import SwctrProto
import SwctrWire

struct SystemCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Look after what the manager stores",
        subcommands: [
            Subcommand("df", SystemDiskUsage.self),
            Subcommand("check", SystemCheck.self),
        ])
}

struct SystemDiskUsage: ClientCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show what is stored and who owns it, in all namespaces",
        discussion: "RECLAIMABLE is what the next collection takes. With --verbose every blob and snapshot is listed.")

    @Flag("-v", "--verbose", help: "List everything, each with all of its owners.")
    var verbose = false

    @OptionGroup(title: "Global options")
    var global: GlobalOptions

    var action: Action { Action("disk usage") }

    func execute() throws(EngineError) -> Int32 {
        let answer: Swctr_V1_DiskUsageResponse = try global.connect().call(
            ServiceName.system, "DiskUsage", Swctr_V1_DiskUsageRequest())
        if verbose {
            var table = Table(["KIND", "SIZE", "ID", "OWNERS"], gap: 2)
            for entry in answer.entries {
                table.add([
                    entry.kind, Wording.bytes(entry.size), entry.id,
                    entry.owners.isEmpty ? "-" : entry.owners.joined(separator: ", "),
                ])
            }
            table.print()
            return 0
        }
        var table = Table(["KIND", "COUNT", "SIZE", "RECLAIMABLE"], gap: 2)
        for kind in ["content", "snapshot", "ingest"] {
            let entries = answer.entries.filter { $0.kind == kind }
            table.add([
                kind, "\(entries.count)", Wording.bytes(entries.reduce(0) { $0 + $1.size }),
                Wording.bytes(entries.filter(\.reclaimable).reduce(0) { $0 + $1.size }),
            ])
        }
        table.print()
        return 0
    }
}

struct SystemCheck: ClientCommand {
    static let configuration = CommandConfiguration(
        abstract: "Compare what is recorded with what is stored",
        discussion: """
            Prints each problem. The exit status is 1 where one is left. A repair takes away what cannot be used; images \
            that miss something then are whole again after the next pull or import.
            """)

    @Flag("--deep", help: "Also read every blob and compare its digest.")
    var deep = false

    @Flag("--repair", help: "Mend what can be mended.")
    var repair = false

    @OptionGroup(title: "Global options")
    var global: GlobalOptions

    var action: Action { Action("check stores") }

    func execute() throws(EngineError) -> Int32 {
        var request = Swctr_V1_CheckStoreRequest()
        request.deep = deep
        request.repair = repair
        let answer: Swctr_V1_CheckStoreResponse = try global.connect().call(ServiceName.system, "Check", request)
        for problem in answer.problems {
            emit("\(problem.kind) \(problem.id): \(problem.problem)\(problem.repaired ? " (repaired)" : "")")
        }
        let left = answer.problems.filter { !$0.repaired }
        complain("checked \(answer.blobs) blobs and \(answer.snapshots) snapshots, \(left.count) problems left")
        return left.isEmpty ? 0 : 1
    }
}
