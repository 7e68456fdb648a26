import Foundation
import SwctrCore
import SwctrProto
import SwiftProtobuf

/// What a shim's `start` answered: where it listens, and which version of the task service it speaks.
struct BootstrapAnswer: Hashable, Sendable {
    /// 2 or 3.
    var version: Int
    /// Path of the Unix socket.
    var socketPath: String

    /// As it is stored, and as shims write it themselves.
    var address: String { "unix://\(socketPath)" }

    /// Reads the standard output of `start`: JSON since containerd 1.7, a bare address before and from most shims that
    /// are not runc's. Anything else is no answer, whatever the exit status was: a Rust shim reports its failure with
    /// status 0 (facts: shim-contract.md, section 11).
    ///
    /// - Parameter isMessage: the shim was sent BootstrapParams, to which the answer is a message too, if it is no text.
    /// - Throws: `.internal` that quotes the answer.
    init(parsing output: [UInt8], isMessage: Bool = false) throws(EngineError) {
        if isMessage, let result = try? Containerd_Runtime_Bootstrap_V1_BootstrapResult(serializedBytes: output),
            result.version != 0, !result.address.isEmpty
        {
            self = try Self(version: Int(result.version), protocol: result.protocol, address: result.address)
            return
        }
        let text = String(decoding: output, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
        if text.isEmpty { throw Self.unusable("nothing") }
        if text.hasPrefix("{") {
            guard let document = try? JSONDecoder().decode(Document.self, from: Data(text.utf8)) else {
                throw Self.unusable(text)
            }
            self = try Self(version: document.version, protocol: document.protocol, address: document.address)
        } else {
            self = try Self(version: 2, address: text)
        }
    }

    private init(version: Int, protocol: String, address: String) throws(EngineError) {
        guard `protocol`.isEmpty || `protocol` == "ttrpc" else {
            throw EngineError(.unimplemented, message: "the shim speaks \(`protocol`), only ttrpc is supported")
        }
        guard (2...3).contains(version) else {
            throw EngineError(.unimplemented, message: "unsupported shim version (\(version))")
        }
        try self.init(version: version, address: address)
    }

    /// - Throws: `.internal` for what is no address, `.unimplemented` for a kind of socket that is not supported.
    init(version: Int, address: String) throws(EngineError) {
        guard !address.contains(where: \.isNewline), address.utf8.count <= 4096 else { throw Self.unusable(address) }
        if address.hasPrefix("unix:///") {
            self.init(version: version, socketPath: String(address.dropFirst("unix://".count)))
        } else if address.hasPrefix("vsock://") || address.hasPrefix("hvsock://") {
            throw EngineError(.unimplemented, message: "shim address \(address): only unix sockets are supported")
        } else {
            throw Self.unusable(address)
        }
    }

    private init(version: Int, socketPath: String) {
        self.version = version
        self.socketPath = socketPath
    }

    private static func unusable(_ text: String) -> EngineError {
        EngineError(.internal, message: "start answered no address but \"\(text.prefix(1024))\"")
    }

    private struct Document: Decodable {
        var version: Int
        var address: String
        var `protocol`: String

        enum CodingKeys: String, CodingKey { case version, address, `protocol` }

        init(from decoder: any Swift.Decoder) throws {
            let values = try decoder.container(keyedBy: CodingKeys.self)
            version = try values.decode(Int.self, forKey: .version)
            address = try values.decode(String.self, forKey: .address)
            `protocol` = try values.decodeIfPresent(String.self, forKey: .protocol) ?? ""
        }
    }
}
