import Testing

@testable import SwctrTasks

@Suite("Latch and memory of exits")
struct LatchTests {
    @Test("everybody who waits gets the first value")
    func broadcast() async throws {
        let latch = Latch<Int>()
        try await withThrowingTaskGroup(of: Int.self) { group in
            for _ in 0..<50 { group.addTask { try await latch.wait() } }
            #expect(latch.set(7))
            #expect(!latch.set(8))
            for try await value in group { #expect(value == 7) }
        }
        #expect(try await latch.wait() == 7)
    }

    @Test("a waiter that is cancelled leaves at once")
    func cancelled() async {
        let latch = Latch<Int>()
        let task = Task { try await latch.wait() }
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
    }

    @Test("the newest entries are kept, also past removals and replacements")
    func recent() {
        var recent = Recent<Int, String>(capacity: 3)
        for number in 0..<5 { #expect(recent.insert("\(number)", for: number) == nil) }
        #expect((0..<5).map { recent[$0] } == [nil, nil, "2", "3", "4"])
        #expect(recent.insert("x", for: 3) == "3")
        recent.remove(4)
        #expect(recent.insert("again", for: 4) == nil)
        #expect(recent.insert("5", for: 5) == nil)
        #expect((2..<6).map { recent[$0] } == [nil, nil, "again", "5"])
        #expect(recent.insert("6", for: 6) == nil)
        #expect(recent[4] == "again", "its old place was overwritten, its new one was not")
    }
}
