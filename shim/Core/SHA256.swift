/// SHA-256 (FIPS 180-4), for the names of sockets only: operators expect containerd's names.
enum SHA256 {
    /// The digest in lower-case hexadecimal.
    static func hex(_ message: Text) -> Text {
        let digits = Text("0123456789abcdef").bytes
        var result: [UInt8] = []
        result.reserveCapacity(64)
        for word in digest(message.bytes) {
            var shift = 28
            while shift >= 0 {
                result.append(digits[Int(word >> UInt32(shift) & 15)])
                shift -= 4
            }
        }
        return Text(bytes: result)
    }

    private static func digest(_ message: [UInt8]) -> [UInt32] {
        var padded = message
        padded.append(0x80)
        while padded.count % 64 != 56 { padded.append(0) }
        let bits = UInt64(message.count) * 8
        var shift = 56
        while shift >= 0 {
            padded.append(UInt8(bits >> UInt64(shift) & 0xff))
            shift -= 8
        }
        let (initial, constants) = fractions()
        var hash = initial
        var block = 0
        while block < padded.count {
            compress(padded, at: block, into: &hash, constants)
            block += 64
        }
        return hash
    }

    private static func compress(_ data: [UInt8], at start: Int, into hash: inout [UInt32], _ constants: [UInt32]) {
        var schedule: [UInt32] = []
        schedule.reserveCapacity(64)
        for index in 0..<16 {
            let at = start + index * 4
            schedule.append(
                UInt32(data[at]) << 24 | UInt32(data[at + 1]) << 16 | UInt32(data[at + 2]) << 8 | UInt32(data[at + 3]))
        }
        for index in 16..<64 {
            let early = schedule[index - 15]
            let late = schedule[index - 2]
            let small = rotate(early, 7) ^ rotate(early, 18) ^ early >> 3
            let large = rotate(late, 17) ^ rotate(late, 19) ^ late >> 10
            schedule.append(schedule[index - 16] &+ small &+ schedule[index - 7] &+ large)
        }
        var state = hash
        for index in 0..<64 {
            let (a, e) = (state[0], state[4])
            let choice = (e & state[5]) ^ (~e & state[6])
            let majority = (a & state[1]) ^ (a & state[2]) ^ (state[1] & state[2])
            let sigma1 = rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25)
            let sigma0 = rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22)
            let first = state[7] &+ sigma1 &+ choice &+ constants[index] &+ schedule[index]
            state = [
                first &+ sigma0 &+ majority, state[0], state[1], state[2], state[3] &+ first, state[4], state[5],
                state[6],
            ]
        }
        for index in 0..<8 { hash[index] = hash[index] &+ state[index] }
    }

    private static func rotate(_ word: UInt32, _ amount: UInt32) -> UInt32 {
        word >> amount | word << (32 - amount)
    }

    /// The constants are the first 32 fractional bits of the roots of the first primes; computed, because a table would
    /// stay in the memory of every shim for one use at its start.
    private static func fractions() -> (squareRoots: [UInt32], cubeRoots: [UInt32]) {
        var squareRoots: [UInt32] = []
        var cubeRoots: [UInt32] = []
        var candidate: UInt64 = 2
        while cubeRoots.count < 64 {
            var divisor: UInt64 = 2
            while divisor * divisor <= candidate, candidate % divisor != 0 { divisor += 1 }
            if divisor * divisor > candidate {
                if squareRoots.count < 8 { squareRoots.append(root(of: candidate, power: 2)) }
                cubeRoots.append(root(of: candidate, power: 3))
            }
            candidate += 1
        }
        return (squareRoots, cubeRoots)
    }

    /// The low 32 bits of floor(2^32 × the root), found bit by bit with exact comparisons.
    private static func root(of number: UInt64, power: Int) -> UInt32 {
        var result: UInt64 = 0
        var bit: UInt64 = 1 << 36
        while bit > 0 {
            let trial = result | bit
            if isAtMost(trial, power: power, number: number) { result = trial }
            bit >>= 1
        }
        return UInt32(truncatingIfNeeded: result)
    }

    /// trial^power ≤ number × 2^(32 × power), in 192 bits.
    private static func isAtMost(_ trial: UInt64, power: Int, number: UInt64) -> Bool {
        let square = trial.multipliedFullWidth(by: trial)
        if power == 2 {
            return square.high < number || (square.high == number && square.low == 0)
        }
        let low = square.low.multipliedFullWidth(by: trial)
        let high = square.high.multipliedFullWidth(by: trial)
        let (middle, carry) = low.high.addingReportingOverflow(high.low)
        let top = high.high + (carry ? 1 : 0)
        // number × 2^96 is number × 2^32 in the middle word.
        let limitMiddle = number << 32
        let limitTop = number >> 32
        if top != limitTop { return top < limitTop }
        if middle != limitMiddle { return middle < limitMiddle }
        return low.low == 0
    }
}
