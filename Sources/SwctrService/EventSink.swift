public import SwctrCore
public import SwiftProtobuf

/// Publishes an event of a namespace under a topic such as `/images/create`.
public typealias EventSink = @Sendable (Namespace, String, any Message) async -> Void
