import Foundation

/// A folder and a namespace of one test's own, and the duty to leave nothing behind.
public final class Workspace {
    /// Short: socket paths below it must fit into 107 bytes.
    public let path: String
    /// For the containers of this test; cgroups are named after it.
    public let namespace: String
    private var endings: [() throws -> Void] = []

    private init() throws {
        var template = Array("\(Child.environment["TMPDIR"] ?? "/tmp")/it-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw TestFailure("make a temporary folder: errno \(errno)") }
        path = String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
        namespace = "it-" + path.suffix(6).lowercased()
        chmod(path, 0o755)
    }

    /// Runs `body`, then what it asked to be done at the end, in reverse; then looks for what was left behind.
    ///
    /// A process, mount or cgroup that is still there is a failure of a test that went well until then. It is removed
    /// either way. With SWCTR_KEEP in the environment the folder of a failed test stays.
    public static func with(_ body: (Workspace) throws -> Void) throws {
        let workspace = try Workspace()
        var problems: [any Error] = []
        do { try body(workspace) } catch { problems.append(error) }
        for ending in workspace.endings.reversed() {
            do { try ending() } catch { problems.append(error) }
        }
        let left = workspace.sweep()
        if problems.isEmpty && !left.isEmpty {
            problems.append(TestFailure("left behind: " + left.joined(separator: ", ")))
        }
        if !problems.isEmpty && getenv("SWCTR_KEEP") != nil {
            print("kept \(workspace.path)")
        } else {
            try? FileManager.default.removeItem(atPath: workspace.path)
        }
        if let first = problems.first { throw first }
    }

    /// Registers what is to be done when the test is over, however it ends.
    public func atEnd(_ action: @escaping () throws -> Void) { endings.append(action) }

    /// A path in the workspace.
    public func file(_ name: String) -> String { "\(path)/\(name)" }

    /// What there is of containers and their helpers now: processes that do not end in a moment, mounts, cgroups.
    public func remains(within limit: Duration = .seconds(5)) -> [String] {
        let deadline = ContinuousClock.now.advanced(by: limit)
        let processes = Host.processes(under: path, namespace: namespace).filter { process in
            (try? Host.awaitEnd(of: process.id, within: ContinuousClock.now.duration(to: deadline))) == nil
        }
        return processes.map(\.description) + Host.mounts(under: path).map { "mount \($0)" }
            + Host.cgroups(of: namespace).map { "cgroup \($0)" }
    }

    /// Ends, unmounts and removes what is still there.
    ///
    /// - Returns: what that was.
    private func sweep() -> [String] {
        // What is on its way out, a shim that has answered Shutdown, say, may go.
        let grace = ContinuousClock.now.advanced(by: .seconds(2))
        let processes = Host.processes(under: path, namespace: namespace).filter { process in
            do { try Host.awaitEnd(of: process.id, within: ContinuousClock.now.duration(to: grace)) } catch {
                return true
            }
            return false
        }
        for process in processes { kill(process.id, SIGKILL) }
        for process in processes { try? Host.awaitEnd(of: process.id, within: .seconds(5)) }
        let mounts = Host.mounts(under: path)
        for mount in mounts { umount2(mount, Int32(MNT_DETACH)) }
        let cgroups = Host.cgroups(of: namespace)
        Host.removeCgroups(of: namespace)
        // Where runtimes keep a namespace's containers; empty by now.
        rmdir("/run/containerd/runc/\(namespace)")
        return processes.map(\.description) + mounts.map { "mount \($0)" } + cgroups.map { "cgroup \($0)" }
    }
}
