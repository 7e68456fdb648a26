/// Frames come the same however the bytes are cut, and a header is read back as it was written.
func fuzzFrames(_ input: Text) {
    guard let first = input.bytes.first else { return }
    let stream = Array(input.bytes.dropFirst())
    let whole = decode(stream, pieces: stream.count)
    let cut = decode(stream, pieces: Int(first % 13) + 1)
    require(whole == cut, "frames depend on how the stream is cut")
    for event in whole {
        guard case .request(let number, let body) = event else { continue }
        require(number % 2 == 1 && body.count <= FrameHeader.maximumLength, "a frame was taken that is not allowed")
        plant(when: body.count == 3 && number > 5)
    }
    if let header = FrameHeader(stream) {
        var written: [UInt8] = []
        header.append(to: &written)
        require(written.elementsEqual(stream.prefix(FrameHeader.size)), "a header is not what was read")
    }
}

private func decode(_ stream: [UInt8], pieces size: Int) -> [FrameEvent] {
    var decoder = FrameDecoder()
    var events: [FrameEvent] = []
    stream.withUnsafeBytes { bytes in
        var start = 0
        while start < bytes.count {
            let end = min(start + max(size, 1), bytes.count)
            decoder.feed(UnsafeRawBufferPointer(rebasing: bytes[start..<end])) { events.append($0) }
            start = end
        }
    }
    return events
}

/// What can be walked value by value can be skipped as a whole and ends in the same place; any text survives quoting.
func fuzzJSON(_ input: Text) {
    var walker = JSONScanner(input)
    var skipper = JSONScanner(input)
    if isValue(&walker) {
        do throws(JSONError) {
            try skipper.skipValue()
        } catch {
            require(false, "a document that can be read cannot be skipped")
        }
        require(walker.position == skipper.position, "skipping ends elsewhere than reading")
        plant(when: walker.position < input.count)
    }
    var quoted = JSONScanner(input.jsonQuoted)
    do throws(JSONError) {
        require(try quoted.string() == input && quoted.atEnd(), "a quoted text is not what it was")
    } catch {
        require(false, "a quoted text cannot be read")
    }
}

private func isValue(_ scanner: inout JSONScanner) -> Bool {
    do throws(JSONError) {
        try walk(&scanner)
        return true
    } catch {
        return false
    }
}

private func walk(_ scanner: inout JSONScanner) throws(JSONError) {
    switch scanner.peek() {
    case UInt8(ascii: "{"):
        try scanner.enterObject()
        while try scanner.nextKey() != nil { try walk(&scanner) }
    case UInt8(ascii: "["):
        try scanner.enterArray()
        while try scanner.nextElement() { try walk(&scanner) }
    case UInt8(ascii: "\""): _ = try scanner.string()
    case UInt8(ascii: "t"), UInt8(ascii: "f"): _ = try scanner.boolean()
    default: try scanner.skipValue()
    }
}

/// The files that are read as JSON: what is understood is written and understood again.
func fuzzDocuments(_ input: Text) {
    let config = BundleConfig(input)
    plant(when: config.group.map { $0 != "pod" } ?? false)
    if let record = ExitRecord(input) {
        require(ExitRecord(record.encoded) == record, "an exit record is not what was written")
    }
    let options = RuntimeOptions(json: input)
    require(
        RuntimeOptions(json: options.json) == RuntimeOptions(json: RuntimeOptions(json: options.json).json),
        "options change when they are written again")
    for terminal in [true, false] {
        guard let document = ExecSpec.setting(terminal: terminal, in: input) else { continue }
        require(ExecSpec.setting(terminal: terminal, in: document) == document, "a terminal is set twice")
    }
    let offset = Int(input.bytes.first ?? 0)
    _ = RuntimeLog.lastError(in: input, from: offset)
    _ = RuntimeLog.killError(output: input)
    _ = RuntimeLog.meansAlreadyDeleted(input)
}

/// Addresses, paths and the command line, a word a line.
func fuzzAddresses(_ input: Text) {
    if case .success(.program(let program)) = StdioAddress.parse(input) {
        require(program.path.hasPrefix("/") && program.arguments.count % 2 == 0, "a logging program without a path")
        plant(when: program.arguments.first.map { $0 != "a" } ?? false)
    }
    let words = input.split(UInt8(ascii: "\n"))
    _ = Arguments.parse(words)
    let joined = ShimAddress.join(words)
    require(ShimAddress.join([joined]) == joined, "a clean path changes when it is cleaned")
    require(!joined.contains("//") && !joined.contains("/./"), "a path is not clean")
    if joined.hasPrefix("/") { require(!joined.split(0x2f).contains(".."), "a path leads out of the root") }
    if let first = words.first, ShimAddress.isPath(joined, within: first) {
        require(ShimAddress.join([joined]).hasPrefix(ShimAddress.join([first])), "a path lies where it does not")
    }
    if Identifier.isValid(input) { require(!input.contains("/") && !input.hasPrefix("."), "an id that is a path") }
    guard input.count <= 64 else { return }  // a digest takes its time
    let address = ShimAddress(directory: "/s", containerdAddress: input, namespace: "n", group: "g")
    require(address.path.count == 67, "a socket's name of another length")
}

/// Options of a mount, as words between line ends.
func fuzzMounts(_ input: Text) {
    guard case .success(let options) = MountOptions.parse(input.split(UInt8(ascii: "\n"))) else { return }
    guard let (directory, data) = options.compacted else { return }
    plant(when: data.count > 3)
    require(data.count == options.data.count, "an option is lost")
    for (short, full) in zip(data, options.data) where short != full {
        let layers = short.dropFirst(9).split(0x3a).map { directory + "/" + $0 }
        require("lowerdir=" + MountOptions.joined(layers, 0x3a) == full, "a layer is another directory")
    }
}
