import Foundation
import SwctrContent
import SwctrCore
import SwctrOCI
import SwctrTestSupport

/// Makes OCI image archives, whole ones and broken ones.
struct ArchiveBuilder {
    var blobs: [String: [UInt8]] = [:]
    var entries: [Descriptor] = []

    mutating func blob(_ bytes: [UInt8]) throws -> Digest {
        let digest = try DigestHasher.digest(bytes)
        blobs["blobs/sha256/\(digest.hex)"] = bytes
        return digest
    }

    mutating func document(_ value: some Encodable, _ type: MediaType) throws -> Descriptor {
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        let bytes = Array(try encoder.encode(value))
        return Descriptor(mediaType: type, digest: try blob(bytes), size: Int64(bytes.count))
    }

    /// A layer with one file.
    static func layer(_ name: String, _ text: String) -> [UInt8] { TarBuilder.archive { $0.file(name, text) } }

    mutating func image(_ layers: [[UInt8]], platform: Platform = .host, diffIDs: [Digest]? = nil) throws -> Descriptor
    {
        var descriptors: [Descriptor] = []
        for layer in layers {
            descriptors.append(Descriptor(mediaType: .ociLayer, digest: try blob(layer), size: Int64(layer.count)))
        }
        var config = ImageConfig(
            architecture: platform.architecture, os: platform.os, diffIDs: diffIDs ?? descriptors.map(\.digest))
        config.variant = platform.variant.isEmpty ? nil : platform.variant
        var manifest = try document(
            Manifest(config: document(config, .ociConfig), layers: descriptors), .ociManifest)
        manifest.platform = platform
        return manifest
    }

    mutating func name(_ target: Descriptor, _ annotations: [String: String]) {
        var target = target
        target.annotations = annotations
        entries.append(target)
    }

    mutating func name(_ target: Descriptor, _ name: String) { self.name(target, ["io.containerd.image.name": name]) }

    /// The archive, `index.json` last or first: the order is nobody's promise.
    func archive(indexFirst: Bool = false) throws -> [UInt8] {
        let index = Array(try JSONEncoder().encode(Index(mediaType: nil, manifests: entries)))
        return TarBuilder.archive { tar in
            tar.directory("blobs/")
            if indexFirst { tar.raw("index.json", data: index) }
            for (name, bytes) in blobs.sorted(by: { $0.key < $1.key }) { tar.raw(name, data: bytes) }
            tar.file("oci-layout", #"{"imageLayoutVersion":"1.0.0"}"#)
            if !indexFirst { tar.raw("./index.json", data: index) }
        }
    }

    /// One image of one layer under one name.
    static func simple(_ name: String, file: String = "f", text: String = "x") throws -> [UInt8] {
        var builder = ArchiveBuilder()
        let image = try builder.image([layer(file, text)])
        builder.name(image, name)
        return try builder.archive()
    }
}
