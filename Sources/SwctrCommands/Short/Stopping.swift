import Glibc
import SwctrClient
import SwctrCore
import SwctrProto
import SwctrWire

/// How a container is asked to stop, and made to.
struct Stopping {
    let options: Client.Options
    let patience: Duration

    /// - Throws: `.notFound` for a container that has no task; one that has ended already is stopped.
    func stop(_ id: String) throws(EngineError) {
        _ = try ContainerID(id)
        let client = try Client(options)
        let task = try client.task(id)
        if task.status == .stopped { return }
        if patience > .zero {
            // A frozen process takes no signal but SIGKILL.
            if task.status == .paused { try client.resume(id) }
            try client.kill(id, signal: 0)
            var bounded = options
            bounded.timeout = min(patience, options.timeout ?? patience)
            do throws(EngineError) {
                _ = try Client(bounded).waitForEnd(of: id)
                return
            } catch {
                if error.code == .notFound { return }
                guard error.code == .deadlineExceeded, client.deadline.remaining != .zero else { throw error }
            }
        }
        try client.kill(id, signal: UInt32(SIGKILL))
        do throws(EngineError) { _ = try client.waitForEnd(of: id) } catch  where error.code == .notFound {
            // It is gone, and its record with it.
        }
    }
}
