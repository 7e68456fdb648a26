import CShim

/// Room for data that passes through. All streams share it, since each is done with it before the next has its turn.
///
/// It costs nothing until it is used, then the pages that one portion needs, after a large portion one page again, and
/// nothing once all have rested for a moment.
final class Scratch {
    /// For what is read: a whole pipe.
    let input: UnsafeMutableRawBufferPointer
    /// For what is made of it.
    let output: UnsafeMutableRawBufferPointer
    private let mapping: UnsafeMutableRawBufferPointer

    private let loop: EventLoop
    /// How much of a part was used since memory was last given back.
    private var used = 0
    /// Whether a timer will give all of it back.
    private var isTimed = false

    private static let part = 64 << 10
    static let page = 4096
    private static let rest = 1000

    init(loop: EventLoop) throws(SystemError) {
        self.loop = loop
        let address = mmap(nil, 2 * Self.part, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
        guard let address, address != UnsafeMutableRawPointer(bitPattern: -1) else { throw SystemError("mmap") }
        mapping = UnsafeMutableRawBufferPointer(start: address, count: 2 * Self.part)
        input = UnsafeMutableRawBufferPointer(rebasing: mapping[..<Self.part])
        output = UnsafeMutableRawBufferPointer(rebasing: mapping[Self.part...])
    }

    /// So much of either part has been written to.
    func note(_ count: Int) {
        used = max(used, count)
        guard !isTimed else { return }
        isTimed = true
        _ = loop.after(Self.rest) { [self] in
            isTimed = false
            used = 0
            giveBack(from: 0)
        }
    }

    /// Gives the memory of large portions back.
    func shrink() {
        guard used > Self.page else { return }
        used = Self.page
        giveBack(from: Self.page)
    }

    private func giveBack(from offset: Int) {
        _ = madvise(input.baseAddress.map { $0 + offset }, input.count - offset, MADV_DONTNEED)
        _ = madvise(output.baseAddress.map { $0 + offset }, output.count - offset, MADV_DONTNEED)
    }

    deinit { _ = munmap(mapping.baseAddress, mapping.count) }
}
