/// Base64 as RFC 4648 has it, with padding: what basic authentication and Docker's configuration carry.
public enum Base64 {
    private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

    public static func encode(_ bytes: some Collection<UInt8>) -> String {
        var text: [UInt8] = []
        text.reserveCapacity((bytes.count + 2) / 3 * 4)
        var rest = Array(bytes)[...]
        while !rest.isEmpty {
            let group = rest.prefix(3)
            rest = rest.dropFirst(3)
            var value = 0
            for byte in group { value = value << 8 | Int(byte) }
            value <<= 8 * (3 - group.count)
            for index in 0..<4 {
                text.append(index <= group.count ? alphabet[value >> (18 - 6 * index) & 63] : UInt8(ascii: "="))
            }
        }
        return String(decoding: text, as: UTF8.self)
    }

    /// Nil for what is no Base64; padding may be missing, and the alphabet of URLs is taken too.
    public static func decode(_ text: some StringProtocol) -> [UInt8]? {
        var bytes: [UInt8] = []
        var (value, count) = (0, 0)
        for character in text.utf8 {
            let digit: Int
            switch character {
            case UInt8(ascii: "A")...UInt8(ascii: "Z"): digit = Int(character) - 65
            case UInt8(ascii: "a")...UInt8(ascii: "z"): digit = Int(character) - 71
            case UInt8(ascii: "0")...UInt8(ascii: "9"): digit = Int(character) + 4
            case UInt8(ascii: "+"), UInt8(ascii: "-"): digit = 62
            case UInt8(ascii: "/"), UInt8(ascii: "_"): digit = 63
            case UInt8(ascii: "="): continue
            default: return nil
            }
            value = (value << 6 | digit) & 0xff_ffff
            count += 1
            if count % 4 != 1 { bytes.append(UInt8(truncatingIfNeeded: value >> [0, 0, 4, 2][count % 4])) }
        }
        return count % 4 == 1 ? nil : bytes
    }
}
