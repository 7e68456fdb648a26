import Testing

@testable import ShimCore

@Suite("Shim address")
struct ShimAddressTests {
    @Test(
        "SHA-256 agrees with the standard's vectors",
        arguments: [
            ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
            ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
            (
                "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
                "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
            ),
        ] as [(Text, Text)])
    func vectors(message: Text, digest: Text) {
        #expect(SHA256.hex(message) == digest)
    }

    @Test("SHA-256 of a million letters, in many blocks")
    func million() {
        let message = Text(bytes: [UInt8](repeating: 0x61, count: 1_000_000))
        #expect(SHA256.hex(message) == "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0")
    }

    @Test("the socket has the name that containerd gives it")
    func name() {
        let address = ShimAddress(
            directory: "/run/containerd/s", containerdAddress: "/run/z", namespace: "x", group: "y")
        // sha256sum of /run/z/x/y
        #expect(
            address.url
                == "unix:///run/containerd/s/4b04dad5b87649e66ae46729c731ce243f36464ee5629ba5dec6b6ec88690dd3")
    }

    @Test(
        "paths are joined and cleaned as Go does",
        arguments: [
            (["/a", "b", "c"], "/a/b/c"), (["/a/", "/b"], "/a/b"), (["", "b"], "b"), ([], ""), (["/"], "/"),
            (["/a/../..", "b"], "/b"), (["a", "../.."], ".."), (["./a", "."], "a"), (["a", ".."], "."),
        ] as [([Text], Text)])
    func join(parts: [Text], path: Text) {
        #expect(ShimAddress.join(parts) == path)
    }

    @Test(
        "a path lies in a directory by whole names, however it is spelled",
        arguments: [
            ("/b/rootfs", true), ("/b/rootfs/", true), ("/b/rootfs/etc/../x", true), ("/b//rootfs/./x", true),
            ("/b/rootfs/../rootfs-of-another", false), ("/b/rootfs/..", false), ("/b/rootfs/../../etc", false),
            ("rootfs", false),
        ] as [(Text, Bool)])
    func within(path: Text, isInside: Bool) {
        #expect(ShimAddress.isPath(path, within: "/b/rootfs") == isInside)
        #expect(ShimAddress.isPath(path, within: "/") == path.hasPrefix("/"))
    }
}
