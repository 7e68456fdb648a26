/// The lines of a CRI log: `2026-01-02T03:04:05.000000006Z stdout F text`.
///
/// What has come is written at once, so nothing is kept between two portions of output. A text that is not known to end
/// its line is marked P; the line's next text, or its end, comes in the stream's next line of the log. Without the line
/// ends of the log and with one after each text marked F, the texts are exactly the bytes of the stream.
struct LogLine: Equatable {
    /// Where the text begins in its portion.
    var start: Int
    var count: Int
    /// Whether a line of the stream ends with it.
    var isWhole: Bool

    /// containerd's limit for the CRI; readers have buffers for that.
    static let longestText = 16_384
    /// Bytes of a line besides its text.
    static let overhead = header("stdout", at: Moment(seconds: 0, nanoseconds: 0), isWhole: true).count + 1

    /// Bytes that the line takes in the file.
    var size: Int { count + Self.overhead }
    /// Where the portion's next line begins.
    var end: Int { start + count + (isWhole ? 1 : 0) }

    /// The line that begins at `start`; nil at the end of the portion.
    static func next(in portion: UnsafeRawBufferPointer, from start: Int, longest: Int) -> LogLine? {
        guard start < portion.count else { return nil }
        let limit = min(portion.count - start, longest)
        var count = 0
        // Eight bytes at once: the expression is zero unless one of them is a line end.
        while count + 8 <= limit {
            let word = portion.loadUnaligned(fromByteOffset: start + count, as: UInt64.self) ^ 0x0a0a_0a0a_0a0a_0a0a
            if (word &- 0x0101_0101_0101_0101) & ~word & 0x8080_8080_8080_8080 != 0 { break }
            count += 8
        }
        while count < limit, portion[start + count] != UInt8(ascii: "\n") { count += 1 }
        let isWhole = start + count < portion.count && portion[start + count] == UInt8(ascii: "\n")
        return LogLine(start: start, count: count, isWhole: isWhole)
    }

    /// What stands before the text; the same length for both streams and tags.
    static func header(_ stream: Text, at time: Moment, isWhole: Bool) -> Text {
        "\(time.rfc3339) \(stream) \(isWhole ? "F" : "P" as Text) "
    }
}

extension Moment {
    /// RFC 3339 in UTC, always with nine digits of fraction: `2026-01-02T03:04:05.000000006Z`.
    var rfc3339: Text {
        let (days, second) = Self.divided(seconds, by: 86_400)
        let (year, month, day) = Self.date(days)
        var bytes: [UInt8] = []
        bytes.reserveCapacity(30)
        func append(_ value: Int64, digits: Int, then separator: Unicode.Scalar) {
            var rest = value
            let first = bytes.count
            for _ in 0..<digits {
                bytes.append(UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10))
                rest /= 10
            }
            bytes[first...].reverse()
            bytes.append(UInt8(ascii: separator))
        }
        append(year, digits: 4, then: "-")
        append(month, digits: 2, then: "-")
        append(day, digits: 2, then: "T")
        append(second / 3600, digits: 2, then: ":")
        append(second / 60 % 60, digits: 2, then: ":")
        append(second % 60, digits: 2, then: ".")
        append(Int64(nanoseconds), digits: 9, then: "Z")
        return Text(bytes: bytes)
    }

    /// The date of a day since 1970-01-01, in the Gregorian calendar. Counted in eras of 400 years that begin on the first
    /// of March, so that the leap day is a year's last.
    private static func date(_ days: Int64) -> (year: Int64, month: Int64, day: Int64) {
        let (era, dayOfEra) = divided(days + 719_468, by: 146_097)
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let monthFromMarch = (5 * dayOfYear + 2) / 153
        let month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
        return (
            era * 400 + yearOfEra + (month <= 2 ? 1 : 0), month, dayOfYear - (153 * monthFromMarch + 2) / 5 + 1
        )
    }

    /// Quotient and remainder, the remainder never negative.
    private static func divided(_ value: Int64, by divisor: Int64) -> (quotient: Int64, remainder: Int64) {
        let quotient = value >= 0 ? value / divisor : (value + 1) / divisor - 1
        return (quotient, value - quotient * divisor)
    }
}
