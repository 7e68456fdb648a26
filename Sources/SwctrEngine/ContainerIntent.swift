import Foundation
import SwctrCore
import SwctrMetadata
import SwctrTasks

extension IntentRecord.Kind {
    /// A snapshot that belongs to a container which has no row yet, or has none any more.
    static let containerSnapshot: IntentRecord.Kind = "container-snapshot"
}

/// What undoing a half-made container needs to know.
struct ContainerIntent: Codable, Sendable {
    var snapshotter: String
    var snapshotKey: String

    func record(for key: TaskKey) throws -> IntentRecord {
        let payload = String(decoding: try JSONCoding.encoder().encode(self), as: UTF8.self)
        return IntentRecord(
            namespace: key.namespace, kind: .containerSnapshot, subject: key.id.rawValue, payload: payload)
    }
}

extension ContainerIntent {
    /// Reads back what `record(for:)` wrote.
    init(_ record: IntentRecord) throws(EngineError) {
        do { self = try JSONDecoder().decode(ContainerIntent.self, from: Data(record.payload.utf8)) } catch {
            throw EngineError(
                .dataLoss, subject: "intent \(record.id)", message: "cannot be read", causes: ["\(error)"])
        }
    }
}
