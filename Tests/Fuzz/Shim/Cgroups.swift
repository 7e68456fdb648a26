/// A cgroup's files are pieces of the input; whatever is in them, what comes out is protobuf.
func fuzzCgroups(_ input: Text) {
    guard let first = input.bytes.first, input.count <= 1024 else { return }
    let pieces = input.dropFirst(1).split(0)
    // Every file finds a piece, and the fuzzer can change each without moving the others.
    func piece(_ name: Text) -> Text? {
        var sum = 0
        for byte in name.bytes { sum = (sum * 31 + Int(byte)) % 65_521 }
        return pieces.isEmpty ? nil : pieces[sum % pieces.count]
    }
    func pieceV1(_ controller: Text, _ name: Text) -> Text? { piece(controller + name) }
    let metrics =
        first % 2 == 0 ? CgroupMetrics.v2(read: piece) : CgroupMetrics.v1(read: pieceV1, device: { "/dev/" + $0 })
    require(isProtobuf(metrics), "metrics are no message")
    let table = CgroupPath(input)
    plant(when: table.path(controller: "memory").map { $0 != "/a/b" } ?? false)
    for path in [table.unified, table.path(controller: "memory")] {
        require(path?.hasPrefix("/") ?? true, "a cgroup's path is relative")
    }
}

/// Whether the bytes are fields, each whole.
private func isProtobuf(_ bytes: [UInt8]) -> Bool {
    var rest = bytes[...]
    func varint() -> UInt64? {
        var value: UInt64 = 0
        var shift: UInt64 = 0
        while let byte = rest.popFirst(), shift < 64 {
            value |= UInt64(byte & 0x7f) << shift
            if byte < 0x80 { return value }
            shift += 7
        }
        return nil
    }
    while !rest.isEmpty {
        guard let key = varint(), key >> 3 > 0 else { return false }
        let length: UInt64
        switch key & 7 {
        case 0:
            guard varint() != nil else { return false }
            continue
        case 1: length = 8
        case 2:
            guard let announced = varint() else { return false }
            length = announced
        default: return false
        }
        guard length <= UInt64(rest.count) else { return false }
        rest = rest.dropFirst(Int(length))
    }
    return true
}
