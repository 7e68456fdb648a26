import CShim

/// One descriptor in the loop. The handler is dropped on removal, which breaks its cycle with the owner.
final class Watch {
    let fd: Int32
    fileprivate let slot: Int
    fileprivate var events: UInt32
    fileprivate var handler: ((UInt32) -> Void)?

    fileprivate init(fd: Int32, slot: Int, events: UInt32, handler: @escaping (UInt32) -> Void) {
        self.fd = fd
        self.slot = slot
        self.events = events
        self.handler = handler
    }
}

/// A call that is due at some time.
final class Timer {
    fileprivate let due: Int
    fileprivate var action: (() -> Void)?
    private(set) var hasFired = false

    fileprivate init(due: Int, action: @escaping () -> Void) {
        self.due = due
        self.action = action
    }

    func cancel() {
        action = nil
    }

    fileprivate func fire() {
        guard let due = action else { return }
        action = nil
        hasFired = true
        due()
    }
}

/// The one place where the shim waits. Everything is a handler called from `run`, on the only thread there is.
final class EventLoop {
    private var epoll: OwnedFD
    private var watches: [Watch?] = []
    /// Counted up at every removal, so that an event of the same batch never reaches a successor on the same slot.
    private var generations: [UInt32] = []
    private var timers: [Timer] = []
    private var isStopped = false

    init() throws(SystemError) {
        epoll = OwnedFD(adopting: epoll_create1(Int32(EPOLL_CLOEXEC)))
        if !epoll.isOpen { throw SystemError("epoll_create1") }
    }

    /// Watches `fd` until `remove`. The fd must stay open until then. Nil if the kernel cannot watch it (a plain file).
    func add(_ fd: Int32, _ events: UInt32, _ handler: @escaping (UInt32) -> Void) -> Watch? {
        let slot = watches.firstIndex { $0 == nil } ?? watches.count
        if slot == watches.count {
            watches.append(nil)
            generations.append(0)
        }
        let watch = Watch(fd: fd, slot: slot, events: events, handler: handler)
        var event = epoll_event()
        event.events = events
        event.data.u64 = UInt64(generations[slot]) << 32 | UInt64(slot)
        guard epoll_ctl(epoll.raw, EPOLL_CTL_ADD, fd, &event) == 0 else { return nil }
        watches[slot] = watch
        return watch
    }

    /// Changes what the watch waits for.
    func modify(_ watch: Watch, _ events: UInt32) {
        guard watch.events != events, watch.handler != nil else { return }
        watch.events = events
        var event = epoll_event()
        event.events = events
        event.data.u64 = UInt64(generations[watch.slot]) << 32 | UInt64(watch.slot)
        _ = epoll_ctl(epoll.raw, EPOLL_CTL_MOD, watch.fd, &event)
    }

    /// Looks away from a listener for a moment: out of descriptors or memory, the client that waits would wake us for ever.
    func rest(_ watch: Watch?) {
        guard let watch, watch.events != 0 else { return }
        modify(watch, 0)
        _ = after(200) { [self] in modify(watch, Ready.input) }
    }

    /// Forgets the watch; nil and repeated removal are fine. Call before closing the descriptor.
    func remove(_ watch: inout Watch?) {
        guard let gone = watch else { return }
        watch = nil
        guard gone.handler != nil else { return }
        gone.handler = nil
        _ = epoll_ctl(epoll.raw, EPOLL_CTL_DEL, gone.fd, nil)
        watches[gone.slot] = nil
        generations[gone.slot] &+= 1
    }

    /// Calls `action` once, `delay` milliseconds from now.
    func after(_ delay: Int, _ action: @escaping () -> Void) -> Timer {
        let timer = Timer(due: Clock.milliseconds() + delay, action: action)
        timers.append(timer)
        return timer
    }

    /// Makes `run` return after the current batch.
    func stop() {
        isStopped = true
    }

    func run() {
        while !isStopped {
            waitOnce()
            fireTimers()
        }
    }

    private func waitOnce() {
        withUnsafeTemporaryAllocation(of: epoll_event.self, capacity: 32) { buffer in
            let count = epoll_wait(epoll.raw, buffer.baseAddress, Int32(buffer.count), nextTimeout())
            guard count > 0 else { return }
            for index in 0..<Int(count) {
                let event = buffer[index]
                let slot = Int(event.data.u64 & 0xffff_ffff)
                let generation = UInt32(event.data.u64 >> 32)
                guard slot < watches.count, generations[slot] == generation, let watch = watches[slot] else { continue }
                watch.handler?(event.events)
            }
        }
    }

    private func nextTimeout() -> Int32 {
        if isStopped { return 0 }
        timers.removeAll { $0.action == nil }
        guard var earliest = timers.first?.due else {
            timers = []
            return -1
        }
        for timer in timers where timer.due < earliest { earliest = timer.due }
        return Int32(clamping: max(0, earliest - Clock.milliseconds()))
    }

    private func fireTimers() {
        guard !timers.isEmpty else { return }
        let now = Clock.milliseconds()
        for timer in timers where timer.due <= now {
            timer.fire()
        }
    }
}

/// Bits of epoll in the type that its calls take.
enum Ready {
    static let input: UInt32 = 0x001
    static let urgent: UInt32 = 0x002
    static let output: UInt32 = 0x004
    static let error: UInt32 = 0x008
    static let hangUp: UInt32 = 0x010
    static let edge: UInt32 = 1 << 31
}
