import SwctrArguments
import Glibc
import Logging
import SwctrCore
import SwctrService

struct Swctrd: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Manage containers for swctr clients, in the foreground",
        discussion: """
            Flags override the configuration file. SIGTERM ends the manager and leaves its containers running; \
            the next one finds them again.
            """,
        version: "swctrd \(Version.current)")

    @Option("--root", valueName: "folder", help: "Folder for what survives a reboot")
    var root: String?

    @Option("--state", valueName: "folder", help: "Folder for what does not")
    var state: String?

    @Option(
        "-a", "--address", valueName: "path",
        help: "Socket that clients connect to (default: swctrd.sock in the state folder)")
    var address: String?

    @Option(
        "--config", valueName: "file",
        help: "Configuration file (default: \(Configuration.defaultFile), if it is there)")
    var config: String?

    @Option("--log-level", valueName: "level", help: "One of \(Configuration.logLevels)")
    var logLevel: String?

    func run() -> Int32 {
        do throws(EngineError) {
            DaemonProcess.run(try settings())
        } catch {
            DaemonProcess.report(error)
            return 1
        }
    }

    private func settings() throws(EngineError) -> Configuration {
        var settings = Configuration()
        if let config {
            try settings.load(file: config)
        } else if access(Configuration.defaultFile, F_OK) == 0 {
            try settings.load(file: Configuration.defaultFile)
        }
        if let root { settings.root = absolute(root) }
        if let state { settings.state = absolute(state) }
        if let address { settings.address = absolute(address) }
        if let logLevel {
            guard let level = Logger.Level(rawValue: logLevel) else {
                throw EngineError(
                    .invalidArgument, subject: "--log-level \(logLevel)",
                    message: "is not one of \(Configuration.logLevels)")
            }
            settings.logLevel = level
        }
        return settings
    }

    private func absolute(_ path: String) -> String {
        if path.hasPrefix("/") { return path }
        guard let folder = getcwd(nil, 0) else { return path }
        defer { free(folder) }
        return String(cString: folder) + "/" + path
    }
}

do throws(Refusal) {
    switch try Program("swctrd", Swctrd.self).request(Array(CommandLine.arguments.dropFirst())) {
    case .command(let command): exit(command.run())
    case .text(let text): print(text)
    case .completions(let names, let files):
        print(names)
        exit(files ? 1 : 0)
    }
} catch {
    DaemonProcess.report(EngineError(.invalidArgument, message: error.message, hint: error.hint))
    exit(2)
}
