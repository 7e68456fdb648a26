/// Options as a daemon's configuration has them.
///
/// CRI knows the options of runc's shims alone. To every other shim it sends the table of its configuration as it stands,
/// or the path of a file, with the names that it has for runc's.
extension RuntimeOptions {
    /// Takes over what a document says; `source` is what errors call it.
    mutating func read(toml: Text, from source: Text) -> RPCError? {
        var reader = TOMLReader(toml)
        do throws(TOMLError) {
            while let (key, value) = try reader.next() {
                if let kind = set(key, value) { return .invalid("\(source): \(key) must be \(kind)") }
            }
        } catch {
            return .invalid("\(source): line \(error.line) cannot be read as TOML")
        }
        return nil
    }

    /// Names are compared as the daemon does, in any case. The result is what the value should have been.
    private mutating func set(_ key: Text, _ value: TOMLValue) -> Text? {
        let name = key.lowercased
        if name == "systemdcgroup" { return value.put(into: &systemdCgroup) }
        if name == "nopivotroot" { return value.put(into: &noPivotRoot) }
        if name == "nonewkeyring" { return value.put(into: &noNewKeyring) }
        if name == "binaryname" { return value.put(into: &binaryName) }
        if name == "root" { return value.put(into: &root) }
        if name == "shimcgroup" { return value.put(into: &shimCgroup) }
        if name == "iouid" { return value.put(into: &ioUID) }
        if name == "criuimagepath" { return value.put(into: &criuImagePath) }
        if name == "criuworkpath" { return value.put(into: &criuWorkPath) }
        if name == "iogid" { return value.put(into: &ioGID) }
        // How the daemon packed all this.
        if name != "typeurl", name != "configpath" { unknownKeys.append(key) }
        return nil
    }
}

extension TOMLValue {
    fileprivate func put(into flag: inout Bool) -> Text? {
        guard case .flag(let value) = self else { return "true or false" }
        flag = value
        return nil
    }

    fileprivate func put(into text: inout Text) -> Text? {
        guard case .text(let value) = self else { return "a string" }
        text = value
        return nil
    }

    fileprivate func put(into number: inout UInt32) -> Text? {
        guard case .number(let value) = self, let value = UInt32(exactly: value) else {
            return "a number from 0 to 4294967295"
        }
        number = value
        return nil
    }
}
