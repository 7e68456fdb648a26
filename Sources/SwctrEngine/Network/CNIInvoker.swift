import Foundation
import Glibc
import SwctrCore
import SwctrLinux

/// Runs the plug-ins of a network (CNI specification: a program a step, its configuration on standard input, its answer
/// on standard output).
struct CNIInvoker: Sendable {
    /// Where plug-ins are looked for.
    let folders: [String]

    /// A container's place in a network.
    struct Attachment: Sendable {
        var containerID: String
        /// Path of the network namespace; empty where it is gone.
        var namespace: String
        var interface = "eth0"
    }

    /// Adds a container to a network. What was added is taken back when a later plug-in fails.
    ///
    /// - Returns: the last plug-in's answer, JSON; it is needed to delete.
    func add(_ attachment: Attachment, to network: CNIConfiguration) throws(EngineError) -> Data {
        var result = Data()
        for plugin in network.plugins {
            do throws(EngineError) {
                result = try invoke("ADD", plugin, network, attachment, previous: result)
            } catch {
                // It may have got half way, as may those before it.
                try? delete(attachment, from: network, result: Data())
                throw error
            }
        }
        return result
    }

    /// Takes a container out of a network; the last plug-in goes first. One that is not in it is no error.
    func delete(_ attachment: Attachment, from network: CNIConfiguration, result: Data) throws(EngineError) {
        var first: EngineError?
        for plugin in network.plugins.reversed() {
            do throws(EngineError) {
                _ = try invoke("DEL", plugin, network, attachment, previous: result)
            } catch {
                first = first ?? error
            }
        }
        if let first { throw first }
    }

    private func isExecutable(_ path: String) -> Bool { access(path, X_OK) == 0 }

    private func invoke(
        _ command: String, _ plugin: [String: Any], _ network: CNIConfiguration, _ attachment: Attachment,
        previous: Data
    ) throws(EngineError) -> Data {
        let type = plugin["type"] as? String ?? ""
        let subject = "network \"\(network.name)\", plug-in \(type)"
        guard let path = folders.map({ "\($0)/\(type)" }).first(where: { isExecutable($0) }) else {
            throw EngineError(
                .notFound, subject: subject, message: "not found in \(folders.joined(separator: ":"))",
                hint: "Debian's package containernetworking-plugins has the usual ones")
        }
        var configuration = plugin
        configuration["name"] = network.name
        configuration["cniVersion"] = network.version
        if let result = try? JSONSerialization.jsonObject(with: previous) { configuration["prevResult"] = result }
        guard let input = try? JSONSerialization.data(withJSONObject: configuration) else {
            throw EngineError(.internal, subject: subject, message: "its configuration cannot be encoded")
        }
        let outcome = try Subprocess(
            path: path, arguments: [],
            environment: [
                "CNI_COMMAND=\(command)", "CNI_CONTAINERID=\(attachment.containerID)",
                "CNI_NETNS=\(attachment.namespace)", "CNI_IFNAME=\(attachment.interface)",
                "CNI_PATH=\(folders.joined(separator: ":"))",
                "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            ], input: [UInt8](input)
        ).run(timeout: .seconds(60))
        if outcome.status.code != 0 {
            // The specification's error object, where the plug-in wrote one.
            let answer = try? JSONSerialization.jsonObject(with: Data(outcome.output)) as? [String: Any]
            let texts = [answer?["msg"], answer?["details"]].compactMap { $0 as? String }.filter { !$0.isEmpty }
            throw EngineError(
                .unknown, subject: subject,
                message: texts.isEmpty
                    ? "\(command) failed: \(outcome.text)" : "\(command): " + texts.joined(separator: ": "))
        }
        return Data(outcome.output)
    }
}
