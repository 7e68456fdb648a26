import Foundation
import SwctrTestSupport
import Testing

extension Integration {
    /// What README promises of `make run`, but for the building.
    @Suite("The first container", .enabled(if: Setting.one.daemon == .swctrd, "tests swctr's own script"))
    struct FirstContainerTests {
        @Test("the script starts a manager, runs a container that shows what it is, and can be run again")
        func script() throws {
            try Workspace.with { workspace in
                var environment = Child.environment
                let demo = workspace.file("demo")
                environment["SWCTR_DEMO"] = demo
                if let given = getenv("SWCTR_BIN") { environment["SWCTR_BIN"] = String(cString: given) }
                workspace.atEnd {
                    guard let process = pid_t(try Host.read("\(demo)/swctrd.pid").split(separator: "\n")[0]) else {
                        return
                    }
                    kill(process, SIGTERM)
                    try Host.awaitEnd(of: process)
                }
                for round in 1...2 {
                    let outcome = try must(
                        ["\(Build.repository)/examples/first-container.sh"], environment: environment)
                    let shown = outcome.text.split(separator: "\n").map { $0.split(separator: " ") }
                    func value(_ name: String) -> String {
                        let words = name.split(separator: " ")
                        let line = shown.first { $0.starts(with: words) } ?? []
                        return line.dropFirst(words.count).joined(separator: " ")
                    }
                    #expect(value("hostname").hasPrefix("first-"), "\(outcome.text)")
                    #expect(value("pid") == "1 (sh)")
                    #expect(value("kernel").hasPrefix("Linux "))
                    #expect(value("memory limit") == "64 MiB")
                    let said = outcome.text.split(separator: "\n").suffix(3)
                    #expect(said.first?.hasPrefix("That was a container") == true)
                    #expect(said.dropFirst().first?.hasPrefix("Next: ") == true)
                    #expect(said.last?.contains("stop it with: kill ") == true)
                    #expect(outcome.errors == [], "round \(round): \(outcome.errorText)")
                }
            }
        }

        @Test("the image it makes is one that other tools accept")
        func image() throws {
            let outcome = try must(["skopeo", "inspect", "oci-archive:" + TestImage.archive()])
            #expect(outcome.text.contains("\"Os\": \"linux\""))
        }

        @Test("deps says nothing where everything is there")
        func deps() throws {
            let outcome = try must(["\(Build.repository)/packaging/deps.sh"])
            #expect(outcome.output == [] && outcome.errors == [])
        }
    }
}
