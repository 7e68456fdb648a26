import Testing

@testable import ShimCore

@Suite("Output flow")
struct OutputFlowTests {
    @Test("a client that has not opened yet is waited for, and loses nothing")
    func firstReader() {
        var flow = OutputFlow(readerSeen: false)
        #expect(flow.full() == .waitForFirstReader)
        #expect(flow.state == .awaitingFirstReader)
        #expect(flow.drained() == .resume)
        #expect(flow.hasHadReader)
        #expect(flow.full() == .probe)
    }

    @Test("a client that never comes counts as gone after its time")
    func nobodyCame() {
        var flow = OutputFlow(readerSeen: false)
        _ = flow.full()
        #expect(flow.gaveUpOnFirstReader() == .probe)
        #expect(flow.full() == .probe)
        #expect(flow.probed(readerPresent: false) == .discardOldest)
        #expect(flow.state == .flowing)
    }

    @Test("a slow client holds the container up until it reads or leaves")
    func slowReader() {
        var flow = OutputFlow(readerSeen: true)
        #expect(flow.full() == .probe)
        #expect(flow.probed(readerPresent: true) == .waitForReader)
        #expect(flow.state == .awaitingReader)
        #expect(flow.drained() == .resume)
        _ = flow.full()
        _ = flow.probed(readerPresent: true)
        #expect(flow.probed(readerPresent: false) == .discardOldest)
        #expect(flow.state == .flowing)
    }
}
