public import SwctrCore
public import SwctrRuntime

/// What a task is made from.
public struct TaskRequest: Sendable {
    public var namespace: Namespace
    public var id: ContainerID
    public var runtime: RuntimeRegistry.Resolved
    /// Already checked against the runtime.
    public var options: RuntimeOptions
    /// `config.json`.
    public var spec: [UInt8]
    public var stdio: TaskStdio
    public var consoleSize: ConsoleSize?
    /// Delete the task once its process has ended.
    public var deleteOnExit: Bool

    public init(
        namespace: Namespace, id: ContainerID, runtime: RuntimeRegistry.Resolved, options: RuntimeOptions = .none,
        spec: [UInt8], stdio: TaskStdio = TaskStdio(), consoleSize: ConsoleSize? = nil, deleteOnExit: Bool = false
    ) {
        self.namespace = namespace
        self.id = id
        self.runtime = runtime
        self.options = options
        self.spec = spec
        self.stdio = stdio
        self.consoleSize = consoleSize
        self.deleteOnExit = deleteOnExit
    }
}

/// Of a terminal, in characters.
public struct ConsoleSize: Sendable, Hashable {
    public var width: UInt32
    public var height: UInt32

    public init(width: UInt32, height: UInt32) {
        self.width = width
        self.height = height
    }
}
