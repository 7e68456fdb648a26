import CSwctrLinux
import Glibc
public import SwctrCore
import SwctrLinux

/// Unpacks one layer (OCI image specification, "Image Layer Filesystem Changeset") into a snapshot's directory.
///
/// Bytes of the possibly compressed archive are pushed in; the directory is complete after `finish`. The caller
/// throws a directory away in which anything failed.
///
/// - A later entry replaces an earlier one of its path; directories are merged.
/// - A whiteout speaks of lower layers only; what the same layer brings stays.
/// - Nothing outside the directory is ever opened, created, changed or removed (see `LayerTree`).
public struct LayerApplier: ~Copyable {
    private var decompressor = Decompressor()
    private var decoder = TarDecoder()
    private let writer: LayerWriter
    private let observe: (UnsafeRawBufferPointer) -> Void
    private let limits: LayerLimits
    private var bytes: Int64 = 0

    /// - Parameters:
    ///   - target: the directory to fill.
    ///   - uncompressed: sees every byte of the uncompressed archive, to digest it.
    public init(
        target: LayerTarget, limits: LayerLimits = LayerLimits(),
        uncompressed observe: @escaping (UnsafeRawBufferPointer) -> Void
    ) throws(EngineError) {
        writer = try LayerWriter(target: target, limits: limits)
        self.observe = observe
        self.limits = limits
    }

    /// Takes the next bytes of the archive as it is stored.
    public mutating func push(_ input: UnsafeRawBufferPointer) throws(EngineError) {
        let (writer, observe, limit) = (writer, observe, limits.bytes)
        var (decoder, bytes) = (decoder, bytes)
        defer { (self.decoder, self.bytes) = (decoder, bytes) }
        try decompressor.push(input) { (output) throws(EngineError) in
            bytes += Int64(output.count)
            if bytes > limit { throw LayerWriter.tooLarge("more than \(limit) bytes") }
            observe(output)
            try decoder.push(output, to: writer)
        }
    }

    /// Ends the archive and gives directories their times.
    public mutating func finish() throws(EngineError) -> LayerResult {
        let (writer, observe) = (writer, observe)
        var (decoder, bytes) = (decoder, bytes)
        try decompressor.finish { (output) throws(EngineError) in
            bytes += Int64(output.count)
            observe(output)
            try decoder.push(output, to: writer)
        }
        try decoder.finish()
        try writer.finish()
        return LayerResult(entries: decoder.count, bytes: bytes, pending: writer.pending)
    }

    /// Whether it was refused because the layers beneath are not known: it can be unpacked when they are.
    public var needsLowers: Bool { writer.needsLowers }
}

/// The directory that a layer is to be unpacked into.
public struct LayerTarget: Sendable {
    /// Whether deletions are written down for overlayfs, or carried out.
    public enum Deletions: Sendable { case whiteouts, removal }

    /// Path of the directory.
    public var path: String
    /// Directories of the layers beneath, nearest first; empty where `path` holds a full copy of them; nil where they
    /// are not there yet: the layer is then settled on them by `LayerPending.settle`.
    public var lowers: [String]?
    public var deletions: Deletions

    public init(path: String, lowers: [String]?, deletions: Deletions) {
        self.path = path
        self.lowers = lowers
        self.deletions = deletions
    }
}
