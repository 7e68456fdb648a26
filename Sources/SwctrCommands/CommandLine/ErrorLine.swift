import SwctrCore

/// One line for one error: what was done to what, what is wrong, and in brackets what to do about it.
enum ErrorLine {
    /// - Parameter debug: adds a line for each cause.
    static func text(_ error: EngineError, during action: Action?, debug: Bool) -> String {
        var parts: [String] = []
        if let action, !action.verb.isEmpty {
            parts.append(action.subject.isEmpty ? action.verb : "\(action.verb) \(action.subject)")
        }
        let isKnown = action.map { !$0.subject.isEmpty && mentionsOnly(error.subject, $0.subject) } ?? false
        if !error.subject.isEmpty && !isKnown { parts.append(error.subject) }
        parts.append(message(of: error))
        var line = parts.joined(separator: ": ").split(separator: "\n").joined(separator: "; ")
        if !error.hint.isEmpty { line += " (\(error.hint))" }
        if debug {
            if !error.operation.isEmpty { line += "\n  while: \(error.operation)" }
            for cause in error.causes { line += "\n  cause: \(cause)" }
            line += "\n  class: \(error.code)"
        }
        return line
    }

    /// The message, with its class in containerd's words where scripts look for them.
    private static func message(of error: EngineError) -> String {
        let message = error.message.isEmpty ? error.code.description : error.message
        switch error.code {
        case .notFound, .alreadyExists:
            return message.contains(error.code.description) ? message : "\(message): \(error.code)"
        default: return message
        }
    }

    /// Whether `subject` says no more than the action's does: `web`, or `container "web"`. A `container id "web"` is
    /// about the name itself, and says so.
    private static func mentionsOnly(_ subject: String, _ known: String) -> Bool {
        if subject == known { return true }
        let kinds = ["container", "task", "image", "namespace"]
        return kinds.contains { subject == "\($0) \"\(known)\"" || subject == "\($0) \(known)" }
    }
}
