import ArgumentParser
import Glibc
import Logging
import SwctrCore
import SwctrService

struct Swctrd: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "swctrd",
        abstract: "Manage containers for swctr clients, in the foreground",
        discussion: """
            Flags override the configuration file. SIGTERM ends the manager and leaves its containers running; \
            the next one finds them again.
            """,
        version: "swctrd \(Version.current)")

    @Option(help: ArgumentHelp("Folder for what survives a reboot", valueName: "folder"))
    var root: String?

    @Option(help: ArgumentHelp("Folder for what does not", valueName: "folder"))
    var state: String?

    @Option(
        name: [.customShort("a"), .long],
        help: ArgumentHelp(
            "Socket that clients connect to (default: swctrd.sock in the state folder)", valueName: "path"))
    var address: String?

    @Option(
        help: ArgumentHelp(
            "Configuration file (default: \(Configuration.defaultFile), if it is there)", valueName: "file"))
    var config: String?

    @Option(help: ArgumentHelp("One of \(Configuration.logLevels)", valueName: "level"))
    var logLevel: String?

    func run() throws {
        do throws(EngineError) {
            DaemonProcess.run(try settings())
        } catch {
            DaemonProcess.report(error)
            throw ExitCode.failure
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

Swctrd.main()
