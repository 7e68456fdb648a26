import Foundation
import SwctrCore
import SwctrOCI
import Testing

@Suite("The default specification")
struct DefaultSpecTests {
    private static func golden(_ name: String) -> URL {
        URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../Golden/spec/\(name)").standardized
    }

    private func encoded() throws -> Data {
        var request = SpecRequest(id: "web", namespace: "default")
        request.args = ["/bin/true"]
        let spec = try SpecBuilder.build(request, image: nil, users: UserDatabase(), host: SpecRequest.Host())
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes, .prettyPrinted]
        return try encoder.encode(spec) + Data("\n".utf8)
    }

    @Test("it is the recorded one, byte for byte")
    func recorded() throws {
        let file = Self.golden("default.json")
        if ProcessInfo.processInfo.environment["SWCTR_RECORD_GOLDEN"] != nil { try encoded().write(to: file) }
        #expect(try String(decoding: encoded(), as: UTF8.self) == String(contentsOf: file, encoding: .utf8))
    }

    @Test("it decodes to itself")
    func roundTrip() throws {
        let spec = try JSONDecoder().decode(Spec.self, from: encoded())
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes, .prettyPrinted]
        #expect(try encoder.encode(spec) + Data("\n".utf8) == encoded())
    }

    @Test("it is containerd's, but for what is known to differ")
    func containerd() throws {
        func object(_ data: Data) throws -> [String: Any] {
            try #require(JSONSerialization.jsonObject(with: data) as? [String: Any])
        }
        var theirs = try object(Data(contentsOf: Self.golden("containerd.json")))
        var ours = try object(encoded())
        var process = try #require(ours["process"] as? [String: Any])
        var linux = try #require(ours["linux"] as? [String: Any])
        var theirLinux = try #require(theirs["linux"] as? [String: Any])

        // 1.0.2 without "-dev"; crun refuses what is newer.
        #expect(ours["ociVersion"] as? String == "1.0.2")
        theirs["ociVersion"] = "1.0.2"
        // What `ctr run` adds to its default: command, path, root's own group; we also name the host after the container.
        for key in ["args", "env"] { process[key] = nil }
        var user = try #require(process["user"] as? [String: Any])
        #expect(user.removeValue(forKey: "additionalGids") as? [Int] == [0])
        process["user"] = user
        #expect(ours.removeValue(forKey: "hostname") as? String == "web")
        // The recording had no container.
        #expect(linux["cgroupsPath"] as? String == "/default/web")
        theirLinux["cgroupsPath"] = "/default/web"
        // Later containerd masks one path more, and 1.6 adds the devices of `ctr run` one step later.
        let masked = Set(try #require(linux["maskedPaths"] as? [String]))
        let theirMasked = Set(try #require(theirLinux["maskedPaths"] as? [String]))
        #expect(masked == theirMasked.union(["/sys/devices/virtual/powercap"]))
        let devices = ((linux["resources"] as? [String: Any])?["devices"] as? [[String: Any]]) ?? []
        let denyAll = NSDictionary(dictionary: devices.first ?? [:]).isEqual(to: ["allow": false, "access": "rwm"])
        #expect(denyAll)
        #expect(devices.count == 10)
        for key in ["maskedPaths", "resources"] {
            linux[key] = nil
            theirLinux[key] = nil
        }
        ours["process"] = process
        ours["linux"] = linux
        theirs["linux"] = theirLinux
        let isSame = NSDictionary(dictionary: ours).isEqual(to: theirs)
        #expect(isSame, "\(ours)\n\(theirs)")
    }
}
