import Foundation
import Glibc
import SwctrCore
import SwctrProto
import SwctrTestSupport
import SwctrWire
import SwiftProtobuf
import Testing

extension Integration {
    /// A container's root file system that Create is to mount, in parts.
    @Suite("Shim: mounts of a root file system")
    struct ShimRootTests {
        @Test(
            "a link in the image leads to where the container would come by it, and never out",
            arguments: [true, false])
        func link(_ isWithin: Bool) throws {
            try ShimFixture.with(.runc, edit: { $0["root"] = ["path": "rootfs"] }) { shim in
                let image = shim.workspace.file("rootfs")
                let outside = shim.workspace.file("outside")
                for folder in [image + "/inner", outside] { try Host.makeFolder(folder) }
                symlink(isWithin ? "/inner" : outside, image + "/link")
                var request = shim.createRequest()
                request.rootfs = [Self.mount("bind", image, options: ["rbind"]), Self.mount("tmpfs", target: "link")]
                let refusal = try shim.refusal("Create", request)
                #expect(!Host.mounts(under: shim.workspace.path).contains(outside))
                let root = shim.bundle("a") + "/rootfs"
                if isWithin {
                    #expect(refusal == nil)
                    #expect(Self.mounts(shim) == [root + "/inner", root])
                    try shim.startTask()
                    try shim.killTask()
                    try shim.delete()
                } else {
                    let message = try #require(refusal).message
                    #expect(message.hasSuffix("open \(root)/link: no such file or directory"), "\(message)")
                }
                #expect(Self.mounts(shim).isEmpty)
            }
        }

        @Test("every option takes effect where the mount is")
        func options() throws {
            try ShimFixture.with(.runc) { shim in
                let root = shim.bundle("a") + "/rootfs"
                try Host.makeFolder(root + "/inner")
                var request = shim.createRequest()
                request.rootfs = [
                    Self.mount("bind", shim.workspace.file("rootfs"), target: "inner", options: ["bind", "ro"])
                ]
                try shim.send("Create", request)
                #expect(Self.mounts(shim) == [root + "/inner"])
                #expect(!FileManager.default.createFile(atPath: root + "/inner/new", contents: nil))
                try shim.delete()
                #expect(Self.mounts(shim).isEmpty)
            }
        }

        /// The bundle is removed after that, with everything that could be reached through it.
        @Test("of mounts below a root that is none nothing is left", arguments: [true, false])
        func below(_ isKilled: Bool) throws {
            try ShimFixture.with(.runc) { shim in
                let root = shim.bundle("a") + "/rootfs"
                for folder in ["with blank", "other"] { try Host.makeFolder("\(root)/\(folder)") }
                var request = shim.createRequest()
                request.rootfs = [
                    Self.mount("tmpfs", target: "with blank"), Self.mount("tmpfs", target: "with blank"),
                    Self.mount("tmpfs", target: "other"),
                ]
                try shim.send("Create", request)
                #expect(Self.mounts(shim).count == 3)
                if isKilled {
                    let process = try shim.shimPID()
                    kill(process, SIGKILL)
                    try Host.awaitEnd(of: process)
                    _ = try shim.deleteBinary("a")
                } else {
                    try shim.delete()
                }
                #expect(Self.mounts(shim).isEmpty)
            }
        }

        private static func mount(
            _ type: String, _ source: String = "none", target: String = "", options: [String] = []
        ) -> Containerd_Types_Mount {
            var mount = Containerd_Types_Mount()
            mount.type = type
            mount.source = source
            mount.target = target
            mount.options = options
            return mount
        }

        private static func mounts(_ shim: ShimFixture) -> [String] { Host.mounts(under: shim.bundle("a")) }
    }
}
