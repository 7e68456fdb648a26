import Foundation
import SwctrCore
import Testing

@testable import SwctrTasks

/// What every state makes of every event; the table is the specification.
@Suite("Task phase")
struct TaskPhaseTests {
    typealias State = TaskPhase.State

    static let exit = ProcessExit(status: ExitStatus(code: 3), exitedAt: Date(timeIntervalSince1970: 1000))

    enum Outcome: Equatable, Sendable {
        /// The next state, and nothing to do.
        case to(State)
        /// The next state, and the exit is to be recorded.
        case ended(State)
        case refused
    }

    struct Row: Sendable, CustomTestStringConvertible {
        var event: TaskPhase.Event
        /// States in the order of `State.allCases`: creating, created, starting, running, pausing, paused, resuming,
        /// stopped, deleting, deleted.
        var outcomes: [Outcome]
        var testDescription: String { "\(event)" }
    }

    static let same: [Outcome] = State.allCases.map { .to($0) }

    /// Nothing changes but in the states named.
    static func unless(_ changes: [State: Outcome], otherwise: Outcome? = nil) -> [Outcome] {
        State.allCases.map { changes[$0] ?? otherwise ?? .to($0) }
    }

    static let table: [Row] = [
        Row(event: .created(pid: 5), outcomes: unless([.creating: .to(.created)])),
        Row(event: .createFailed, outcomes: unless([.creating: .to(.deleted)])),
        Row(event: .startRequested, outcomes: unless([.created: .to(.starting)], otherwise: .refused)),
        Row(event: .started(pid: 5), outcomes: unless([.starting: .to(.running)])),
        Row(event: .startFailed, outcomes: unless([.starting: .to(.created)])),
        Row(event: .pauseRequested, outcomes: unless([.running: .to(.pausing)], otherwise: .refused)),
        Row(event: .paused, outcomes: unless([.pausing: .to(.paused)])),
        Row(event: .pauseFailed, outcomes: unless([.pausing: .to(.running)])),
        Row(event: .resumeRequested, outcomes: unless([.paused: .to(.resuming)], otherwise: .refused)),
        Row(event: .resumed, outcomes: unless([.resuming: .to(.running)])),
        Row(event: .resumeFailed, outcomes: unless([.resuming: .to(.paused)])),
        Row(
            event: .exited(pid: 5, exit),
            outcomes: unless([
                .created: .ended(.stopped), .running: .ended(.stopped), .pausing: .ended(.stopped),
                .paused: .ended(.stopped), .resuming: .ended(.stopped), .deleting: .ended(.deleting),
            ])),
        Row(
            event: .deleteRequested,
            outcomes: unless([.created: .to(.deleting), .stopped: .to(.deleting)], otherwise: .refused)),
        Row(event: .deleteFailed, outcomes: unless([.deleting: .to(.created)])),
        Row(event: .deleted, outcomes: unless([:], otherwise: .to(.deleted))),
    ]

    @Test("every state answers every event as the table says", arguments: table)
    func pairs(row: Row) {
        for (state, expected) in zip(State.allCases, row.outcomes) {
            // A stopped process has its exit; nobody else does.
            let exit = state == .stopped ? Self.exit : nil
            var phase = TaskPhase(restoring: state, pid: 5, exit: exit)
            let outcome: Outcome
            do throws(TaskPhase.Refusal) {
                outcome = try phase.apply(row.event) == .none ? .to(phase.state) : .ended(phase.state)
            } catch {
                outcome = .refused
                #expect(phase.state == state, "a refusal changes nothing")
                let refusal = error.error(subject: "task \"a\"", id: "a", isExec: false)
                #expect(refusal.code == (state == .deleted ? .notFound : .failedPrecondition))
                #expect(!refusal.message.isEmpty)
            }
            #expect(outcome == expected, "\(row.event) in \(state)")
        }
    }

    @Test("an exit that comes before the answer to Start is told after it")
    func earlyExit() throws {
        var phase = TaskPhase(restoring: .starting, pid: 0, exit: nil)
        #expect(try phase.apply(.exited(pid: 9, Self.exit)) == .none)
        #expect(phase.state == .starting)
        #expect(try phase.apply(.started(pid: 9)) == .exited(Self.exit))
        #expect(phase.state == .stopped)
        #expect(phase.exit == Self.exit)
    }

    @Test("an exit while Create is under way is kept too")
    func exitWhileCreating() throws {
        var phase = TaskPhase()
        #expect(try phase.apply(.exited(pid: 9, Self.exit)) == .none)
        #expect(try phase.apply(.created(pid: 9)) == .exited(Self.exit))
        #expect(throws: TaskPhase.Refusal.self) { try phase.apply(.startRequested) }
    }

    @Test("an exit of an earlier process of the same name is dropped")
    func otherPid() throws {
        var phase = TaskPhase()
        #expect(try phase.apply(.exited(pid: 8, Self.exit)) == .none)
        #expect(try phase.apply(.created(pid: 9)) == .none)
        #expect(phase.state == .created)
        #expect(try phase.apply(.exited(pid: 8, Self.exit)) == .none)
        #expect(phase.exit == nil)
    }

    @Test("the first report of an exit counts, the others change nothing")
    func twice() throws {
        var phase = TaskPhase(restoring: .running, pid: 5, exit: nil)
        #expect(try phase.apply(.exited(pid: nil, Self.exit)) == .exited(Self.exit))
        let other = ProcessExit(status: .killed, exitedAt: Date())
        #expect(try phase.apply(.exited(pid: 5, other)) == .none)
        #expect(phase.exit == Self.exit)
    }

    @Test("a deletion that fails leads back to where it came from")
    func failedDeletion() throws {
        var created = TaskPhase(restoring: .created, pid: 5, exit: nil)
        _ = try created.apply(.deleteRequested)
        _ = try created.apply(.deleteFailed)
        #expect(created.state == .created)
        var killed = TaskPhase(restoring: .created, pid: 5, exit: nil)
        _ = try killed.apply(.deleteRequested)
        #expect(try killed.apply(.exited(pid: 5, Self.exit)) == .exited(Self.exit))
        _ = try killed.apply(.deleteFailed)
        #expect(killed.state == .stopped)
    }

    @Test("a running task's deletion is refused in containerd's words, with the way out")
    func words() {
        let refusal = TaskPhase.Refusal(action: .delete, state: .running)
        let error = refusal.error(subject: "task \"web\"", id: "web", isExec: false)
        #expect(error.message == "task must be stopped before deletion: running")
        #expect(error.hint == "use --force, or swctr tasks kill web")
    }
}
