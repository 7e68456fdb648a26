import Foundation

/// The image that the tests run: busybox and its applets.
public enum TestImage {
    public static let name = "localhost/busybox:latest"

    /// An OCI archive of it, made once per run of the tests; SWCTR_TEST_IMAGE names one that was made before.
    public static func archive() throws -> String {
        if let given = getenv("SWCTR_TEST_IMAGE") { return String(cString: given) }
        if let made = made.value { return try made.get() }
        throw TestFailure("unreachable")
    }

    private static let made = Made()

    /// Made at first use; the folder goes when the tests' process ends.
    private final class Made: Sendable {
        let value: Result<String, TestFailure>?

        init() {
            var template = Array("\(Child.environment["TMPDIR"] ?? "/tmp")/swctr-image-XXXXXX".utf8CString)
            guard mkdtemp(&template) != nil else {
                value = .failure(TestFailure("make a temporary folder: errno \(errno)"))
                return
            }
            let folder = String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
            do {
                try must(["\(Build.repository)/examples/busybox-image.sh", "\(folder)/busybox.tar", TestImage.name])
                value = .success("\(folder)/busybox.tar")
            } catch {
                value = .failure(TestFailure("\(error)"))
            }
        }
    }
}
