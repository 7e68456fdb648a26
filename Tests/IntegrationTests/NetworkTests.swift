import Foundation
import SwctrTestSupport
import Testing

extension Integration {
    @Suite("Networks of run --cni", .enabled(if: Setting.one.daemon == .swctrd, "tests swctr's own networks"))
    struct NetworkTests {
        /// A manager whose default network is a plug-in of the test's own, which writes down what it is asked.
        private func withNetwork(
            _ script: String, _ body: (Client, Manager, _ log: String) throws -> Void
        ) throws {
            try Workspace.with { workspace in
                let folder = workspace.file("net.d")
                let plugins = workspace.file("plugins")
                for path in [folder, plugins] { try Host.makeFolder(path) }
                let log = workspace.file("calls")
                try Host.write("", to: log)
                try Host.write(
                    #"{"cniVersion":"0.4.0","name":"test-net","plugins":[{"type":"first","own":1},{"type":"second"}]}"#,
                    to: "\(folder)/10-test.conflist")
                for name in ["first", "second"] {
                    try Host.write(
                        """
                        #!/bin/sh
                        echo "\(name) $CNI_COMMAND $CNI_CONTAINERID $CNI_IFNAME ns=$CNI_NETNS $(cat)" >>\(log)
                        \(script)
                        """, to: "\(plugins)/\(name)", mode: 0o755)
                }
                let file = workspace.file("config.toml")
                try Host.write("[cni]\nconf_dir = \"\(folder)\"\nbin_dirs = [\"\(plugins)\"]\n", to: file)
                let manager = try Manager(in: workspace, arguments: ["--config", file])
                try manager.client.must("images", "import", try TestImage.archive())
                try body(manager.client, manager, log)
            }
        }

        private static let works = #"[ "$CNI_COMMAND" = DEL ] || echo '{"cniVersion":"0.4.0","ips":[]}'"#

        private func calls(_ log: String) throws -> [[String]] {
            try Host.read(log).split(separator: "\n").map { $0.split(separator: " ", maxSplits: 5).map(String.init) }
        }

        @Test("plug-ins are run in order before the process starts, with each other's answers, and undone in reverse")
        func life() throws {
            try withNetwork(Self.works) { client, _, log in
                let outcome = try client.run("run", "--rm", "--cni", TestImage.name, "net", "sh", "-c", "exit 3")
                #expect(outcome.status == 3, "\(outcome.errorText)")
                let calls = try calls(log)
                #expect(
                    calls.map { Array($0[0...1]) } == [
                        ["first", "ADD"], ["second", "ADD"], ["second", "DEL"], ["first", "DEL"],
                    ])
                #expect(calls.allSatisfy { $0[2] == "\(client.namespace)-net" && $0[3] == "eth0" })
                #expect(calls[0][5].contains("\"own\":1") && !calls[0][5].contains("prevResult"))
                #expect(calls[1][5].contains("prevResult") && calls[1][5].contains("\"name\":\"test-net\""))
                #expect(calls[2][5].contains("prevResult"))
            }
        }

        @Test("a plug-in that fails is quoted, and nothing is left")
        func failure() throws {
            let script = #"[ "$CNI_COMMAND" = DEL ] || { echo '{"code":7,"msg":"no addresses left"}'; exit 1; }"#
            try withNetwork(script) { client, _, log in
                let outcome = try client.run("run", "--rm", "--cni", TestImage.name, "net", "true")
                #expect(outcome.status == 1)
                #expect(outcome.errorText.contains("no addresses left"))
                #expect(outcome.errorText.split(separator: "\n").count == 1)
                #expect(try client.must("containers", "ls", "-q").output == [])
                #expect(try client.must("tasks", "ls", "-q").output == [])
                #expect(try calls(log).contains { $0[1] == "DEL" })
            }
        }

        @Test("what a killed manager could not undo the next one does")
        func managerDeath() throws {
            try withNetwork(Self.works) { client, manager, log in
                try client.must("run", "-d", "--cni", TestImage.name, "net", "sleep", "100")
                let process = try client.task("net").processID
                try manager.daemon.kill()
                kill(process, SIGKILL)
                try Host.awaitEnd(of: process)
                #expect(try calls(log).allSatisfy { $0[1] == "ADD" })
                try manager.daemon.start()
                _ = try client.run("tasks", "delete", "--force", "net")
                #expect(try calls(log).filter { $0[1] == "DEL" }.map { $0[0] } == ["second", "first"])
                try client.must("containers", "delete", "net")
            }
        }

        @Test("without a network that is configured, or without a namespace of its own, nothing is created")
        func refused() throws {
            try withNetwork(Self.works) { client, _, log in
                for flags in [["--net-host"], ["--with-ns", "network:/proc/self/ns/net"]] {
                    let outcome = try client.run(["run", "--cni"] + flags + [TestImage.name, "net", "true"])
                    #expect(outcome.status == 2)
                }
                #expect(try calls(log) == [])
                #expect(try client.must("containers", "ls", "-q").output == [])
            }
        }

        @Test(
            "the usual bridge gives an address that is gone afterwards",
            .enabled(if: Host.exists("/usr/lib/cni/bridge")))
        func bridge() throws {
            try Workspace.with { workspace in
                let folder = workspace.file("net.d")
                try Host.makeFolder(folder)
                let name = "swt\(UInt16.random(in: 0...9999))"
                try Host.write(
                    """
                    {"cniVersion":"0.4.0","name":"\(name)","plugins":[{"type":"bridge","bridge":"\(name)","isGateway":true,
                     "ipam":{"type":"host-local","dataDir":"\(workspace.file("ipam"))","subnet":"10.197.55.0/24"}}]}
                    """, to: "\(folder)/10-test.conflist")
                workspace.atEnd {
                    _ = try Child(["ip", "link", "delete", name], environment: Child.environment, input: .null).wait()
                }
                let file = workspace.file("config.toml")
                try Host.write("[cni]\nconf_dir = \"\(folder)\"\n", to: file)
                let manager = try Manager(in: workspace, arguments: ["--config", file])
                try manager.client.must("images", "import", try TestImage.archive())
                let outcome = try manager.client.must(
                    "run", "--rm", "--cni", TestImage.name, "net", "sh", "-c",
                    "ip -4 addr show eth0; ping -c 1 -w 5 10.197.55.1 >/dev/null && echo reached")
                #expect(outcome.text.contains("10.197.55.") && outcome.text.contains("reached"), "\(outcome.text)")
                let leases = Host.names(in: "\(workspace.file("ipam"))/\(name)").filter { $0.hasPrefix("10.") }
                #expect(leases == [])
            }
        }
    }
}
