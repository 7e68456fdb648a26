/// What a fuzzer's bytes are given to; `FUZZ_TARGET` names it. `Tests/Fuzz/run.py` builds this together with the shim's
/// own sources, in Embedded Swift as they are shipped.
enum Target: UInt8, CaseIterable {
    case frames, json, documents, addresses, mounts, cgroups, logs, requests, descriptors

    private var name: Text {
        switch self {
        case .frames: "frames"
        case .json: "json"
        case .documents: "documents"
        case .addresses: "addresses"
        case .mounts: "mounts"
        case .cgroups: "cgroups"
        case .logs: "logs"
        case .requests: "requests"
        case .descriptors: "descriptors"
        }
    }

    static var selected: Target {
        let wanted = Environment.value("FUZZ_TARGET") ?? ""
        for target in allCases where target.name == wanted { return target }
        complain("FUZZ_TARGET: there is no target \"\(wanted)\"")
        fatalError("no such target")
    }

    func run(_ input: Text) {
        switch self {
        case .frames: fuzzFrames(input)
        case .json: fuzzJSON(input)
        case .documents: fuzzDocuments(input)
        case .addresses: fuzzAddresses(input)
        case .mounts: fuzzMounts(input)
        case .cgroups: fuzzCgroups(input)
        case .logs: fuzzLogs(input)
        case .requests: fuzzRequests(input)
        case .descriptors: fuzzDescriptors(input)
        }
    }
}

private let target = Target.selected

@c(LLVMFuzzerTestOneInput)
public func fuzzOneInput(_ data: UnsafePointer<UInt8>?, _ size: Int) -> Int32 {
    target.run(Text(UnsafeBufferPointer(start: data, count: size)))
    return 0
}

/// What must hold for any input.
func require(_ claim: Bool, _ what: StaticString) {
    if claim { return }
    complain(Text(stringLiteral: what))
    fatalError("a claim does not hold")
}

private let isPlanted = Environment.value("FUZZ_PLANTED") != nil

/// An outcome that a fuzzer should reach soon. With FUZZ_PLANTED it counts as a bug; a harness that does not find it in
/// a few seconds would not find anything.
func plant(when reached: Bool) {
    if isPlanted { require(!reached, "the planted bug was found") }
}

private func complain(_ message: Text) {
    _ = Files.writeAll(2, (message + "\n").bytes)
}
