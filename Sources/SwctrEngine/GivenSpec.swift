import Foundation
import Glibc
import SwctrCore
import SwctrOCI
import SwctrProto

/// A specification that the user wrote: handed on as it is, unknown members included, but for annotations.
struct GivenSpec: Sendable {
    /// What we understand of it.
    let spec: Spec
    /// What the runtime gets.
    let document: Data

    /// - Throws: `.invalidArgument` for what is no specification or cannot run here, and for anything else in the request
    ///   that it would override.
    init(_ request: Swctr_V1_ContainerOptions) throws(EngineError) {
        try Self.checkAlone(request)
        var tree: [String: Any]
        do {
            guard let object = try JSONSerialization.jsonObject(with: request.spec) as? [String: Any] else {
                throw Self.wrong("is no JSON object")
            }
            tree = object
        } catch let error as EngineError {
            throw error
        } catch {
            throw Self.wrong("is not valid JSON", causes: ["\(error)"])
        }
        guard var linux = tree["linux"] as? [String: Any] else {
            throw Self.wrong("has no linux part: the specification of a Linux container is needed")
        }
        linux["namespaces"] = linux["namespaces"] ?? [Any]()
        tree["linux"] = linux
        if !request.labels.isEmpty {
            let annotations = tree["annotations"] as? [String: Any] ?? [:]
            tree["annotations"] = annotations.merging(request.labels) { $1 }
        }
        do {
            document = try JSONSerialization.data(
                withJSONObject: tree, options: [.sortedKeys, .withoutEscapingSlashes])
            spec = try JSONDecoder().decode(Spec.self, from: document)
        } catch let error as DecodingError {
            throw Self.wrong("does not fit version 1 of the runtime specification: \(Self.text(error))")
        } catch {
            throw Self.wrong("cannot be read", causes: ["\(error)"])
        }
        try check()
    }

    private static func checkAlone(_ request: Swctr_V1_ContainerOptions) throws(EngineError) {
        var rest = request
        rest.spec = Data()
        rest.id = ""
        rest.labels = [:]
        rest.name = ""
        rest.randomName = false
        rest.clearRuntime()
        if rest != Swctr_V1_ContainerOptions() {
            throw wrong("stands in place of image and options: they cannot be given besides it")
        }
    }

    private func check() throws(EngineError) {
        if !spec.ociVersion.hasPrefix("1.") {
            throw Self.wrong("has ociVersion \"\(spec.ociVersion)\", supported is 1.x")
        }
        if spec.process.args.isEmpty { throw Self.wrong("names no command in process.args") }
        guard spec.root.path.hasPrefix("/") else {
            throw Self.wrong(
                "root.path \"\(spec.root.path)\" is relative, and there is no snapshot to find it in",
                hint: "make it an absolute path")
        }
        var status = stat()
        if stat(spec.root.path, &status) != 0 || status.st_mode & S_IFMT != S_IFDIR {
            throw Self.wrong("root.path \"\(spec.root.path)\" is not a directory")
        }
    }

    private static func text(_ error: DecodingError) -> String {
        func path(_ context: DecodingError.Context, _ last: String? = nil) -> String {
            (context.codingPath.map(\.stringValue) + (last.map { [$0] } ?? [])).joined(separator: ".")
        }
        return switch error {
        case .keyNotFound(let key, let context): "\(path(context, key.stringValue)) is missing"
        case .typeMismatch(_, let context), .valueNotFound(_, let context): "\(path(context)) has the wrong type"
        case .dataCorrupted(let context): "\(path(context)) is out of range"
        @unknown default: "\(error)"
        }
    }

    private static func wrong(_ message: String, hint: String = "", causes: [String] = []) -> EngineError {
        EngineError(.invalidArgument, subject: "spec", message: message, hint: hint, causes: causes)
    }
}
