import Glibc
import SwctrLinux
import Testing

@Suite("Watching a folder")
struct DirectoryWatchTests {
    @Test("a new name is told of, and where the folder is missing its parent is watched")
    func names() throws {
        var template = Array("/tmp/swctr-watch-XXXXXX".utf8CString)
        guard let folder = mkdtemp(&template).map({ String(cString: $0) }) else { return }
        defer {
            rmdir("\(folder)/run")
            rmdir(folder)
        }
        let watch = try DirectoryWatch(nearest: "\(folder)/run/deeper")
        #expect(watch.path == folder)
        var set = PollSet()
        _ = set.add(watch.descriptor, .readable)
        #expect(try !set.wait(.zero))
        mkdir("\(folder)/run", 0o700)
        #expect(try set.wait(.seconds(10)))
        watch.drain()
        #expect(try !set.wait(.zero))
    }

    @Test("parents", arguments: [("/run/swctr/x", "/run/swctr"), ("/run", "/"), ("x", "."), ("a/b", "a")])
    func parents(path: String, parent: String) { #expect(DirectoryWatch.parent(of: path) == parent) }
}
