import CShim

/// Lines of a log hold exactly the bytes of the stream, and times are those of the C library.
func fuzzLogs(_ input: Text) {
    guard let first = input.bytes.first else { return }
    let portion = Array(input.bytes.dropFirst())
    let longest = Int(first % 64) + 1
    var rebuilt: [UInt8] = []
    portion.withUnsafeBytes { bytes in
        var start = 0
        while let line = LogLine.next(in: bytes, from: start, longest: longest) {
            require(line.count <= longest && line.end > start, "a line is too long or does not advance")
            rebuilt += bytes[line.start..<(line.start + line.count)]
            if line.isWhole { rebuilt.append(UInt8(ascii: "\n")) }
            plant(when: !line.isWhole && line.count == longest && longest > 5)
            start = line.end
        }
        require(start == bytes.count, "lines end before their portion")
    }
    require(rebuilt == portion, "lines are not what was written")

    var seconds: Int64 = 0
    for byte in portion.prefix(5) { seconds = seconds << 8 | Int64(byte) }
    guard seconds <= 253_402_300_799 else { return }  // the year 9999
    let text = Moment(seconds: seconds, nanoseconds: Int32(first)).rfc3339
    var time = time_t(seconds)
    var parts = tm()
    guard gmtime_r(&time, &parts) != nil else { return }
    require(
        number(text, 0, 4) == Int(parts.tm_year) + 1900 && number(text, 5, 2) == Int(parts.tm_mon) + 1
            && number(text, 8, 2) == Int(parts.tm_mday) && number(text, 11, 2) == Int(parts.tm_hour)
            && number(text, 14, 2) == Int(parts.tm_min) && number(text, 17, 2) == Int(parts.tm_sec)
            && number(text, 20, 9) == Int(first) && text.count == 30, "a time is another")
}

private func number(_ text: Text, _ start: Int, _ length: Int) -> Int? {
    text.dropFirst(start).prefix(length).decimal
}
