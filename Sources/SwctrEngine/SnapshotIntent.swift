import Foundation
import SwctrCore
import SwctrMetadata

extension IntentRecord.Kind {
    /// A snapshot that belongs to a container which has no row yet.
    static let containerSnapshot: IntentRecord.Kind = "container-snapshot"
}

/// Which snapshot an intent is about.
struct SnapshotIntent: Codable, Sendable {
    var snapshotter: String
    var snapshotKey: String

    init(snapshotter: String, snapshotKey: String) {
        self.snapshotter = snapshotter
        self.snapshotKey = snapshotKey
    }

    /// Reads back what `record(for:)` wrote.
    init(_ record: IntentRecord) throws(EngineError) {
        do { self = try JSONDecoder().decode(SnapshotIntent.self, from: Data(record.payload.utf8)) } catch {
            throw EngineError(
                .dataLoss, subject: "intent \(record.id)", message: "cannot be read", causes: ["\(error)"])
        }
    }

    func record(for key: ContainerKey) throws -> IntentRecord {
        let payload = String(decoding: try JSONCoding.encoder().encode(self), as: UTF8.self)
        return IntentRecord(
            namespace: key.namespace, kind: .containerSnapshot, subject: key.id.rawValue, payload: payload)
    }
}
