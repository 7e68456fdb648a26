/// Full names of the services that travel in requests.
public enum ServiceName {
    public static let containers = "swctr.v1.Containers"
    public static let tasks = "swctr.v1.Tasks"
    public static let images = "swctr.v1.Images"
    public static let content = "swctr.v1.Content"
    public static let snapshots = "swctr.v1.Snapshots"
    public static let leases = "swctr.v1.Leases"
    public static let system = "swctr.v1.System"
    public static let namespaces = "swctr.v1.Namespaces"
    public static let events = "swctr.v1.Events"
    public static let engine = "swctr.v1.Engine"

    /// The shim contract; both versions have the same messages.
    public static let taskV2 = "containerd.task.v2.Task"
    public static let taskV3 = "containerd.task.v3.Task"
    /// Where shims send events; the method is `Forward`.
    public static let eventsForward = "containerd.services.events.ttrpc.v1.Events"
}

/// Keys of a request's metadata; lower case.
public enum Metadata {
    /// The namespace a call is for. Shims send it with every Forward.
    public static let namespaceKey = "containerd-namespace-ttrpc"
}
