import Testing

@testable import ShimCore

@Suite("Mount options")
struct MountOptionsTests {
    @Test("words become flags, the rest is data")
    func words() throws {
        let options = try MountOptions.parse(["ro", "nosuid", "rbind", "size=1m", "mode=755", "rprivate"]).get()
        #expect(options.flags == 1 | 2 | 4096 | 16384)
        #expect(options.propagation == 1 << 18 | 16384)
        #expect(options.dataText == "size=1m,mode=755")
    }

    @Test("a later word takes an earlier one back")
    func opposites() throws {
        #expect(try MountOptions.parse(["ro", "noexec", "rw", "exec"]).get().flags == 0)
    }

    @Test(
        "what is not supported is refused, not passed on",
        arguments: ["X-containerd.mkdir=1", "loop", "uidmap=0:1:1", "gidmap=0:1:1"] as [Text])
    func refused(word: Text) {
        #expect(
            MountOptions.parse([word])
                == .failure(RPCError(.unimplemented, "mount option \"\(word)\": not implemented")))
    }

    @Test("layers lose what their paths have in common")
    func compacted() throws {
        let options = try MountOptions.parse(["workdir=/w", "lowerdir=/var/s/12/fs:/var/s/13/fs:/var/s/1/fs"]).get()
        let compacted = try #require(options.compacted)
        #expect(compacted.directory == "/var/s")
        #expect(compacted.data == ["workdir=/w", "lowerdir=12/fs:13/fs:1/fs"])
    }

    @Test(
        "nothing in common, nothing to shorten",
        arguments: ["lowerdir=/a", "lowerdir=/a:/b", "lowerdir=a/b:a/c", "upperdir=/u"] as [Text]
    )
    func untouched(word: Text) throws {
        #expect(try MountOptions.parse([word]).get().compacted == nil)
    }
}
