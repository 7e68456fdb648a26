import Foundation
import Glibc
import SwctrCore
import SwctrLinux
import SwctrOCI

/// The device specifications of this host (Container Device Interface): which devices there are by which names, and what
/// a container needs for each.
struct CDIRegistry {
    private struct Entry {
        var file: String
        /// Files of a later folder stand above those of an earlier one.
        var priority: Int
        /// What every device of the file needs.
        var common: CDIEdits?
        var edits: CDIEdits
    }

    private var entries: [CDIName: [Entry]] = [:]
    /// Files that could not be read, with what is wrong; told of when a device is not found.
    private var broken: [String] = []

    /// Later ones stand above earlier ones.
    static let folders = ["/etc/cdi", "/var/run/cdi"]

    /// Reads every specification in `folders`.
    static func load(from folders: [String] = folders) throws(EngineError) -> CDIRegistry {
        var registry = CDIRegistry()
        for (priority, folder) in folders.enumerated() {
            let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
            for name in names.sorted()
            where name.hasSuffix(".json") || name.hasSuffix(".yaml") || name.hasSuffix(".yml") {
                let path = "\(folder)/\(name)"
                do throws(EngineError) {
                    registry.add(try specification(path), from: path, priority: priority)
                } catch {
                    registry.broken.append(error.description)
                }
            }
        }
        return registry
    }

    private static func specification(_ path: String) throws(EngineError) -> CDISpecification {
        let tree = try YAMLReader.read(try TextFile.read(path, limit: 4 << 20), name: path)
        let specification: CDISpecification
        do {
            specification = try JSONDecoder().decode(CDISpecification.self, from: try JSONEncoder().encode(tree))
        } catch {
            throw EngineError(
                .invalidArgument, subject: path, message: "is no device specification", causes: ["\(error)"])
        }
        let known = ["prestart", "createRuntime", "createContainer", "startContainer", "poststart", "poststop"]
        let all = specification.devices.map(\.containerEdits) + (specification.containerEdits.map { [$0] } ?? [])
        for hook in all.flatMap({ $0.hooks ?? [] }) where !known.contains(hook.hookName) {
            throw EngineError(
                .invalidArgument, subject: path, message: "names a hook \"\(hook.hookName)\" that is none of OCI's")
        }
        return specification
    }

    private mutating func add(_ specification: CDISpecification, from file: String, priority: Int) {
        for device in specification.devices {
            guard let name = CDIName("\(specification.kind)=\(device.name)") else {
                broken.append("\(file): \"\(specification.kind)=\(device.name)\" is no device name")
                continue
            }
            entries[name, default: []].append(
                Entry(
                    file: file, priority: priority, common: specification.containerEdits, edits: device.containerEdits))
        }
    }

    /// What the devices add, in their order; what is common to a file's devices once.
    ///
    /// - Throws: `.notFound` for an unknown device; `.failedPrecondition` for one that two files claim.
    func edits(for names: [CDIName]) throws(EngineError) -> [CDIEdits] {
        var edits: [CDIEdits] = []
        var files: Set<String> = []
        for name in names {
            let entry = try entry(name)
            if let common = entry.common, files.insert(entry.file).inserted { edits.append(try completed(common)) }
            edits.append(try completed(entry.edits))
        }
        return edits
    }

    private func entry(_ name: CDIName) throws(EngineError) -> Entry {
        let found = entries[name] ?? []
        guard let top = found.map(\.priority).max() else {
            let problems = broken.isEmpty ? "" : "; not readable: \(broken.joined(separator: "; "))"
            throw EngineError(
                .notFound, subject: "device \"\(name)\"",
                message: "not found in \(Self.folders.joined(separator: " and "))\(problems)")
        }
        let best = found.filter { $0.priority == top }
        if best.count > 1 {
            throw EngineError(
                .failedPrecondition, subject: "device \"\(name)\"",
                message: "is claimed by \(best.map(\.file).joined(separator: " and "))")
        }
        return best[0]
    }

    /// With the types and numbers that the host knows.
    private func completed(_ edits: CDIEdits) throws(EngineError) -> CDIEdits {
        var edits = edits
        var nodes: [CDIEdits.DeviceNode] = []
        for node in edits.deviceNodes ?? [] {
            var node = node
            if node.type == nil || (node.type != "p" && (node.major ?? 0) == 0) {
                guard let host = try DeviceNode.named(node.hostPath ?? node.path).first else { continue }
                node.type = node.type ?? host.type
                node.major = host.major
                node.minor = host.minor
                node.fileMode = node.fileMode ?? host.mode
                node.uid = node.uid ?? host.uid
                node.gid = node.gid ?? host.gid
            }
            nodes.append(node)
        }
        edits.deviceNodes = nodes.isEmpty ? nil : nodes
        return edits
    }

    /// A GPU by its number, of the first vendor that has specifications here.
    func gpu(_ number: UInt32) throws(EngineError) -> CDIName {
        for vendor in ["nvidia.com", "amd.com"] where entries.keys.contains(where: { $0.kind == "\(vendor)/gpu" }) {
            if let name = CDIName("\(vendor)/gpu=\(number)") { return name }
        }
        throw EngineError(
            .notFound, subject: "gpu \(number)",
            message: "no vendor of GPUs has a device specification in \(Self.folders.joined(separator: " or "))",
            hint: "nvidia-ctk cdi generate writes one")
    }
}
