/// The shim's command line, in the grammar of Go's `flag` package: one or two dashes, `-flag value` or `-flag=value`,
/// flags first, then the action.
struct Arguments: Equatable {
    enum Action: Equatable {
        case start, delete, serve, version, info
    }

    var action: Action = .serve
    var namespace: Text = ""
    var id: Text = ""
    var address: Text = ""
    var publishBinary: Text = ""
    var bundle: Text = ""
    /// Listen here instead of taking the listener from descriptor 3.
    var socket: Text = ""
    /// Tell whoever connects there what the shim holds.
    var debugSocket: Text = ""
    var isDebug = false

    /// Parses everything after the program's name; the error is one line for stderr.
    static func parse(_ words: [Text]) -> Result<Arguments, Failure> {
        var result = Arguments()
        var index = 0
        flags: while index < words.count {
            let word = words[index]
            guard word.hasPrefix("-"), word.count > 1 else { break }
            index += 1
            if word == "--" { break flags }
            let body = word.dropFirst(word.hasPrefix("--") ? 2 : 1)
            let equals = body.bytes.firstIndex(of: 0x3d)
            let name = equals.map { body.prefix($0) } ?? body
            var value = equals.map { body.dropFirst($0 + 1) }
            if let isOn = switchValue(value) {
                if name == "debug" {
                    result.isDebug = isOn
                    continue
                }
                if name == "v" || name == "version" {
                    if isOn { result.action = .version }
                    continue
                }
                if name == "info" {
                    if isOn { result.action = .info }
                    continue
                }
            }
            if value == nil {
                guard index < words.count else { return .failure(Failure("flag needs an argument: -\(name)")) }
                value = words[index]
                index += 1
            }
            guard let value, result.set(name, to: value) else {
                return .failure(Failure("flag provided but not defined: -\(name)"))
            }
        }
        if result.action == .version || result.action == .info { return .success(result) }
        if index < words.count {
            if words[index] == "start" {
                result.action = .start
            } else if words[index] == "delete" {
                result.action = .delete
            } else {
                return .failure(Failure("unknown action \"\(words[index])\", want start or delete"))
            }
        }
        if result.namespace.isEmpty { return .failure(Failure("shim namespace cannot be empty")) }
        if !Identifier.isValid(result.namespace) {
            return .failure(Failure("shim namespace \"\(result.namespace)\" is not valid"))
        }
        if result.action != .serve, !result.socket.isEmpty {
            return .failure(Failure("-socket is for a shim that serves, start and delete find their own"))
        }
        if !result.id.isEmpty || result.action != .serve, !Identifier.isValid(result.id) {
            return .failure(Failure("shim id \"\(result.id)\" is not valid"))
        }
        return .success(result)
    }

    /// Why a command line was refused.
    struct Failure: Error, Equatable {
        var message: Text

        init(_ message: Text) {
            self.message = message
        }
    }

    private static func switchValue(_ value: Text?) -> Bool? {
        guard let value else { return true }
        if value == "true" || value == "1" { return true }
        if value == "false" || value == "0" { return false }
        return nil
    }

    private mutating func set(_ name: Text, to value: Text) -> Bool {
        if name == "namespace" {
            namespace = value
        } else if name == "id" {
            id = value
        } else if name == "address" {
            address = value
        } else if name == "publish-binary" {
            publishBinary = value
        } else if name == "bundle" {
            bundle = value
        } else if name == "socket" {
            socket = value
        } else if name == "debug-socket" {
            debugSocket = value
        } else {
            return false
        }
        return true
    }
}
