import ArgumentParser
import SwctrCore

/// The root of all commands.
struct Swctr: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "swctr",
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
            Run.self, Ps.self, Exec.self, Start.self, Stop.self, Restart.self, TaskKill.self, Remove.self, Wait.self,
            TaskAttach.self, TaskPause.self, TaskResume.self, Rename.self, Inspect.self, Top.self, Stats.self,
            ContainerCreate.self,
            TasksCommand.self, ContainersCommand.self, ImagesCommand.self, SnapshotsCommand.self,
            ContentCommand.self, LeasesCommand.self, Login.self, Logout.self, NamespacesCommand.self,
            EventsCommand.self, OciCommand.self, PluginsCommand.self,
            ShimCommand.self,
            SystemCommand.self, DeprecationsCommand.self, VersionCommand.self, InfoCommand.self,
        ])
}
