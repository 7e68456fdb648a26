import CShim

/// Room for data that passes through. All streams share it, since each is done with it before the next has its turn.
///
/// It costs nothing until it is used, then the pages that one portion needs, and after a large portion one page again.
final class Scratch {
    /// For what is read: a whole pipe.
    let input: UnsafeMutableRawBufferPointer
    /// For what is made of it.
    let output: UnsafeMutableRawBufferPointer
    private let mapping: UnsafeMutableRawBufferPointer

    /// How much of a part was used since memory was last given back.
    private var used = 0

    private static let part = 64 << 10
    static let page = 4096

    init() throws(SystemError) {
        let address = mmap(nil, 2 * Self.part, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
        guard let address, address != UnsafeMutableRawPointer(bitPattern: -1) else { throw SystemError("mmap") }
        mapping = UnsafeMutableRawBufferPointer(start: address, count: 2 * Self.part)
        input = UnsafeMutableRawBufferPointer(rebasing: mapping[..<Self.part])
        output = UnsafeMutableRawBufferPointer(rebasing: mapping[Self.part...])
    }

    /// So much of either part has been written to.
    func note(_ count: Int) {
        used = max(used, count)
    }

    /// Gives the memory of large portions back.
    func shrink() {
        guard used > Self.page else { return }
        used = 0
        for part in [input, output] {
            _ = madvise(part.baseAddress.map { $0 + Self.page }, part.count - Self.page, MADV_DONTNEED)
        }
    }

    deinit { _ = munmap(mapping.baseAddress, mapping.count) }
}
