internal import Foundation
internal import GRDB
internal import SwctrCore

/// Times are stored as whole nanoseconds since 1970, labels as a JSON object with sorted keys, so that equal values are
/// equal bytes.
enum ColumnCoding {
    static func encode(_ date: Date) -> Int64 {
        // Whole seconds and the rest apart: together they would not fit a Double's 53 bits.
        let seconds = date.timeIntervalSinceReferenceDate.rounded(.down)
        let rest = date.timeIntervalSinceReferenceDate - seconds
        return (Int64(seconds) + epoch) * 1_000_000_000 + Int64((rest * 1e9).rounded())
    }

    static func date(_ nanoseconds: Int64) -> Date {
        let (seconds, rest) = nanoseconds.quotientAndRemainder(dividingBy: 1_000_000_000)
        return Date(timeIntervalSinceReferenceDate: Double(seconds - epoch) + Double(rest) / 1e9)
    }

    /// Seconds from 1970 to 2001, where `Date` counts from.
    private static let epoch: Int64 = 978_307_200

    static func encode(_ labels: Labels) -> String {
        if labels.isEmpty { return "{}" }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        // A dictionary of strings always encodes; the empty object stands in so that nothing traps.
        guard let data = try? encoder.encode(labels) else { return "{}" }
        return String(decoding: data, as: UTF8.self)
    }

    static func labels(_ text: String) throws(EngineError) -> Labels {
        if text == "{}" { return [:] }
        do { return try JSONDecoder().decode(Labels.self, from: Data(text.utf8)) } catch {
            throw EngineError(.dataLoss, subject: "labels \(text.prefix(80))", message: "are no JSON object of strings")
        }
    }
}

extension Row {
    func date(_ column: String) -> Date { ColumnCoding.date(self[column]) }
    func optionalDate(_ column: String) -> Date? { (self[column] as Int64?).map(ColumnCoding.date) }
    func labels(_ column: String = "labels") throws(EngineError) -> Labels { try ColumnCoding.labels(self[column]) }
    /// Identifiers were checked before they were stored.
    func identifier<Name: Identifier>(_ column: String) -> Name { Name(checked: self[column]) }
}
