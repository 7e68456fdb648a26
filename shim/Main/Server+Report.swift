extension Server {
    /// Writes into the log what the shim is doing, a line for each process: for SIGUSR1, as other shims dump their stacks.
    func report() {
        log.info(
            "\(containers.count) containers, \(creating.count) being created, \(commands.count) commands running, \(logs.all.count) logs"
        )
        for container in containers {
            for process in [container.initProcess] + container.execs {
                log.info(
                    "container \(container.id) process \(process.isInit ? "init" : process.execID) pid \(process.pid) \(process.phase.name)"
                )
            }
        }
        for file in logs.all {
            log.info("log \(file.address.path): \(file.totalDroppedLines) lines dropped")
        }
    }
}
