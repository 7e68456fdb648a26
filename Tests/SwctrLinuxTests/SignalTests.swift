import Glibc
import SwctrLinux
import Testing

@Suite("Signals")
struct SignalTests {
    @Test(
        "names and numbers are read in every usual spelling",
        arguments: [
            ("SIGTERM", 15), ("TERM", 15), ("term", 15), ("15", 15), ("KILL", 9), ("RTMIN", 34), ("SIGRTMIN+1", 35),
        ])
    func parse(text: String, number: Int32) { #expect(Signal.parse(text) == number) }

    @Test("what is no signal is none", arguments: ["SIGFROB", "", "0", "65", "-1", "RTMIN+99", "SIG"])
    func refused(text: String) { #expect(Signal.parse(text) == nil) }

    @Test("a client passes on what users send, and nothing that is its own affair")
    func forwarded() {
        let all = Signal.forwarded
        for signal in [SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1, 34, 64] { #expect(all.contains(signal)) }
        for signal in [SIGKILL, SIGSTOP, SIGCHLD, SIGURG, SIGWINCH, SIGTTIN, SIGTTOU, SIGSEGV] {
            #expect(!all.contains(signal))
        }
    }

    @Test("a signal that is watched comes out of the descriptor, with its sender")
    func descriptor() throws {
        let signals = try SignalFD([SIGUSR2])
        #expect(try signals.take() == nil)
        raise(SIGUSR2)
        #expect(try signals.take() == SignalFD.Arrival(number: SIGUSR2, sender: getpid()))
        #expect(try signals.take() == nil)
        signals.unblock()
    }
}
