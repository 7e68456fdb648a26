import Foundation
import SwctrTestSupport
import Testing

extension Integration {
    @Suite("Terminals")
    struct TerminalTests {
        /// Says its size whenever that has changed, answers a line, and ends with 5 at the line `end`.
        static let program = """
            tty >/dev/null && echo a terminal
            while :; do
                size=$(stty size)
                [ "$size" = "$last" ] || echo "size $size"
                last=$size
                if read -t 1 line; then
                    [ "$line" != end ] || exit 5
                    echo "got $line"
                fi
            done
            """

        @Test("-t gives the process a terminal of the client's size, which follows", arguments: Setting.withTerminals)
        func terminal(_ setting: Setting) throws {
            try setting.with { site in
                let child = try site.start(
                    "a", flags: ["-t"], "sh", "-c", Self.program, input: .terminal(rows: 33, columns: 101))
                try child.expect("a terminal")
                // ctr sets the size only after the process has begun: what counts is that it comes.
                try child.expect("size 33 101")
                child.send("hello\r")
                try child.expect("got hello")
                try child.resize(rows: 44, columns: 132)
                try child.expect("size 44 132")
                child.send("end\r")
                #expect(try child.wait().status == 5)
            }
        }

        @Test("the client's terminal is as it was when the container has ended", arguments: Setting.withTerminals)
        func restored(_ setting: Setting) throws {
            try setting.with { site in
                let run = site.client.command(
                    site.runArguments(["--rm", "-t"], "a", ["sh", "-c", "kill -9 $$; exit 4"]))
                let child = try Child(
                    [
                        "sh", "-c",
                        #"before=$(stty -g); "$@"; echo "status $?"; [ "$before" = "$(stty -g)" ] && echo same"#, "sh",
                    ] + run,
                    environment: site.client.environment, input: .terminal(rows: 24, columns: 80))
                try child.expect("status 4")
                try child.expect("same")
                #expect(try child.wait().status == 0)
            }
        }

        @Test("exec -t gives a terminal too", arguments: Setting.withTerminals)
        func exec(_ setting: Setting) throws {
            try setting.with { site in
                try site.detach("a", "sleep", "1000")
                let child = try site.client.start(
                    ["tasks", "exec", "--exec-id", "e", "--tty", "a", "sh", "-c", Self.program],
                    input: .terminal(rows: 20, columns: 70))
                try child.expect("size 20 70")
                try child.resize(rows: 21, columns: 71)
                try child.expect("size 21 71")
                child.send("end\r")
                #expect(try child.wait().status == 5)
            }
        }

        @Test(
            "the detach keys leave the process, the terminal is given back, and attach meets it again",
            .enabled(if: Setting.one.daemon == .swctrd, "ctr has no such keys"))
        func detach() throws {
            try Setting.runc.with { site in
                site.workspace.atEnd {
                    _ = try site.client.run("tasks", "delete", "--force", "a")
                    _ = try site.client.run("containers", "delete", "a")
                }
                let run = site.client.command(site.runArguments(["-t"], "a", ["sh", "-c", Self.program]))
                let first = try Child(
                    [
                        "sh", "-c",
                        #"before=$(stty -g); "$@"; echo "status $?"; [ "$before" = "$(stty -g)" ] && echo same"#, "sh",
                    ] + run, environment: site.client.environment, input: .terminal(rows: 24, columns: 80))
                try first.expect("a terminal")
                first.send("one\r")
                try first.expect("got one")
                first.send("\u{10}\u{11}")
                try first.expect("status 0")
                try first.expect("same")
                _ = try first.wait()
                #expect(try site.client.task("a").status == "RUNNING")
                let second = try site.client.start(
                    ["tasks", "attach", "--detach-keys", "ctrl-x", "a"], input: .terminal(rows: 30, columns: 90))
                try second.expect("size 30 90")
                // The standard keys are the process's own now.
                second.send("\u{10}two\r")
                try second.expect("two")
                second.send("\u{18}")
                #expect(try second.wait().status == 0)
                let third = try site.client.start(["tasks", "attach", "a"], input: .terminal(rows: 24, columns: 80))
                try third.expect("size 24 80")
                third.send("end\r")
                #expect(try third.wait().status == 5)
            }
        }

        @Test(
            "without --sig-proxy a signal ends the client alone",
            .enabled(if: Setting.one.daemon == .swctrd, "ctr always passes signals on"))
        func ownSignals() throws {
            try Setting.runc.with { site in
                site.workspace.atEnd {
                    _ = try site.client.run("tasks", "delete", "--force", "a")
                    _ = try site.client.run("containers", "delete", "a")
                }
                let child = try site.client.start(
                    site.runArguments(["--sig-proxy=false"], "a", ["sh", "-c", "echo up; sleep 100"]), input: .null)
                try child.expect("up")
                child.signal(SIGTERM)
                #expect(try child.wait().status == 128 + SIGTERM)
                #expect(try site.client.task("a").status == "RUNNING")
            }
        }
    }
}
