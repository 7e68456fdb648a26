import Dispatch
import SwctrTestSupport
import Testing

/// Everything that runs the real programs. One test at a time: they share the host's cgroups and its two cores.
@Suite(
    "Integration", .serialized, .enabled(if: Host.isRoot, "integration tests need root"), .mayBlock,
    .timeLimit(.minutes(3)))
enum Integration {}

/// Lets test bodies wait for other programs without holding up the tests that run on the cooperative threads.
struct BlockingTrait: SuiteTrait, TestTrait, TestScoping {
    let isRecursive = true

    func provideScope(
        for test: Test, testCase: Test.Case?, performing function: @Sendable () async throws -> Void
    ) async throws {
        try await withTaskExecutorPreference(BlockingExecutor.shared) { try await function() }
    }
}

extension Trait where Self == BlockingTrait {
    static var mayBlock: Self { BlockingTrait() }
}

/// Runs jobs on threads of its own, as many as block.
private final class BlockingExecutor: TaskExecutor {
    static let shared = BlockingExecutor()
    private let queue = DispatchQueue(label: "integration tests", attributes: .concurrent)

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        queue.async { job.runSynchronously(on: self.asUnownedTaskExecutor()) }
    }
}
