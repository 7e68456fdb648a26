import SwctrArguments
import Glibc
import SwctrClient
import SwctrCore

/// Options of every command. They may also stand before the command's words, where `-a` and `-n` are short for two.
struct GlobalOptions: ParsableArguments {
    @Option(
        "--address", valueName: "path",
        help: "Socket of the manager (default: $SWCTR_ADDRESS, else \(Client.Options.defaultAddress)).")
    var address: String?

    @Option(
        "--namespace", valueName: "name",
        help: "Namespace of containers and images (default: $SWCTR_NAMESPACE, else default).", completion: .namespaces)
    var namespace: String?

    @Option("--timeout", valueName: "time", help: "Give up after this time, such as 30s or 2m; 0 never does.")
    var timeout: TimeArgument?

    @Option("--connect-timeout", valueName: "time", help: "Wait so long for the manager to take the connection.")
    var connectTimeout = TimeArgument(duration: .seconds(10))

    @Flag("--debug", help: "Show the chain of causes of an error.")
    var debug = false

    /// A connection.
    func connect() throws(EngineError) -> Client { try Client(try options()) }

    func options() throws(EngineError) -> Client.Options {
        Client.Options(
            address: address ?? environment("SWCTR_ADDRESS") ?? Client.Options.defaultAddress,
            namespace: try Namespace(namespace ?? environment("SWCTR_NAMESPACE") ?? Namespace.default.rawValue),
            timeout: timeout?.duration,
            connectTimeout: connectTimeout.duration > .zero ? connectTimeout.duration : .seconds(10))
    }
}

/// A variable that is set and not empty.
func environment(_ name: String) -> String? {
    guard let value = getenv(name), value.pointee != 0 else { return nil }
    return String(cString: value)
}

/// A span of time as Go writes it: `1m30s`, `500ms`; a bare number counts seconds.
struct TimeArgument: ExpressibleByArgument, Equatable {
    var duration: Duration

    init(duration: Duration) { self.duration = duration }

    init?(argument: String) {
        if let seconds = Double(argument) {
            guard seconds.isFinite, seconds >= 0, seconds < 1e12 else { return nil }
            duration = .milliseconds(Int64(seconds * 1000))
            return
        }
        var rest = Substring(argument)
        var total = 0.0
        guard !rest.isEmpty else { return nil }
        while !rest.isEmpty {
            let digits = rest.prefix { $0.isNumber || $0 == "." }
            rest = rest.dropFirst(digits.count)
            let unit = rest.prefix { !$0.isNumber && $0 != "." }
            rest = rest.dropFirst(unit.count)
            guard let amount = Double(digits), let scale = Self.units[String(unit)] else { return nil }
            total += amount * scale
        }
        guard total < 1e15 else { return nil }
        duration = .microseconds(Int64(total))
    }

    private static let units = ["us": 1.0, "µs": 1.0, "ms": 1e3, "s": 1e6, "m": 60e6, "h": 3600e6]

    var defaultValueDescription: String {
        duration.components.attoseconds == 0 ? "\(duration.components.seconds)s" : "\(duration)"
    }
}
