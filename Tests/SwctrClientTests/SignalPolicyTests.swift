import Glibc
import Testing

@testable import SwctrClient

@Suite("What a signal means to a client")
struct SignalPolicyTests {
    @Test("without a terminal signals are passed on while the process can be reached")
    func forward() {
        var policy = SignalPolicy(isTerminal: false)
        policy.isReachable = true
        for signal in [SIGTERM, SIGINT, SIGHUP, SIGUSR1, SIGCONT, SIGTSTP] {
            #expect(policy.action(for: signal) == .forward)
        }
        #expect(policy.action(for: SIGWINCH) == .ignore)
    }

    @Test("before that they are kept, once each, and whoever asks twice to end leaves")
    func keep() {
        var policy = SignalPolicy(isTerminal: false)
        #expect(policy.action(for: SIGUSR1) == .keep)
        #expect(policy.action(for: SIGUSR1) == .keep)
        #expect(policy.action(for: SIGINT) == .keep)
        #expect(policy.kept == [SIGUSR1, SIGINT])
        #expect(policy.action(for: SIGTERM) == .leave)
        #expect(policy.takeKept() == [SIGUSR1, SIGINT])
        #expect(policy.kept.isEmpty)
    }

    @Test("after the exit the signals that ask to end only end the copying")
    func exited() {
        var policy = SignalPolicy(isTerminal: false)
        policy.hasExited = true
        #expect(policy.action(for: SIGINT) == .finish)
        #expect(policy.action(for: SIGUSR1) == .ignore)
    }

    @Test("with a terminal signals are for the client")
    func terminal() {
        var policy = SignalPolicy(isTerminal: true)
        policy.isReachable = true
        #expect(policy.action(for: SIGWINCH) == .resize)
        #expect(policy.action(for: SIGTSTP) == .stop)
        #expect(policy.action(for: SIGCONT) == .resize)
        #expect(policy.action(for: SIGTERM) == .leave)
        #expect(policy.action(for: SIGPIPE) == .ignore)
    }

    @Test("who keeps signals for the client leaves by them, and nothing is sent")
    func own() {
        var policy = SignalPolicy(isTerminal: false, forwards: false)
        policy.isReachable = true
        for signal in [SIGTERM, SIGINT, SIGHUP] { #expect(policy.action(for: signal) == .leave) }
        #expect(policy.action(for: SIGTSTP) == .stop)
        #expect(policy.action(for: SIGCONT) == .ignore)
    }
}
