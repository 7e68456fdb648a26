import Foundation
import Glibc
import SwctrCore
import Testing

/// A folder that is gone, with what is in it, when the test is over.
enum TemporaryFolder {
    static func with<Result>(_ body: (String) throws -> Result) throws -> Result {
        let path = try make()
        defer { remove(path) }
        return try body(path)
    }

    static func with<Result>(
        isolation: isolated (any Actor)? = #isolation, _ body: (String) async throws -> Result
    ) async throws -> Result {
        let path = try make()
        defer { remove(path) }
        return try await body(path)
    }

    static func write(_ text: String, to path: String) throws {
        guard let file = fopen(path, "we") else { throw EngineError(.internal, subject: path, message: "not written") }
        fputs(text, file)
        fclose(file)
    }

    private static func make() throws -> String {
        var template = Array("/tmp/swctr-service-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw EngineError(.internal, message: "no temporary folder") }
        return String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
    }

    private static func remove(_ path: String) {
        do {
            try FileManager.default.removeItem(atPath: path)
        } catch {
            Issue.record(error)
        }
    }
}
