public import SwctrCore

/// What an image says about running it, and which uncompressed layers it is made of.
public struct ImageConfig: Hashable, Sendable, Codable {
    public var architecture: String
    public var os: String
    public var variant: String?
    /// RFC 3339.
    public var created: String?
    public var author: String?
    public var config: Execution?
    public var rootfs: RootFS
    public var history: [History]?

    public init(architecture: String, os: String, config: Execution? = nil, diffIDs: [Digest]) {
        self.architecture = architecture
        self.os = os
        self.config = config
        rootfs = RootFS(diffIDs: diffIDs)
    }

    /// The defaults of the process that a container starts; field names as on the wire.
    public struct Execution: Hashable, Sendable, Codable {
        public var user: String?
        public var env: [String]?
        public var entrypoint: [String]?
        public var cmd: [String]?
        public var workingDir: String?
        public var stopSignal: String?
        public var labels: [String: String]?
        public var volumes: [String: Nothing]?
        public var exposedPorts: [String: Nothing]?

        public init(
            user: String? = nil, env: [String]? = nil, entrypoint: [String]? = nil, cmd: [String]? = nil,
            workingDir: String? = nil, stopSignal: String? = nil
        ) {
            self.user = user
            self.env = env
            self.entrypoint = entrypoint
            self.cmd = cmd
            self.workingDir = workingDir
            self.stopSignal = stopSignal
        }

        private enum CodingKeys: String, CodingKey {
            case user = "User"
            case env = "Env"
            case entrypoint = "Entrypoint"
            case cmd = "Cmd"
            case workingDir = "WorkingDir"
            case stopSignal = "StopSignal"
            case labels = "Labels"
            case volumes = "Volumes"
            case exposedPorts = "ExposedPorts"
        }
    }

    /// The `{}` that Go's sets have as values.
    public struct Nothing: Hashable, Sendable, Codable { public init() {} }

    public struct RootFS: Hashable, Sendable, Codable {
        /// Always "layers".
        public var type: String
        /// Digests of the uncompressed layers, lowest first.
        public var diffIDs: [Digest]

        public init(diffIDs: [Digest]) {
            type = "layers"
            self.diffIDs = diffIDs
        }

        private enum CodingKeys: String, CodingKey {
            case type
            case diffIDs = "diff_ids"
        }

        public init(from decoder: any Decoder) throws {
            let container = try decoder.container(keyedBy: CodingKeys.self)
            type = try container.decodeIfPresent(String.self, forKey: .type) ?? "layers"
            diffIDs = try (container.decodeIfPresent([String].self, forKey: .diffIDs) ?? []).map { try Digest($0) }
        }

        public func encode(to encoder: any Encoder) throws {
            var container = encoder.container(keyedBy: CodingKeys.self)
            try container.encode(type, forKey: .type)
            try container.encode(diffIDs.map(\.description), forKey: .diffIDs)
        }
    }

    public struct History: Hashable, Sendable, Codable {
        public var created: String?
        public var createdBy: String?
        public var comment: String?
        /// True where the step made no layer.
        public var emptyLayer: Bool?

        private enum CodingKeys: String, CodingKey {
            case created, comment
            case createdBy = "created_by"
            case emptyLayer = "empty_layer"
        }
    }

    /// The platform that the image is for.
    public var platform: Platform { Platform(os: os, architecture: architecture, variant: variant ?? "") }
}
