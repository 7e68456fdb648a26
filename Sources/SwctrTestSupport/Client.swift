import Foundation

/// A client with ctr's grammar, bound to one daemon and one namespace: swctr, or ctr itself.
public struct Client: Sendable {
    public let program: String
    public let address: String
    public let namespace: String
    public let environment: [String: String]

    public init(program: String, address: String, namespace: String, environment: [String: String]) {
        self.program = program
        self.address = address
        self.namespace = namespace
        self.environment = environment
    }

    public func command(_ arguments: [String]) -> [String] {
        [program, "--address", address, "--namespace", namespace] + arguments
    }

    /// Runs one command to its end, whatever its status.
    public func run(
        _ arguments: String..., input: Child.Input = .null, within limit: Duration = .seconds(30)
    ) throws -> Outcome {
        try run(arguments, input: input, within: limit)
    }
    public func run(
        _ arguments: [String], input: Child.Input = .null, within limit: Duration = .seconds(30)
    ) throws -> Outcome {
        try Child(command(arguments), environment: environment, input: input).wait(within: limit)
    }

    /// Runs one command, which must succeed.
    @discardableResult
    public func must(
        _ arguments: String..., input: Child.Input = .null, within limit: Duration = .seconds(30)
    ) throws -> Outcome {
        try must(arguments, input: input, within: limit)
    }
    @discardableResult
    public func must(
        _ arguments: [String], input: Child.Input = .null, within limit: Duration = .seconds(30)
    ) throws -> Outcome {
        try SwctrTestSupport.must(command(arguments), environment: environment, input: input, within: limit)
    }

    /// Starts one command and leaves it running.
    public func start(_ arguments: [String], input: Child.Input = .open) throws -> Child {
        try Child(command(arguments), environment: environment, input: input)
    }

    /// One row of `tasks ls`.
    public struct TaskRow {
        public let processID: pid_t
        public let status: String
    }

    /// `tasks ls`, by container id.
    public func tasks() throws -> [String: TaskRow] {
        var rows: [String: TaskRow] = [:]
        for line in try must("tasks", "ls").lines.dropFirst() {
            let words = line.split(separator: " ", omittingEmptySubsequences: true)
            guard words.count == 3, let processID = pid_t(words[1]) else {
                throw TestFailure("tasks ls: unexpected row \"\(line)\"")
            }
            rows[String(words[0])] = TaskRow(processID: processID, status: String(words[2]))
        }
        return rows
    }

    /// The row of one task.
    public func task(_ id: String) throws -> TaskRow {
        guard let row = try tasks()[id] else { throw TestFailure("tasks ls does not list \(id)") }
        return row
    }

    /// `events`, known to be subscribed: what is caused from now on appears.
    public func events() throws -> Child {
        let stream = try start(["events"], input: .null)
        // There is no line that says "subscribed": cause events until the first one is seen.
        for attempt in 0..<200 {
            try must("namespaces", "create", "\(namespace)-\(attempt)")
            let seen = try stream.shows("/namespaces/create", within: .milliseconds(50))
            try must("namespaces", "remove", "\(namespace)-\(attempt)")
            if seen { return stream }
        }
        throw TestFailure("events shows nothing")
    }
}
