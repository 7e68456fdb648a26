import Foundation
import Glibc
import SwctrCore
import SwctrLinux
import SwctrOCI

/// Classes of block I/O (goresctrl's file): names for limits and weights on devices that are matched by path.
struct BlockIOClasses {
    private struct File: Decodable {
        var Classes: [String: [Parameters]]
    }

    private struct Parameters: Decodable {
        var Devices: [String]?
        var Weight: JSONDocument?
        var ThrottleReadBps: JSONDocument?
        var ThrottleWriteBps: JSONDocument?
        var ThrottleReadIOPS: JSONDocument?
        var ThrottleWriteIOPS: JSONDocument?
    }

    private let classes: [String: [Parameters]]

    /// - Parameter document: YAML or JSON.
    init(_ document: Data) throws(EngineError) {
        let tree = try YAMLReader.read(String(decoding: document, as: UTF8.self), name: "blockio-config-file")
        do { classes = try JSONDecoder().decode(File.self, from: try JSONEncoder().encode(tree)).Classes } catch {
            throw EngineError(
                .invalidArgument, subject: "blockio-config-file",
                message: "has no Classes of Devices, Weight and Throttle… values", causes: ["\(error)"])
        }
    }

    /// What a class comes to on this host's devices.
    func resolved(_ name: String) throws(EngineError) -> Linux.BlockIO {
        guard let list = classes[name] else {
            throw EngineError(
                .notFound, subject: "blockio-class \"\(name)\"",
                message: "not found, the file has \(classes.keys.sorted().joined(separator: ", "))")
        }
        var result = Linux.BlockIO()
        for parameters in list {
            let weight = try number(parameters.Weight, "Weight").map { UInt16(clamping: $0) }
            guard let patterns = parameters.Devices, !patterns.isEmpty else {
                if let weight { result.weight = weight }
                continue
            }
            for (major, minor) in try devices(patterns) {
                if let weight {
                    result.weightDevice =
                        (result.weightDevice ?? []) + [.init(major: major, minor: minor, weight: weight)]
                }
                func add(
                    _ value: JSONDocument?, _ name: String,
                    _ path: WritableKeyPath<Linux.BlockIO, [Linux.ThrottleDevice]?>
                ) throws(EngineError) {
                    guard let rate = try number(value, name) else { return }
                    result[keyPath: path] =
                        (result[keyPath: path] ?? []) + [.init(major: major, minor: minor, rate: rate)]
                }
                try add(parameters.ThrottleReadBps, "ThrottleReadBps", \.throttleReadBpsDevice)
                try add(parameters.ThrottleWriteBps, "ThrottleWriteBps", \.throttleWriteBpsDevice)
                try add(parameters.ThrottleReadIOPS, "ThrottleReadIOPS", \.throttleReadIOPSDevice)
                try add(parameters.ThrottleWriteIOPS, "ThrottleWriteIOPS", \.throttleWriteIOPSDevice)
            }
        }
        return result
    }

    private func number(_ value: JSONDocument?, _ name: String) throws(EngineError) -> UInt64? {
        switch value {
        case nil, .null: return nil
        case .integer(let number) where number >= 0: return UInt64(number)
        case .string(let text):
            // 60M, 1Gi: decimal and binary multiples.
            let digits = text.prefix { $0.isNumber }
            let factors: [String: UInt64] = [
                "": 1, "k": 1000, "K": 1000, "M": 1_000_000, "G": 1_000_000_000, "Ki": 1 << 10, "Mi": 1 << 20,
                "Gi": 1 << 30,
            ]
            if let number = UInt64(digits), let factor = factors[String(text.dropFirst(digits.count))] {
                let (product, overflow) = number.multipliedReportingOverflow(by: factor)
                if !overflow { return product }
            }
        default: break
        }
        throw EngineError(
            .invalidArgument, subject: "blockio-config-file", message: "\(name) is no number such as 100 or 60M")
    }

    /// Numbers of the block devices that the patterns match; links are followed.
    private func devices(_ patterns: [String]) throws(EngineError) -> [(Int64, Int64)] {
        var found: [(Int64, Int64)] = []
        for pattern in patterns {
            var matches = glob_t()
            defer { globfree(&matches) }
            guard glob(pattern, 0, nil, &matches) == 0 else { continue }
            for index in 0..<Int(matches.gl_pathc) {
                guard let entry = matches.gl_pathv[index], let path = realpath(entry, nil) else { continue }
                defer { free(path) }
                for node in try DeviceNode.named(String(cString: path)) where node.type == "b" {
                    if !found.contains(where: { $0 == (node.major, node.minor) }) {
                        found.append((node.major, node.minor))
                    }
                }
            }
        }
        return found
    }
}
