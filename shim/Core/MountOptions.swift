/// The words of a mount request, sorted into what mount(2) takes.
struct MountOptions: Equatable {
    var flags: UInt = 0
    /// MS_SHARED and its kin need a second call of their own.
    var propagation: UInt = 0
    var data: [Text] = []

    /// Refuses `X-containerd.*`, which ask for work that only containerd's own library does, and id-mapped mounts.
    static func parse(_ words: [Text]) -> Result<MountOptions, RPCError> {
        var result = MountOptions()
        for word in words where !word.isEmpty {
            if word.hasPrefix("X-containerd.") || word.hasPrefix("uidmap=") || word.hasPrefix("gidmap=") {
                return .failure(RPCError(.unimplemented, "mount option \"\(word)\": not implemented"))
            }
            if word == "loop" {
                return .failure(RPCError(.unimplemented, "mount option \"loop\": not implemented"))
            }
            if let flag = flag(word) {
                if flag.clears { result.flags &= ~flag.bits } else { result.flags |= flag.bits }
            } else if let bits = propagationBits(word) {
                result.propagation = bits
            } else {
                result.data.append(word)
            }
        }
        return .success(result)
    }

    /// The data words joined with commas.
    var dataText: Text { Self.joined(data, 0x2c) }

    private static func flag(_ word: Text) -> (clears: Bool, bits: UInt)? {
        let table: [(StaticString, Bool, UInt)] = [
            ("ro", false, 1), ("rw", true, 1), ("nosuid", false, 2), ("suid", true, 2), ("nodev", false, 4),
            ("dev", true, 4), ("noexec", false, 8), ("exec", true, 8), ("sync", false, 16), ("async", true, 16),
            ("remount", false, 32), ("mand", false, 64), ("nomand", true, 64), ("dirsync", false, 128),
            ("noatime", false, 1024), ("atime", true, 1024), ("nodiratime", false, 2048), ("diratime", true, 2048),
            ("bind", false, 4096), ("rbind", false, 4096 | 16384), ("relatime", false, 1 << 21),
            ("norelatime", true, 1 << 21), ("strictatime", false, 1 << 24), ("nostrictatime", true, 1 << 24),
            ("defaults", false, 0),
        ]
        for (name, clears, bits) in table where Text(stringLiteral: name) == word { return (clears, bits) }
        return nil
    }

    private static func propagationBits(_ word: Text) -> UInt? {
        let recursive: UInt = 16384
        let table: [(StaticString, UInt)] = [
            ("unbindable", 1 << 17), ("private", 1 << 18), ("slave", 1 << 19), ("shared", 1 << 20),
            ("runbindable", 1 << 17 | recursive), ("rprivate", 1 << 18 | recursive), ("rslave", 1 << 19 | recursive),
            ("rshared", 1 << 20 | recursive),
        ]
        for (name, bits) in table where Text(stringLiteral: name) == word { return bits }
        return nil
    }

    static func joined(_ words: [Text], _ separator: UInt8) -> Text {
        var result: [UInt8] = []
        for (index, word) in words.enumerated() {
            if index > 0 { result.append(separator) }
            result += word.bytes
        }
        return Text(bytes: result)
    }
}

extension MountOptions {
    /// mount(2) takes one page of data, and many image layers name long directories: shortens overlay's `lowerdir` by
    /// their common parent, in which the call then has to be made.
    ///
    /// Returns nil if there is nothing to shorten: fewer than two absolute paths, or no common parent.
    var compacted: (directory: Text, data: [Text])? {
        guard let index = data.firstIndex(where: { $0.hasPrefix("lowerdir=") }) else { return nil }
        let layers = data[index].dropFirst(9).split(0x3a)
        guard layers.count > 1, let first = layers.first, layers.allSatisfy({ $0.hasPrefix("/") }) else { return nil }
        var common = first.bytes
        for layer in layers {
            var length = 0
            while length < common.count, length < layer.count, common[length] == layer.bytes[length] { length += 1 }
            common = Array(common[..<length])
        }
        guard let slash = common.lastIndex(of: 0x2f), slash > 0 else { return nil }
        let short = layers.map { $0.dropFirst(slash + 1) }
        guard short.allSatisfy({ !$0.isEmpty }) else { return nil }
        var data = self.data
        data[index] = "lowerdir=" + Self.joined(short, 0x3a)
        return (Text(common[..<slash]), data)
    }
}
