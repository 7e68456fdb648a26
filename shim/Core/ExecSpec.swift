/// The process document of an exec, on its way from the client to the runtime.
enum ExecSpec {
    /// The document with `"terminal"` set to what the request says; nil if it is not a JSON object.
    ///
    /// The request decides: a document that says otherwise would make the runtime wait for a console that nobody reads.
    static func setting(terminal: Bool, in json: Text) -> Text? {
        var scanner = JSONScanner(json)
        let value: Text = terminal ? "true" : "false"
        var found: Range<Int>?
        var isEmpty = true
        var start = 0
        do throws(JSONError) {
            try scanner.enterObject()
            start = scanner.position
            while let key = try scanner.nextKey() {
                isEmpty = false
                _ = scanner.peek()
                let valueStart = scanner.position
                try scanner.skipValue()
                if key == "terminal" { found = valueStart..<scanner.position }
            }
            guard scanner.atEnd() else { return nil }
        } catch {
            return nil
        }
        if let found {
            return json.prefix(found.lowerBound) + value + json.dropFirst(found.upperBound)
        }
        return json.prefix(start) + "\"terminal\":" + value + (isEmpty ? "" : ",") + json.dropFirst(start)
    }
}
