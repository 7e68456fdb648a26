import Logging
public import SwctrCore
import SwctrLinux
import TOMLKit

extension Configuration {
    /// Reads a file over what is built in.
    ///
    /// - Throws: `.notFound`, or `.invalidArgument` with every unknown key and wrong value, naming the file.
    public mutating func load(file path: String) throws(EngineError) {
        let text = try TextFile.read(path, limit: 1 << 20)
        let table: TOMLTable
        do {
            table = try TOMLTable(string: text)
        } catch {
            throw EngineError(
                .invalidArgument, subject: "configuration \(path)", message: "is not valid TOML: \(error)")
        }
        var reader = Reader(file: path)
        reader.read(table, into: &self)
        if reader.problems.isEmpty { return }
        throw EngineError(
            .invalidArgument, subject: "configuration \(path)", message: reader.problems.joined(separator: "; "))
    }

    /// Collects what is wrong while it goes.
    private struct Reader {
        let file: String
        var problems: [String] = []

        mutating func read(_ table: TOMLTable, into configuration: inout Configuration) {
            for key in table.keys {
                switch key {
                case "root": set(&configuration.root, table, key)
                case "state": set(&configuration.state, table, key)
                case "address": configuration.address = string(table, key) ?? configuration.address
                case "group": configuration.group = string(table, key) ?? configuration.group
                case "default_runtime": set(&configuration.defaultRuntime, table, key)
                case "default_snapshotter": set(&configuration.defaultSnapshotter, table, key)
                case "log": readLog(table, into: &configuration)
                case "cni": readCNI(table, into: &configuration)
                case "registry": readRegistry(table, into: &configuration)
                case "runtimes": readRuntimes(table, into: &configuration)
                default: problems.append("unknown key \(key)")
                }
            }
        }

        private mutating func readLog(_ table: TOMLTable, into configuration: inout Configuration) {
            guard let log = table["log"]?.table else { return problems.append("log must be a table") }
            for key in log.keys {
                guard key == "level" else {
                    problems.append("unknown key log.\(key)")
                    continue
                }
                guard let text = log[key]?.string, let level = Logger.Level(rawValue: text) else {
                    problems.append("log.level must be one of \(Configuration.logLevels)")
                    continue
                }
                configuration.logLevel = level
            }
        }

        private mutating func readCNI(_ table: TOMLTable, into configuration: inout Configuration) {
            guard let cni = table["cni"]?.table else { return problems.append("cni must be a table") }
            for key in cni.keys {
                switch key {
                case "conf_dir": set(&configuration.cniConfigurationFolder, cni, key)
                case "bin_dirs":
                    let folders = cni[key]?.array?.compactMap { $0.string }.filter { $0.hasPrefix("/") } ?? []
                    guard !folders.isEmpty, folders.count == cni[key]?.array?.count else {
                        problems.append("cni.bin_dirs must be a list of absolute paths")
                        continue
                    }
                    configuration.cniPluginFolders = folders
                default: problems.append("unknown key cni.\(key)")
                }
            }
        }

        private mutating func readRegistry(_ table: TOMLTable, into configuration: inout Configuration) {
            guard let registry = table["registry"]?.table else { return problems.append("registry must be a table") }
            for key in registry.keys {
                switch key {
                case "hosts_dirs":
                    let folders = registry[key]?.array?.map { $0.string ?? "" } ?? [""]
                    if folders.allSatisfy({ $0.hasPrefix("/") }) {
                        configuration.registryHosts = folders
                    } else {
                        problems.append("registry.hosts_dirs must be a list of absolute paths")
                    }
                case "stall_timeout":
                    if let seconds = registry[key]?.int, (1...3600).contains(seconds) {
                        configuration.registryStall = .seconds(seconds)
                    } else {
                        problems.append("registry.stall_timeout must be a number of seconds from 1 to 3600")
                    }
                default: problems.append("unknown key registry.\(key)")
                }
            }
        }

        private mutating func readRuntimes(_ table: TOMLTable, into configuration: inout Configuration) {
            guard let runtimes = table["runtimes"]?.table else { return problems.append("runtimes must be a table") }
            for name in runtimes.keys {
                let path = "runtimes.\"\(name)\""
                guard let runtime = runtimes[name]?.table else {
                    problems.append("\(path) must be a table")
                    continue
                }
                problems += runtime.keys.filter { $0 != "shim" }.map { "unknown key \(path).\($0)" }
                guard let shim = runtime["shim"]?.string, !shim.isEmpty else {
                    problems.append("\(path).shim must name a shim")
                    continue
                }
                configuration.runtimes[name] = shim
            }
        }

        private mutating func set(_ value: inout String, _ table: TOMLTable, _ key: String) {
            if let text = string(table, key) { value = text }
        }

        private mutating func string(_ table: TOMLTable, _ key: String) -> String? {
            if let text = table[key]?.string, !text.isEmpty { return text }
            problems.append("\(key) must be a text that is not empty")
            return nil
        }
    }

    /// As they are written in files and flags.
    public static let logLevels = Logger.Level.allCases.map(\.rawValue).joined(separator: ", ")
}
