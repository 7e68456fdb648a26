public import Foundation
public import SwctrCore
public import SwctrMetadata
public import SwctrOCI

extension Spec {
    /// `config.json`: sorted keys, so that equal specifications are equal bytes.
    public func encoded() throws(EngineError) -> Data {
        do { return try JSONCoding.encoder().encode(self) } catch {
            throw EngineError(.internal, subject: "config.json", message: "cannot be encoded", causes: ["\(error)"])
        }
    }

    /// The specification that a record keeps.
    public init(record: ContainerRecord) throws(EngineError) {
        do { self = try JSONDecoder().decode(Spec.self, from: record.spec) } catch {
            throw EngineError(
                .dataLoss, subject: "container \"\(record.id)\"", message: "its stored specification cannot be read",
                causes: ["\(error)"])
        }
    }
}

/// How documents are written.
enum JSONCoding {
    static func encoder() -> JSONEncoder {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return encoder
    }
}
