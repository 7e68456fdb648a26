import Foundation
import SwctrCore
import SwctrLinux

/// One network of the host's CNI configuration: a list of plug-ins, each with its own part of the document.
struct CNIConfiguration {
    let name: String
    let version: String
    /// In the order in which they are added.
    let plugins: [[String: Any]]
    /// As it is kept, to be undone by later.
    let document: Data

    /// The default network: the first file of the folder by name.
    ///
    /// - Throws: `.notFound` where there is none; `.invalidArgument` that names the file which cannot be used.
    static func load(folder: String) throws(EngineError) -> CNIConfiguration {
        let names = ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).sorted()
        let suffixes = [".conflist", ".conf", ".json"]
        guard let name = names.first(where: { name in suffixes.contains { name.hasSuffix($0) } }) else {
            throw EngineError(
                .notFound, subject: "network", message: "no CNI network is configured in \(folder)",
                hint: "put a .conflist there, or leave --cni out")
        }
        let path = "\(folder)/\(name)"
        let text = try TextFile.read(path, limit: 1 << 20)
        return try CNIConfiguration(Data(text.utf8), subject: path)
    }

    /// - Parameter document: a list, or one plug-in alone.
    init(_ document: Data, subject: String) throws(EngineError) {
        func wrong(_ message: String) -> EngineError {
            EngineError(.invalidArgument, subject: subject, message: message)
        }
        guard let object = try? JSONSerialization.jsonObject(with: document) as? [String: Any] else {
            throw wrong("is no JSON object")
        }
        guard let name = object["name"] as? String, !name.isEmpty else { throw wrong("has no name") }
        let plugins = object["plugins"] as? [[String: Any]] ?? [object]
        for plugin in plugins {
            // It becomes the name of a file that is run.
            guard let type = plugin["type"] as? String, !type.isEmpty, !type.contains("/"), type != ".." else {
                throw wrong("has a plug-in without a type")
            }
        }
        if plugins.isEmpty { throw wrong("names no plug-in") }
        self.name = name
        version = object["cniVersion"] as? String ?? "0.1.0"
        self.plugins = plugins
        self.document = document
    }
}
