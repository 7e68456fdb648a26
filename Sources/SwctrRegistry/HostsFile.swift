import Glibc
import SwctrCore
import SwctrHTTP
import SwctrLinux
import TOMLKit

/// How one registry is reached, as containerd's `hosts.toml` says it (containerd: docs/hosts.md).
///
///     server = "https://registry.example"
///     [host."https://mirror.example"]
///       capabilities = ["pull", "resolve"]
///       ca = "mirror.crt"
struct HostsFile {
    struct Entry: Sendable {
        var url: HTTPURL
        var canPull = true
        var canResolve = true
        var canPush = true
        var verifies = true
        var authorities: [TLSSettings.PEM] = []
        var identity: TLSSettings.Identity?
        var headers = HTTPHeaders()
        /// The path of the URL is all there is before a repository's name: no `/v2` is put in.
        var overridesPath = false
        var connectTimeout: Duration?
    }

    /// Mirrors in the file's order.
    var mirrors: [Entry] = []
    /// The registry itself; nil where the file leaves it as it is.
    var server: Entry?

    /// Looks for the registry's folder below `root`; nil where there is none.
    ///
    /// - Throws: `.invalidArgument` that names the file and the key.
    static func find(_ domain: String, below root: String) throws(EngineError) -> HostsFile? {
        var names = [domain]
        if let colon = domain.lastIndex(of: ":"), !domain.hasSuffix("]") {
            // Without the colon, for file systems and tools that do not take one.
            names.append("\(domain[..<colon])_\(domain[domain.index(after: colon)...])_")
        }
        for name in names + ["_default"] {
            let folder = "\(root)/\(name)"
            if access(folder + "/hosts.toml", F_OK) == 0 { return try HostsFile(folder: folder) }
            // Docker's form: certificates alone.
            if name != "_default", access(folder, F_OK) == 0 { return try certificates(in: folder, domain) }
        }
        return nil
    }

    private init() {}

    init(folder: String) throws(EngineError) {
        let path = folder + "/hosts.toml"
        let text = try TextFile.read(path, limit: 1 << 20)
        let table: TOMLTable
        do { table = try TOMLTable(string: text) } catch {
            throw EngineError(.invalidArgument, subject: path, message: "is not valid TOML: \(error)")
        }
        let reader = Reader(path: path, folder: folder)
        if let server = table["server"]?.string {
            self.server = try reader.entry(table, url: try reader.url(server, "server"), prefix: "")
        } else if table.keys.contains(where: { $0 != "host" }) {
            throw EngineError(.invalidArgument, subject: path, message: "has keys of a server but does not name it")
        }
        guard let hosts = table["host"]?.table else { return }
        for name in Self.ordered(hosts.keys, in: text) {
            guard let host = hosts[name]?.table else { throw reader.wrong("host.\"\(name)\"", "must be a table") }
            mirrors.append(
                try reader.entry(host, url: try reader.url(name, "host.\"\(name)\""), prefix: "host.\"\(name)\"."))
        }
    }

    /// Mirrors are tried in the order in which the file names them, which a table's keys have lost.
    private static func ordered(_ names: [String], in text: String) -> [String] {
        names.sorted { first, second in
            let positions = [first, second].map { name in
                ["\"\(name)\"", "'\(name)'"].compactMap { text.firstRange(of: $0)?.lowerBound }.min() ?? text.endIndex
            }
            return positions[0] < positions[1]
        }
    }

    private static func certificates(in folder: String, _ domain: String) throws(EngineError) -> HostsFile {
        var entry = Entry(url: try HTTPURL("https://" + domain))
        for item in try OwnedFD.directory(folder).entries(subject: folder) {
            let name = item.text
            if name.hasSuffix(".crt") { entry.authorities.append(try Reader.pem(folder + "/" + name)) }
            if name.hasSuffix(".cert") {
                entry.identity = TLSSettings.Identity(
                    certificate: try Reader.pem(folder + "/" + name),
                    key: try Reader.pem(folder + "/" + name.dropLast(5) + ".key"))
            }
        }
        var file = HostsFile()
        file.server = entry
        return file
    }

    private struct Reader {
        let path: String
        let folder: String

        func wrong(_ key: String, _ why: String) -> EngineError {
            EngineError(.invalidArgument, subject: path, message: "\(key) \(why)")
        }

        func url(_ text: String, _ key: String) throws(EngineError) -> HTTPURL {
            do throws(EngineError) { return try HTTPURL(text.contains("://") ? text : "https://" + text) } catch {
                throw wrong(key, "is no URL: \(error.message)")
            }
        }

        func entry(_ table: TOMLTable, url: HTTPURL, prefix: String) throws(EngineError) -> Entry {
            var entry = Entry(url: url)
            for key in table.keys {
                let name = prefix + key
                switch key {
                case "server" where prefix.isEmpty, "host" where prefix.isEmpty: break
                case "capabilities":
                    let words = try strings(table, key, name)
                    for word in words where !["pull", "resolve", "push"].contains(word) {
                        throw wrong(name, "knows pull, resolve and push, not \"\(word)\"")
                    }
                    entry.canPull = words.contains("pull")
                    entry.canResolve = words.contains("resolve")
                    entry.canPush = words.contains("push")
                case "skip_verify":
                    guard let value = table[key]?.bool else { throw wrong(name, "must be true or false") }
                    entry.verifies = !value
                case "override_path":
                    guard let value = table[key]?.bool else { throw wrong(name, "must be true or false") }
                    entry.overridesPath = value
                case "ca":
                    for file in try strings(table, key, name) { entry.authorities.append(try Self.pem(absolute(file))) }
                case "client": entry.identity = try identity(table, name)
                case "header":
                    guard let fields = table[key]?.table else { throw wrong(name, "must be a table") }
                    for field in fields.keys {
                        for value in try strings(fields, field, "\(name).\(field)") { entry.headers.add(field, value) }
                    }
                case "dial_timeout":
                    guard let text = table[key]?.string, text.hasSuffix("s"), let seconds = Int64(text.dropLast()),
                        seconds > 0
                    else { throw wrong(name, "must be a number of seconds, such as \"10s\"") }
                    entry.connectTimeout = .seconds(seconds)
                default: throw wrong(name, "is not known")
                }
            }
            return entry
        }

        /// `client = "both.pem"`, or `client = [["cert.pem", "key.pem"]]`.
        private func identity(_ table: TOMLTable, _ name: String) throws(EngineError) -> TLSSettings.Identity {
            if let file = table["client"]?.string {
                let pem = try Self.pem(absolute(file))
                return TLSSettings.Identity(certificate: pem, key: pem)
            }
            guard let first = table["client"]?.array?.first else { throw wrong(name, "must be a file or a list") }
            let files = first.array.map { $0.compactMap { $0.string } } ?? [first.string].compactMap { $0 }
            guard let certificate = files.first else { throw wrong(name, "must be a file or a list of pairs of files") }
            return TLSSettings.Identity(
                certificate: try Self.pem(absolute(certificate)), key: try Self.pem(absolute(files[files.count - 1])))
        }

        private func strings(_ table: TOMLTable, _ key: String, _ name: String) throws(EngineError) -> [String] {
            if let one = table[key]?.string { return [one] }
            guard let list = table[key]?.array else { throw wrong(name, "must be a text or a list of texts") }
            let texts = list.compactMap { $0.string }
            if texts.count != list.count { throw wrong(name, "must hold texts only") }
            return texts
        }

        private func absolute(_ file: String) -> String { file.hasPrefix("/") ? file : "\(folder)/\(file)" }

        static func pem(_ path: String) throws(EngineError) -> TLSSettings.PEM {
            TLSSettings.PEM(text: Array(try TextFile.read(path, limit: 1 << 20).utf8), source: path)
        }
    }
}
