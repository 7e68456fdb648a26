import SwctrArguments
import Glibc
import SwctrClient
import SwctrCore
import SwctrLinux
import SwctrProto

/// How the progress of a transfer is shown.
enum ProgressStyle: String, ExpressibleByArgument, CaseIterable {
    /// A tree on a terminal, lines otherwise.
    case auto
    case tree, plain, json, none
}

/// Shows a pull or push as it goes on, on standard error; as JSON on standard output, where machines read.
final class TransferView {
    private let title: String
    private let style: ProgressStyle
    private var order: [String] = []
    private var entries: [String: Swctr_V1_Transfer] = [:]
    private var drawn = 0
    private let began = ContinuousClock.now
    /// Bytes that were there when an entry was first seen downloading: they say nothing about the rate.
    private var first: [String: Int64] = [:]

    init(title: String, style: ProgressStyle) {
        self.title = title
        self.style = style == .auto ? (Terminal.isTerminal(STDERR_FILENO) ? .tree : .plain) : style
    }

    func show(_ transfer: Swctr_V1_Transfer) {
        let before = entries.updateValue(transfer, forKey: transfer.digest)
        if before == nil { order.append(transfer.digest) }
        if transfer.phase == "downloading" || transfer.phase == "uploading", first[transfer.digest] == nil {
            first[transfer.digest] = transfer.offset
        }
        switch style {
        case .tree: redraw()
        case .plain:
            if before?.phase != transfer.phase, transfer.phase != "waiting" { say(Self.line(transfer)) }
        case .json: emit(Self.json(transfer).compact)
        case .auto, .none: break
        }
    }

    /// A line that is to be seen as it is.
    func trace(_ line: String) {
        erase()
        say(line)
        if style == .tree { redraw() }
    }

    /// The transfer is over; what stands on the terminal stays.
    func finish() {
        if style == .tree, drawn > 0 { redraw() }
        drawn = 0
    }

    private func say(_ line: String) { _ = writeText(line + "\n") }

    private func writeText(_ text: String) -> Int {
        let bytes = Array(text.utf8)
        return write(STDERR_FILENO, bytes, bytes.count)
    }

    // MARK: The tree

    private func erase() {
        if drawn > 0 { _ = writeText("\r\u{1b}[\(drawn)A\u{1b}[J") }
        drawn = 0
    }

    private func redraw() {
        let size = try? Terminal.size(of: STDERR_FILENO)
        let width = max(40, Int(size?.columns ?? 80))
        let height = max(4, Int(size?.rows ?? 24) - 2)
        var lines = [title]
        // What does not fit is what is done already.
        var shown = order
        while shown.count + 2 > height, let index = shown.firstIndex(where: { Self.isDone(entries[$0]) }) {
            shown.remove(at: index)
        }
        for (index, digest) in shown.prefix(height - 2).enumerated() {
            guard let entry = entries[digest] else { continue }
            let branch = index == min(shown.count, height - 2) - 1 ? "└──" : "├──"
            lines.append(row(entry, branch, width))
        }
        lines.append(summary())
        var text = drawn > 0 ? "\r\u{1b}[\(drawn)A" : ""
        for line in lines { text += "\u{1b}[K" + String(line.prefix(width - 1)) + "\n" }
        text += "\u{1b}[J"
        _ = writeText(text)
        drawn = lines.count
    }

    private static func isDone(_ entry: Swctr_V1_Transfer?) -> Bool {
        ["done", "exists", "mounted"].contains(entry?.phase ?? "")
    }

    private func row(_ entry: Swctr_V1_Transfer, _ branch: String, _ width: Int) -> String {
        let name = Self.padded("\(entry.kind) (\(entry.digest.dropFirst(7).prefix(12)))", 23)
        var line = "\(branch) \(name) \(Self.padded(entry.phase, 11))"
        guard entry.phase == "downloading" || entry.phase == "uploading", entry.total > 0 else {
            if entry.total > 0 { line += "  \(Wording.bytes(entry.total))" }
            return line
        }
        let share = min(1, Double(entry.offset) / Double(entry.total))
        let bar = max(0, min(30, width - 78))
        if bar > 4 {
            let filled = Int(share * Double(bar))
            line += " [" + String(repeating: "=", count: filled) + String(repeating: " ", count: bar - filled) + "]"
        }
        line += " \(Int(share * 100))% \(Wording.bytes(entry.offset))/\(Wording.bytes(entry.total))"
        let moved = entry.offset - (first[entry.digest] ?? 0)
        if moved > 0, seconds > 0.5 {
            let rate = Double(moved) / seconds
            line += "  \(Wording.bytes(Int64(rate)))/s  \(Self.time(Double(entry.total - entry.offset) / rate)) left"
        }
        return line
    }

    private func summary() -> String {
        let moved = order.reduce(Int64(0)) { sum, digest in
            guard let entry = entries[digest], let start = first[digest] else { return sum }
            return sum + entry.offset - start
        }
        let rate = seconds > 0 ? "  (\(Wording.bytes(Int64(Double(moved) / seconds)))/s)" : ""
        return "elapsed: \(Self.time(seconds))  transferred: \(Wording.bytes(moved))\(rate)"
    }

    private var seconds: Double {
        let (seconds, attoseconds) = began.duration(to: .now).components
        return Double(seconds) + Double(attoseconds) / 1e18
    }

    private static func time(_ seconds: Double) -> String {
        if seconds < 100 { return "\((seconds * 10).rounded() / 10) s" }
        return "\(Int(seconds) / 60) min \(Int(seconds) % 60) s"
    }

    private static func json(_ entry: Swctr_V1_Transfer) -> JSONValue {
        .object([
            .init("kind", .string(entry.kind)), .init("digest", .string(entry.digest)),
            .init("phase", .string(entry.phase)), .init("offset", .integer(entry.offset)),
            .init("total", .integer(entry.total)),
        ])
    }

    private static func line(_ entry: Swctr_V1_Transfer) -> String {
        let size = entry.total > 0 ? " \(Wording.bytes(entry.total))" : ""
        return "\(padded(entry.phase, 11)) \(entry.kind) \(entry.digest)\(size)"
    }

    private static func padded(_ text: String, _ width: Int) -> String {
        text + String(repeating: " ", count: max(0, width - text.count))
    }
}
