/// What `<bundle>/exit` says about the init process: the true status, readable after the shim itself is gone.
///
/// One line of JSON: `{"pid":1234,"status":42,"seconds":1700000000,"nanos":5,"deleted":false}`. `deleted` becomes true
/// when the OCI runtime has forgotten the container, so that the `delete` call has nothing left to do.
struct ExitRecord: Equatable {
    static var fileName: Text { "exit" }

    var pid: Int32
    var status: ExitStatus
    var isDeleted: Bool

    var encoded: Text {
        "{\"pid\":\(pid),\"status\":\(status.code),\"seconds\":\(status.at.seconds),\"nanos\":\(status.at.nanoseconds),\"deleted\":\(isDeleted ? "true" : "false" as Text)}\n"
    }

    init(pid: Int32, status: ExitStatus, isDeleted: Bool) {
        self.pid = pid
        self.status = status
        self.isDeleted = isDeleted
    }

    /// Nil for anything that `encoded` did not write.
    init?(_ contents: Text) {
        var scanner = JSONScanner(contents)
        var numbers: [Int?] = [nil, nil, nil, nil]
        var deleted: Bool?
        do throws(JSONError) {
            try scanner.enterObject()
            while let key = try scanner.nextKey() {
                if key == "pid" {
                    numbers[0] = try scanner.integer()
                } else if key == "status" {
                    numbers[1] = try scanner.integer()
                } else if key == "seconds" {
                    numbers[2] = try scanner.integer()
                } else if key == "nanos" {
                    numbers[3] = try scanner.integer()
                } else if key == "deleted" {
                    deleted = try scanner.boolean()
                } else {
                    try scanner.skipValue()
                }
            }
        } catch {
            return nil
        }
        guard let pid = numbers[0].flatMap({ Int32(exactly: $0) }),
            let code = numbers[1].flatMap({ UInt32(exactly: $0) }),
            let seconds = numbers[2], let nanos = numbers[3].flatMap({ Int32(exactly: $0) }), let deleted
        else { return nil }
        self.init(
            pid: pid, status: ExitStatus(code: code, at: Moment(seconds: Int64(seconds), nanoseconds: nanos)),
            isDeleted: deleted)
    }
}
