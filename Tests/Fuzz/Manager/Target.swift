import Glibc
import SwctrCore

/// The manager's decoders of foreign bytes; `FUZZ_TARGET` names one. `Tests/Fuzz/run.py` builds this together with the
/// decoders' own sources.
private let target = getenv("FUZZ_TARGET").map { String(cString: $0) } ?? ""

@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOneInput(_ data: UnsafePointer<UInt8>?, _ size: Int) -> Int32 {
    let input = Array(UnsafeBufferPointer(start: data, count: size))
    switch target {
    case "manager-frames": fuzzFrames(input)
    case "tar": fuzzTar(input)
    default: fatalError("FUZZ_TARGET: there is no target \"\(target)\"")
    }
    return 0
}

/// What must hold for any input.
func require(_ claim: Bool, _ what: StaticString) {
    if !claim { fatalError("\(what)") }
}

private let isPlanted = getenv("FUZZ_PLANTED") != nil

/// An outcome that counts as a bug when the harnesses are checked.
func plant(when reached: Bool) {
    if isPlanted { require(!reached, "the planted bug was found") }
}

/// Frames come the same however the bytes are cut, and are encoded as they were.
private func fuzzFrames(_ input: [UInt8]) {
    guard let first = input.first else { return }
    let stream = Array(input.dropFirst())
    let whole = frames(stream, pieces: stream.count)
    require(whole == frames(stream, pieces: Int(first % 13) + 1), "frames depend on how the stream is cut")
    var encoded: [UInt8] = []
    for event in whole {
        guard case .frame(let frame) = event else { return }
        encoded += frame.encoded
        plant(when: frame.body.count == 3 && frame.streamID > 3)
    }
    require(stream.starts(with: encoded), "a frame is not encoded as it was")
}

private func frames(_ stream: [UInt8], pieces size: Int) -> [FrameDecoder.Event] {
    var decoder = FrameDecoder()
    var events: [FrameDecoder.Event] = []
    var start = 0
    while start < stream.count {
        var piece = stream[start..<min(start + max(size, 1), stream.count)]
        start = piece.endIndex
        while let event = decoder.next(from: &piece) { events.append(event) }
    }
    return events
}

/// An archive comes the same however it is cut; entries and data are within what the decoder promises.
private func fuzzTar(_ input: [UInt8]) {
    guard let first = input.first else { return }
    let archive = withChecksums(Array(input.dropFirst()))
    let whole = read(archive, pieces: archive.count)
    require(whole == read(archive, pieces: Int(first) * 7 + 1), "an archive depends on how it is cut")
    plant(when: !whole.isWhole && whole.entries == 1)
}

/// The archive with true checksums in all that looks like a header: a fuzzer guesses anything but those.
private func withChecksums(_ archive: [UInt8]) -> [UInt8] {
    var result = archive
    for start in stride(from: 0, to: archive.count - 511, by: 512)
    where archive[(start + 257)..<(start + 262)].elementsEqual("ustar".utf8) {
        for index in 148..<156 { result[start + index] = UInt8(ascii: " ") }
        var sum = result[start..<(start + 512)].reduce(0) { $0 + Int($1) }
        for index in stride(from: 153, through: 148, by: -1) {
            result[start + index] = UInt8(ascii: "0") + UInt8(sum % 8)
            sum /= 8
        }
    }
    return result
}

private func read(_ archive: [UInt8], pieces size: Int) -> Collected {
    let collected = Collected()
    var decoder = TarDecoder()
    do throws(EngineError) {
        var start = 0
        while start < archive.count {
            let end = min(start + max(size, 1), archive.count)
            let pushed = archive[start..<end].withUnsafeBytes { bytes in
                Result { () throws(EngineError) in try decoder.push(bytes, to: collected) }
            }
            try pushed.get()
            start = end
        }
        try decoder.finish()
        collected.isWhole = true
    } catch {
        collected.isWhole = false
    }
    return collected
}

/// What an archive amounted to, without how its data was cut.
private final class Collected: TarHandler, Equatable {
    var entries = 0
    var isWhole = false
    private var size: Int64 = 0
    private var sum: UInt64 = 0
    private var isOpen = false

    func begin(_ entry: TarEntry) throws(EngineError) {
        require(!isOpen, "an entry begins in another")
        require(!entry.path.isEmpty && !entry.path.contains(0) && entry.size >= 0, "an entry without a name or size")
        isOpen = true
        entries += 1
        size = entry.size
        for byte in entry.path + entry.link { mix(UInt64(byte)) }
        mix(UInt64(bitPattern: entry.size))
    }

    func data(_ bytes: UnsafeRawBufferPointer, at offset: Int64) throws(EngineError) {
        require(isOpen && offset >= 0 && offset + Int64(bytes.count) <= size, "data outside of its file")
        for (index, byte) in bytes.enumerated() { mix((UInt64(offset) + UInt64(index)) << 8 | UInt64(byte)) }
    }

    func end() throws(EngineError) {
        require(isOpen, "an entry ends twice")
        isOpen = false
    }

    private func mix(_ value: UInt64) { sum = (sum ^ value) &* 0x0000_0100_0000_01b3 }

    static func == (left: Collected, right: Collected) -> Bool {
        left.entries == right.entries && left.isWhole == right.isWhole && left.sum == right.sum
    }
}
