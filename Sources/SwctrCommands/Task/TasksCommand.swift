import ArgumentParser

struct TasksCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tasks",
        abstract: "Work with what runs",
        subcommands: [
            TaskList.self, TaskStart.self, TaskAttach.self, TaskExec.self, TaskKill.self, TaskPause.self,
            TaskResume.self, TaskProcesses.self, TaskMetrics.self, TaskDelete.self,
        ],
        aliases: ["task", "t"])
}
