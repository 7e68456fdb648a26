/// What one server bears before it refuses. All of it is checked before memory is taken.
public struct ServerLimits: Sendable {
    /// Connections at a time; a further one is closed without an answer.
    public var connections = 512
    /// Calls that run at a time on one connection; a further one is answered with `.resourceExhausted`. A call counts
    /// until its answer is written.
    public var callsPerConnection = 256
    /// How long a frame may take from its first byte to its last. Time in which we do not read does not count.
    public var frameTimeout: Duration = .seconds(30)
    /// Messages of one stream that wait for its handler before the connection is no longer read.
    public var queuedMessages = 64
    /// Bytes of one stream that wait for its handler before the connection is no longer read.
    public var queuedBytes = 1 << 20
    /// How long running handlers have to end in a shutdown, after they were cancelled.
    public var drainTimeout: Duration = .seconds(5)

    public init() {}
}
