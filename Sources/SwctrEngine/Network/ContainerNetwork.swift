import Foundation
import Logging
import SwctrCore
import SwctrLinux
import SwctrMetadata

extension IntentRecord.Kind {
    /// A container's place in a network; it is there as long as its task is.
    static let network: IntentRecord.Kind = "network"
}

/// Puts tasks into the host's default CNI network, and takes them out when they are gone.
///
/// An intent holds the configuration from before the first plug-in runs until the last one has undone its work, so that a
/// manager that dies in between, or a configuration that is changed meanwhile, leaves nothing behind.
public struct ContainerNetwork: Sendable {
    /// Where networks are configured.
    public var configurationFolder: String
    /// Where plug-ins are looked for.
    public var pluginFolders: [String]

    public init(configurationFolder: String, pluginFolders: [String]) {
        self.configurationFolder = configurationFolder
        self.pluginFolders = pluginFolders
    }

    /// What an intent says.
    struct Payload: Codable {
        var configuration: Data
        /// The plug-ins' answer; empty while they run.
        var result = Data()
    }

    /// Adds a task that was created and has not started.
    func add(_ key: ContainerKey, pid: UInt32, _ metadata: MetadataStore) async throws {
        let configuration = try CNIConfiguration.load(folder: configurationFolder)
        var intent = IntentRecord(
            namespace: key.namespace, kind: .network, subject: key.id.rawValue,
            payload: try Self.text(Payload(configuration: configuration.document)))
        let begun = intent
        intent = try await metadata.write { try $0.addIntent(begun) }
        let attachment = Self.attachment(key.namespace, key.id.rawValue, namespace: "/proc/\(pid)/ns/net")
        let invoker = CNIInvoker(folders: pluginFolders)
        let document = configuration.document
        let result = try await BlockingWork.run { () throws(EngineError) in
            try invoker.add(attachment, to: try CNIConfiguration(document, subject: "network"))
        }
        let old = intent.id
        var done = intent
        done.payload = try Self.text(Payload(configuration: document, result: result))
        let completed = done
        try await metadata.write { tx in
            try tx.removeIntent(old)
            _ = try tx.addIntent(completed)
        }
    }

    /// Undoes what an intent names, then removes it; what fails is left to the next start.
    func remove(_ intent: IntentRecord, _ metadata: MetadataStore, _ log: Logger) async {
        do {
            let payload = try JSONDecoder().decode(Payload.self, from: Data(intent.payload.utf8))
            // Its namespace went with its process: the plug-ins clear the host's side.
            let attachment = Self.attachment(intent.namespace, intent.subject, namespace: "")
            let invoker = CNIInvoker(folders: pluginFolders)
            try await BlockingWork.run { () throws(EngineError) in
                try invoker.delete(
                    attachment, from: try CNIConfiguration(payload.configuration, subject: "network"),
                    result: payload.result)
            }
            _ = try await metadata.write { try $0.removeIntent(intent.id) }
        } catch {
            log.warning(
                "network of a task was not removed, the next start tries again",
                metadata: [
                    "container.id": "\(intent.subject)", "namespace": "\(intent.namespace)", "error": "\(error)",
                ])
        }
    }

    private static func attachment(
        _ namespace: Namespace, _ id: String, namespace path: String
    ) -> CNIInvoker.Attachment {
        CNIInvoker.Attachment(containerID: "\(namespace)-\(id)", namespace: path)
    }

    private static func text(_ payload: Payload) throws -> String {
        String(decoding: try JSONCoding.encoder().encode(payload), as: UTF8.self)
    }
}
