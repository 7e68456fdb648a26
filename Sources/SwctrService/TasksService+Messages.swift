import Foundation
import SwctrCore
import SwctrMetadata
import SwctrProto
import SwctrTasks
import SwiftProtobuf

extension ExecID {
    /// nil for the empty text, which means the container's own process.
    init?(optional text: String) throws(EngineError) {
        if text.isEmpty { return nil }
        try self.init(text)
    }
}

extension TaskStdio {
    init(_ stdio: Swctr_V1_Stdio) {
        self.init(stdin: stdio.stdin, stdout: stdio.stdout, stderr: stdio.stderr, terminal: stdio.terminal)
    }
}

extension ConsoleSize {
    init(_ size: Swctr_V1_ConsoleSize) { self.init(width: size.width, height: size.height) }
}

extension Swctr_V1_ProcessExited {
    init(_ exit: ProcessExit) {
        self.init()
        exitStatus = exit.status.code
        exitedAt = Google_Protobuf_Timestamp(date: exit.exitedAt)
        reason = exit.reason
    }
}

extension Swctr_V1_TaskInfo {
    init(_ state: TaskSnapshot) {
        self.init()
        containerID = state.id.rawValue
        pid = state.pid
        status = Swctr_V1_TaskStatus(state.status)
        stdio.stdin = state.stdio.stdin
        stdio.stdout = state.stdio.stdout
        stdio.stderr = state.stdio.stderr
        stdio.terminal = state.stdio.terminal
        if let exit = state.exit {
            exitStatus = exit.status.code
            exitedAt = Google_Protobuf_Timestamp(date: exit.exitedAt)
            exitReason = exit.reason
        }
        shimPid = state.shimPid
        bundle = state.bundle
    }
}

extension Swctr_V1_TaskStatus {
    init(_ status: ProcessStatus) {
        self =
            switch status {
            case .created: .created
            case .running: .running
            case .stopped: .stopped
            case .paused: .paused
            case .pausing: .pausing
            case .creating, .unknown: .unknown
            }
    }
}
