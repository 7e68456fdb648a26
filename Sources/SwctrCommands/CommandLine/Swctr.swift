import SwctrArguments
import SwctrCore

/// The root of all commands.
struct Swctr: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Run containers and look after them",
        discussion: """
            Before the command may stand: -a, --address PATH (the manager's socket), -n, --namespace NAME, \
            --timeout TIME, --connect-timeout TIME, --debug.

            Examples:
              swctr images import busybox.tar
              swctr run --rm docker.io/library/busybox:latest demo echo hello
              swctr run -d docker.io/library/busybox:latest web sleep 1000
              swctr tasks exec --exec-id shell -t web sh
            """,
        version: "swctr \(Version.current)",
        subcommands: [
            Subcommand("run", Run.self),
            Subcommand("ps", Ps.self),
            Subcommand("exec", Exec.self),
            Subcommand("start", Start.self),
            Subcommand("stop", Stop.self),
            Subcommand("restart", Restart.self),
            Subcommand("kill", TaskKill.self),
            Subcommand("rm", Remove.self),
            Subcommand("wait", Wait.self),
            Subcommand("attach", TaskAttach.self),
            Subcommand("pause", TaskPause.self),
            Subcommand("resume", TaskResume.self, aliases: ["unpause"]),
            Subcommand("rename", Rename.self),
            Subcommand("inspect", Inspect.self),
            Subcommand("top", Top.self),
            Subcommand("stats", Stats.self),
            Subcommand("create", ContainerCreate.self),
            Subcommand("tasks", TasksCommand.self, aliases: ["task", "t"]),
            Subcommand("containers", ContainersCommand.self, aliases: ["container", "c"]),
            Subcommand("images", ImagesCommand.self, aliases: ["image", "i"]),
            Subcommand("snapshots", SnapshotsCommand.self, aliases: ["snapshot"]),
            Subcommand("content", ContentCommand.self),
            Subcommand("leases", LeasesCommand.self, aliases: ["lease"]),
            Subcommand("login", Login.self),
            Subcommand("logout", Logout.self),
            Subcommand("namespaces", NamespacesCommand.self, aliases: ["namespace", "ns"]),
            Subcommand("events", EventsCommand.self, aliases: ["event"]),
            Subcommand("oci", OciCommand.self),
            Subcommand("plugins", PluginsCommand.self, aliases: ["plugin"]),
            Subcommand("shim", ShimCommand.self),
            Subcommand("system", SystemCommand.self),
            Subcommand("deprecations", DeprecationsCommand.self),
            Subcommand("version", VersionCommand.self),
            Subcommand("info", InfoCommand.self),
        ],
        leadingOptions: [
            LeadingOption("--address", aliases: ["-a"]), LeadingOption("--namespace", aliases: ["-n"]),
            LeadingOption("--timeout"), LeadingOption("--connect-timeout"), LeadingOption("--debug", takesValue: false),
        ])
}

extension Program {
    /// The client.
    static let swctr = Program("swctr", Swctr.self)
}
