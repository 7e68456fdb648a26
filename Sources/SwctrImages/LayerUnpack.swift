import SwctrContent
import SwctrCore
import SwctrSnapshots

/// One layer on its way from compressed bytes to files.
///
/// What goes wrong is kept for `finish`: bytes that come from a network are taken to their end and digested first, for
/// only then is it known whose fault it is.
///
/// - Note: `@unchecked Sendable`: one thread at a time uses it.
final class LayerUnpack: @unchecked Sendable {
    private var applier: LayerApplier?
    private let digester: Digester
    private let diffID: Digest
    private var failure: EngineError?
    /// The bytes began anew, which a directory cannot.
    private(set) var isSpoiled = false

    init(to target: LayerTarget, diffID: Digest) throws(EngineError) {
        let digester = Digester(try DigestHasher(diffID.algorithm))
        applier = try LayerApplier(target: target) { digester.update($0) }
        self.digester = digester
        self.diffID = diffID
    }

    func push(_ bytes: UnsafeRawBufferPointer) {
        if isSpoiled || failure != nil { return }
        do throws(EngineError) { try applier?.push(bytes) } catch { failure = error }
    }

    func giveUp() { isSpoiled = true }

    /// What came of it.
    enum Outcome {
        case unpacked(LayerPending)
        /// It can be unpacked only when the layers beneath are there.
        case needsLowers
        /// The directory is of no use: begin with another.
        case spoiled
    }

    /// - Throws: what is wrong with the layer, or what the disk said.
    func finish() throws(EngineError) -> Outcome {
        if isSpoiled { return .spoiled }
        if let failure {
            if applier?.needsLowers == true { return .needsLowers }
            throw failure
        }
        guard let result = try applier?.finish() else { return .spoiled }
        let found = try digester.finish()
        if found != diffID {
            throw EngineError(
                .failedPrecondition,
                message: "its content has the digest \(found), the image's configuration says \(diffID)",
                hint: "the image is damaged: fetch or import it again")
        }
        return .unpacked(result.pending)
    }

    /// A hasher that a closure can write to.
    private final class Digester {
        private var hasher: DigestHasher?

        init(_ hasher: consuming DigestHasher) { self.hasher = consume hasher }

        func update(_ bytes: UnsafeRawBufferPointer) { hasher?.update(bytes) }

        func finish() throws(EngineError) -> Digest {
            guard let hasher = hasher.take() else {
                throw EngineError(.internal, operation: "digest", message: "was finished twice")
            }
            return try hasher.finish()
        }
    }
}
