import SwctrCore
import SwctrOCI
import Testing

@Suite("Users of a root file system")
struct UserDatabaseTests {
    private let users = UserDatabase(
        passwd: "root:x:0:0:root:/root:/bin/sh\nweb:x:33:34::/:/bin/false\nbroken\n",
        group: "root:x:0:\nwheel:x:10:root,web\nweb:x:34:\ndata:x:50:web\n")

    @Test(
        "names and numbers resolve as containerd resolves them",
        arguments: [
            ("", Process.User(uid: 0, gid: 0, additionalGids: [0, 10])),
            ("root", Process.User(uid: 0, gid: 0, additionalGids: [0, 10])),
            ("web", Process.User(uid: 33, gid: 34, additionalGids: [34, 10, 50])),
            ("33", Process.User(uid: 33, gid: 34, additionalGids: [34, 10, 50])),
            ("web:data", Process.User(uid: 33, gid: 50, additionalGids: [50, 10])),
            ("1234", Process.User(uid: 1234, gid: 0, additionalGids: [0])),
            ("1234:5678", Process.User(uid: 1234, gid: 5678, additionalGids: [5678])),
            ("2147483647", Process.User(uid: 2_147_483_647, gid: 0, additionalGids: [0])),
        ])
    func resolves(text: String, user: Process.User) throws {
        #expect(try users.resolve(text) == user)
    }

    @Test(
        "what is no user is refused",
        arguments: [
            ("nobody", ErrorCode.notFound), ("web:none", .notFound), ("2147483648", .invalidArgument),
            ("0:4294967296", .invalidArgument), ("a:b:c", .invalidArgument), ("web:", .invalidArgument),
        ])
    func refused(text: String, code: ErrorCode) {
        let error = #expect(throws: EngineError.self) { try users.resolve(text) }
        #expect(error?.code == code)
    }

    @Test("a root file system without the files knows root and numbers")
    func noFiles() throws {
        #expect(try UserDatabase().resolve("") == Process.User(uid: 0, gid: 0, additionalGids: [0]))
        #expect(try UserDatabase().resolve("5").uid == 5)
    }
}
