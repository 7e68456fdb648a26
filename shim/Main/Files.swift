import CShim

/// Small files of a bundle, whole.
enum Files {
    /// The contents from `offset` on, at most `limit` bytes; nil if the file cannot be read.
    static func read(_ path: Text, from offset: Int = 0, limit: Int = 16 << 20) -> Text? {
        let fd = OwnedFD(adopting: path.withCString { shim_open($0, O_RDONLY | O_NOCTTY, 0) })
        guard fd.isOpen else { return nil }
        if offset > 0, lseek(fd.raw, off_t(offset), SEEK_SET) < 0 { return nil }
        return read(descriptor: fd.raw, limit: limit)
    }

    /// Everything up to end of file, at most `limit` bytes; nil on an error.
    static func read(descriptor: Int32, limit: Int) -> Text? {
        var result: [UInt8] = []
        // On the stack, up to this size.
        let isComplete = withUnsafeTemporaryAllocation(byteCount: 1024, alignment: 16) { buffer in
            while result.count < limit {
                let count = retrying {
                    CShim.read(descriptor, buffer.baseAddress, min(buffer.count, limit - result.count))
                }
                if count <= 0 { return count == 0 }
                result += UnsafeRawBufferPointer(start: buffer.baseAddress, count: count)
            }
            return true
        }
        return isComplete ? Text(bytes: result) : nil
    }

    /// Replaces the file as one step: readers see the old contents or the new.
    static func write(_ path: Text, _ contents: Text, mode: mode_t = 0o600) throws(SystemError) {
        let temporary = path + ".tmp"
        do {
            let fd = OwnedFD(
                adopting: temporary.withCString { shim_open($0, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, mode) })
            guard fd.isOpen else { throw SystemError("open \(temporary)") }
            guard writeAll(fd.raw, contents.bytes) else { throw SystemError("write \(temporary)") }
        }
        if try !rename(temporary, path) { throw SystemError("rename \(temporary)", ENOENT) }
    }

    /// Gives a file another name; false if there is none.
    static func rename(_ old: Text, _ new: Text) throws(SystemError) -> Bool {
        if old.withCString({ from in new.withCString { CShim.rename(from, $0) } }) == 0 { return true }
        if shim_errno() != ENOENT { throw SystemError("rename \(old)") }
        return false
    }

    /// What makes two names lead to the same file.
    struct Identity: Equatable {
        var device: dev_t
        var number: ino_t
    }

    /// Nil if there is no file.
    static func identity(_ path: Text) -> Identity? {
        var status = stat()
        return path.withCString { stat($0, &status) } == 0
            ? Identity(device: status.st_dev, number: status.st_ino) : nil
    }

    /// Writes to a descriptor that blocks.
    static func writeAll(_ fd: Int32, _ bytes: [UInt8]) -> Bool {
        var done = 0
        while done < bytes.count {
            let count = bytes.withUnsafeBytes { buffer in
                retrying { CShim.write(fd, buffer.baseAddress.map { $0 + done }, buffer.count - done) }
            }
            if count <= 0 { return false }
            done += count
        }
        return true
    }

    /// What a symbolic link points at; empty if it is none.
    static func readLink(_ path: Text) -> Text {
        let target = [UInt8](unsafeUninitializedCapacity: 4096) { buffer, count in
            let length = path.withCString { link in
                buffer.withMemoryRebound(to: CChar.self) { readlink(link, $0.baseAddress, $0.count) }
            }
            count = max(0, length)
        }
        return Text(bytes: target)
    }

    static func size(_ path: Text) -> Int {
        var status = stat()
        return path.withCString { stat($0, &status) } == 0 ? Int(status.st_size) : 0
    }

    static func exists(_ path: Text) -> Bool {
        path.withCString { access($0, F_OK) } == 0
    }

    static func remove(_ path: Text) {
        _ = path.withCString { unlink($0) }
    }

    /// The names of the directories in a directory; links are none.
    static func folders(in path: Text) -> [Text] {
        entries(of: path).filter { kind(path.appending(component: $0)) == mode_t(S_IFDIR) }
    }

    /// `S_IFDIR` and its like; links are links. 0 if there is nothing.
    static func kind(_ path: Text) -> mode_t {
        var status = stat()
        return path.withCString { lstat($0, &status) } == 0 ? status.st_mode & mode_t(S_IFMT) : 0
    }

    private static func entries(of path: Text) -> [Text] {
        guard let directory = path.withCString({ opendir($0) }) else { return [] }
        defer { closedir(directory) }
        var names: [Text] = []
        while let entry = readdir(directory) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { Text($0.prefix { $0 != 0 }) }
            if name != ".", name != ".." { names.append(name) }
        }
        return names
    }

    /// Removes a directory and all that is in it; links are removed and not followed.
    static func removeTree(_ path: Text) {
        for name in folders(in: path) { removeTree(path.appending(component: name)) }
        for name in entries(of: path) { remove(path.appending(component: name)) }
        _ = path.withCString { rmdir($0) }
    }

    /// Makes a directory and those above it; what exists is left as it is.
    static func makeDirectories(_ path: Text, mode: mode_t) {
        var position = 1
        while let slash = path.firstIndex(of: "/", from: position) {
            _ = path.prefix(slash).withCString { mkdir($0, mode) }
            position = slash + 1
        }
        _ = path.withCString { mkdir($0, mode) }
    }
}

enum Environment {
    static func value(_ name: Text) -> Text? {
        guard let value = name.withCString({ getenv($0) }) else { return nil }
        return Text(value)
    }
}
