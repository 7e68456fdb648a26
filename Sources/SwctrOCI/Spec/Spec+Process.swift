import SwctrCore

// What runs, where, and as whom.
extension Spec {
    mutating func setRoot(_ request: SpecRequest) {
        if let directory = request.rootDirectory { root.path = directory }
        if request.readOnly { root.readonly = true }
        if let propagation = request.rootfsPropagation { linux.rootfsPropagation = propagation.rawValue }
    }

    /// The user's words replace the image's entrypoint and command, both.
    mutating func setCommand(_ request: SpecRequest, _ image: SpecRequest.ImageDefaults?) throws(EngineError) {
        process.args = request.args.isEmpty ? (image.map { $0.entrypoint + $0.command } ?? []) : request.args
        if process.args.isEmpty {
            throw EngineError(
                .invalidArgument, subject: "container \"\(request.id)\"",
                message: "no command: neither the image nor the command line names one",
                hint: "put the command after the container's id")
        }
    }

    mutating func setEnvironment(_ request: SpecRequest, _ image: SpecRequest.ImageDefaults?) {
        if let image, !image.env.isEmpty { process.env = image.env }
        if request.terminal {
            process.terminal = true
            process.env = Environment.merging(["TERM=xterm"], into: process.env)
        }
        process.env = Environment.merging(request.env, into: process.env)
    }

    mutating func setDirectory(_ request: SpecRequest, _ image: SpecRequest.ImageDefaults?) throws(EngineError) {
        let cwd = request.cwd.isEmpty ? (image?.workingDirectory ?? "") : request.cwd
        if !cwd.isEmpty { process.cwd = cwd }
        if !process.cwd.hasPrefix("/") {
            throw EngineError(
                .invalidArgument, subject: "working directory \"\(process.cwd)\"", message: "must be absolute")
        }
    }

    /// Replaces a limit of the same kind.
    mutating func setLimit(_ limit: Process.ResourceLimit) throws(EngineError) {
        if limit.soft > limit.hard {
            throw EngineError(
                .invalidArgument, subject: "limit \(limit.type)",
                message: "the soft limit \(limit.soft) is above the hard limit \(limit.hard)")
        }
        process.rlimits = (process.rlimits ?? []).filter { $0.type != limit.type } + [limit]
    }

    /// Labels are annotations too, as in ctr; what was given as an annotation stands above them.
    mutating func annotate(_ request: SpecRequest) {
        let all = request.labels.merging(request.annotations) { $1 }
        if !all.isEmpty { annotations = (annotations ?? [:]).merging(all) { $1 } }
    }
}
