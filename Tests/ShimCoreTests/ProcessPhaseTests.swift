import Testing

@testable import ShimCore

@Suite("Process phase")
struct ProcessPhaseTests {
    /// Every phase with every action: nil where it is allowed, containerd's words where it is not.
    static let table: [(ProcessAction, [Text?])] = [
        // created, starting, running, pausing, paused, stopped, deleted
        (
            .start,
            [
                nil, "cannot start a running process", "cannot start a running process",
                "cannot start a running process", "cannot start a paused process", "cannot start a stopped process",
                "cannot start a deleted process",
            ]
        ),
        (
            .delete,
            [
                nil, "cannot delete a running process", "cannot delete a running process",
                "cannot delete a running process", "cannot delete a paused process", nil,
                "cannot delete a deleted process",
            ]
        ),
        (
            .pause,
            [
                "cannot pause task in created state", "cannot pause task in created state", nil,
                "cannot pause a paused container", "cannot pause a paused container",
                "cannot pause a stopped container", "cannot pause a deleted container",
            ]
        ),
        (
            .resume,
            [
                "cannot resume task in created state", "cannot resume task in created state",
                "cannot resume a running process", "cannot resume a running process", nil,
                "cannot resume a stopped container", "cannot resume a deleted container",
            ]
        ),
        (
            .exec,
            [
                nil, nil, nil, "cannot exec in a paused state", "cannot exec in a paused state",
                "cannot exec in a stopped state", "cannot exec in a deleted state",
            ]
        ),
        (
            .update,
            [nil, nil, nil, nil, nil, "cannot update a stopped container", "cannot update a deleted process"]
        ),
        (
            .checkpoint,
            [
                "cannot checkpoint a task in created state", "cannot checkpoint a task in created state", nil, nil, nil,
                "cannot checkpoint a stopped container", "cannot checkpoint a deleted container",
            ]
        ),
    ]

    @Test("each phase refuses what it must, in containerd's words", arguments: table)
    func refusals(action: ProcessAction, expected: [Text?]) {
        for (phase, text) in zip(ProcessPhase.allCases, expected) {
            #expect(phase.refusal(of: action) == text.map { RPCError(.unknown, $0) }, "\(action) while \(phase)")
        }
    }

    @Test("the table above is complete")
    func complete() {
        #expect(Self.table.map(\.0) == ProcessAction.allCases)
        for (_, expected) in Self.table { #expect(expected.count == ProcessPhase.allCases.count) }
    }

    @Test("a phase that is under way shows as the one before it")
    func wireStatus() {
        #expect(ProcessPhase.allCases.map(\.wireStatus) == [1, 1, 2, 5, 4, 3, 3])
    }
}
