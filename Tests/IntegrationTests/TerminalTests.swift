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
    }
}
