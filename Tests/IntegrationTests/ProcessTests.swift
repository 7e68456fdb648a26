import SwctrTestSupport
import Testing

extension Integration {
    /// What a foreground container gives back, wherever it runs.
    @Suite("Streams, signals and exit status")
    struct ProcessTests {
        @Test("stdout and stderr arrive apart, and the status is the process's own", arguments: Setting.all)
        func streamsApart(_ setting: Setting) throws {
            try setting.with { site in
                let outcome = try site.run("a", "sh", "-c", "echo out; echo err >&2; exit 42")
                #expect(outcome.text == "out\n")
                #expect(outcome.errorText == "err\n")
                #expect(outcome.status == 42)
                #expect(try site.run("a", "true").status == 0, "the id is free again")
            }
        }

        @Test("what is piped in reaches the process, and its end too", arguments: Setting.all)
        func standardInput(_ setting: Setting) throws {
            try setting.with { site in
                let child = try site.start(
                    "a", "sh", "-c", "while read line; do echo got $line; done; echo end; exit 3")
                child.send("one\n")
                try child.expect("got one\n")
                child.send("two\n")
                try child.expect("got two\n")
                child.closeInput()
                let outcome = try child.wait()
                #expect(outcome.text.hasSuffix("end\n"))
                #expect(outcome.status == 3)
            }
        }

        @Test("death by signal n gives 128+n", arguments: Setting.all)
        func deathBySignal(_ setting: Setting) throws {
            try setting.with { site in
                let child = try site.start("a", "sh", "-c", "echo up; exec sleep 1000")
                try child.expect("up\n")
                // The first process of a pid namespace is safe from its own signals, another one is not.
                #expect(try site.exec("a", "sh", "-c", "kill -TERM $$").status == 143)
                #expect(try site.exec("a", "sh", "-c", "kill -SEGV $$").status == 139)
                try site.client.must("tasks", "kill", "--signal", "SIGKILL", "a")
                #expect(try child.wait().status == 137)
            }
        }

        // Not with ctr: it begins to forward only after the process has started, and a signal before that ends it.
        @Test("a signal to the client reaches the process", arguments: Setting.all.filter { $0.daemon == .swctrd })
        func forwardedSignal(_ setting: Setting) throws {
            try setting.with { site in
                let child = try site.start(
                    "a", "sh", "-c", "trap 'echo bye; exit 7' TERM; echo up; while :; do sleep 0.05; done")
                try child.expect("up\n")
                child.signal(15)
                let outcome = try child.wait()
                #expect(outcome.text == "up\nbye\n")
                #expect(outcome.status == 7)
            }
        }
    }
}
