import Foundation
public import SwctrCore
import SwctrMetadata
import SwctrProto
import SwctrTasks
import SwiftProtobuf

extension ContainerEngine {
    /// The container that a call means, by its id or its name. One that is neither stays as it is: whoever looks for it
    /// says that it is not there.
    public func locate(_ namespace: Namespace, _ text: String) async throws -> ContainerKey {
        let key = ContainerKey(namespace: namespace, id: try ContainerID(text))
        // What runs is known without a look into the database.
        if (try? tasks.task(namespace, key.id)) != nil { return key }
        let found = try await metadata.read { try $0.containerID(namespace, idOrName: text) }
        return ContainerKey(namespace: namespace, id: found ?? key.id)
    }

    /// - Throws: `.notFound`; `.alreadyExists` for a name that is taken; `.invalidArgument`.
    public func rename(_ key: ContainerKey, to name: String) async throws {
        if let reason = IdentifierRule.violation(of: name) {
            throw EngineError(.invalidArgument, subject: "name \"\(name)\"", message: reason)
        }
        let record = try await metadata.write { tx in
            guard var record = try tx.container(key.namespace, key.id) else {
                throw EngineError(.notFound, subject: key.subject, message: "not found")
            }
            if let other = try tx.containerID(key.namespace, idOrName: name) { throw Self.taken(name, by: other) }
            record.labels[ContainerRecord.nameLabel] = name
            record.updatedAt = Date()
            try tx.updateContainer(record)
            return record
        }
        await publish(
            key.namespace, "/containers/update",
            Swctr_V1_ContainerUpdate.with {
                $0.id = key.id.rawValue
                $0.image = record.image
                $0.labels = record.labels
            })
    }

    /// A name that nobody has here.
    func randomName(in namespace: Namespace) async throws -> String {
        while true {
            let name = RandomName.next()
            if try await metadata.read({ try $0.containerID(namespace, idOrName: name) }) == nil { return name }
        }
    }

    static func taken(_ name: String, by other: ContainerID) -> EngineError {
        EngineError(
            .alreadyExists, subject: "name \"\(name)\"", message: "is taken by container \"\(other)\"",
            hint: "choose another, or give that one another with swctr rename")
    }
}

/// Names that people can say: an adjective and the surname of somebody who made computing what it is.
enum RandomName {
    /// With a number behind where chance would have it: there are more containers than names.
    static func next() -> String {
        let number = Int.random(in: 0..<1000)
        let name = "\(adjectives.randomElement() ?? "")_\(surnames.randomElement() ?? "")"
        return number < 700 ? name : "\(name)\(number)"
    }

    static let adjectives = words(
        """
        agile amber ample brave bright brisk calm candid careful clever cosy daring deft eager early earnest fair fond
        frank gentle glad golden grand handy hardy honest humble jolly keen kind lively lucid mellow merry mild modest
        neat nimble noble patient placid plucky polite prompt proud quick quiet ready robust serene sharp silent sincere
        sober steady subtle sunny swift tidy trusty upbeat vivid warm wise witty zesty
        """)

    static let surnames = words(
        """
        aiken allen backus bartik berners boole borg cerf church clarke codd conway dahl diffie dijkstra eckert engelbart
        floyd goldberg hamilton hamming hejlsberg hellman hoare holberton hopper huffman jennings johnson karp kay keller
        kernighan kilby knuth lamport lamarr lehmann liskov lovelace mauchly mccarthy meitner merkle milner minsky moore
        naur neumann noyce nygaard perlis perlman postel rabin ritchie rivest shamir shannon stallman stearns strachey
        tarjan thompson torvalds turing wilkes wirth wozniak zuse
        """)

    private static func words(_ text: String) -> [String] {
        text.split { $0 == " " || $0 == "\n" }.map(String.init)
    }
}
