import SwctrArguments
import SwctrCore

/// What the container is made of, and what is said of it.
struct IdentityFlags: ParsableArguments {
    @Option(
        "-c", "--config", valueName: "file",
        help: "OCI runtime spec to run as it is, in place of IMAGE and of all that makes a spec.")
    var config: String?

    @Option("--name", valueName: "name", help: "Name the container; its id is made up then, and ID is left out.")
    var name: String?

    @Flag("--random-name", help: "The same with a name that is made up.")
    var randomName = false

    @Flag("--rootfs", help: "Take a directory in place of IMAGE as root file system.")
    var rootfs = false

    @Option("--platform", valueName: "os/arch", help: "Platform of the image (default: the host's).")
    var platform: String?

    @Option("--snapshotter", valueName: "name", help: "Snapshotter (default: $SWCTR_SNAPSHOTTER, else the manager's).")
    var snapshotter: String?

    @Option(
        "--snapshotter-label", valueName: "key=value", parsing: .unconditional,
        help: "Label the container's snapshot. May be repeated.")
    var snapshotterLabel: [String] = []

    @Option(
        "--label", valueName: "key=value", parsing: .unconditional,
        help: "Label the container; a bare KEY means KEY=true. May be repeated.")
    var label: [String] = []

    @Option(
        "--annotation", valueName: "key=value", parsing: .unconditional, help: "Annotate the OCI spec. May be repeated."
    )
    var annotation: [String] = []

    func validate() throws(ValidationError) {
        if name != nil, randomName { throw ValidationError("--name and --random-name contradict each other") }
    }

    /// The id is left out, and made up.
    var isNamed: Bool { name != nil || randomName }

    func labelMap() throws(EngineError) -> Labels { try Self.labels(label) }
    func snapshotLabelMap() throws(EngineError) -> Labels { try Self.labels(snapshotterLabel) }

    func annotationMap() throws(EngineError) -> Labels {
        var map: Labels = [:]
        for text in annotation {
            guard let split = text.firstIndex(of: "="), split != text.startIndex else {
                throw EngineError(
                    .invalidArgument, subject: "--annotation \"\(text)\"", message: "is not of the form key=value")
            }
            map[String(text[..<split])] = String(text[text.index(after: split)...])
        }
        return map
    }

    private static func labels(_ texts: [String]) throws(EngineError) -> Labels {
        var labels: Labels = [:]
        for text in texts {
            let (key, value) = LabelRule.parse(text)
            labels[key] = value
        }
        try LabelRule.check(labels)
        return labels
    }

    /// Flags that were given, by name.
    var given: [String] {
        names([
            ("--config", config != nil), ("--rootfs", rootfs), ("--platform", platform != nil),
            ("--snapshotter", snapshotter != nil), ("--snapshotter-label", !snapshotterLabel.isEmpty),
            ("--label", !label.isEmpty), ("--annotation", !annotation.isEmpty),
        ])
    }
}

/// The names of what is true.
func names(_ flags: [(String, Bool)]) -> [String] { flags.filter(\.1).map(\.0) }
