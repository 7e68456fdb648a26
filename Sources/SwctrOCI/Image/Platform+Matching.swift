extension Platform {
    /// How well something built for `other` runs here: 0 is exact, larger is worse, nil is not at all.
    ///
    /// A newer processor runs what was built for older ones, and the 64-bit ones run their 32-bit kin
    /// (containerd/platforms: compare.go, `Only`).
    public func rank(of other: Platform) -> Int? {
        guard os == other.os else { return nil }
        return runnable.firstIndex { $0 == (other.architecture, other.variant) }
    }

    /// Whether something built for `other` runs here at all.
    public func matches(_ other: Platform) -> Bool { rank(of: other) != nil }

    /// The best of `candidates`, or nil. Of equals the first one wins, as it does in an index.
    public func best<Candidate>(
        of candidates: [Candidate], platform: (Candidate) -> Platform?
    ) -> Candidate? {
        var best: (rank: Int, candidate: Candidate)?
        for candidate in candidates {
            guard let offered = platform(candidate), let rank = rank(of: offered) else { continue }
            if best.map({ rank < $0.rank }) ?? true { best = (rank, candidate) }
        }
        return best?.candidate
    }

    /// Architectures and variants that run here, best first.
    private var runnable: [(String, String)] {
        var list = [(architecture, variant)]
        switch architecture {
        case "amd64":
            if let level = Int(variant.dropFirst()), level > 1 {
                list += (1..<level).reversed().map { ("amd64", $0 == 1 ? "" : "v\($0)") }
            }
            list.append(("386", ""))
        case "arm64":
            if !variant.isEmpty { list.append(("arm64", "")) }
            list += [8, 7, 6, 5].map { ("arm", "v\($0)") }
        case "arm":
            if let level = Int(variant.dropFirst()), level > 5 {
                list += (5..<level).reversed().map { ("arm", "v\($0)") }
            }
        default: break
        }
        return list
    }
}
