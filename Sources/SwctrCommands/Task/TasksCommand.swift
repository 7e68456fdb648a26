import SwctrArguments

struct TasksCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Work with what runs",
        subcommands: [
            Subcommand("ls", TaskList.self, aliases: ["list"]),
            Subcommand("start", TaskStart.self),
            Subcommand("attach", TaskAttach.self),
            Subcommand("exec", TaskExec.self),
            Subcommand("kill", TaskKill.self),
            Subcommand("pause", TaskPause.self),
            Subcommand("resume", TaskResume.self, aliases: ["unpause"]),
            Subcommand("ps", TaskProcesses.self),
            Subcommand("metrics", TaskMetrics.self, aliases: ["metric"]),
            Subcommand("delete", TaskDelete.self, aliases: ["del", "remove", "rm"]),
        ])
}
