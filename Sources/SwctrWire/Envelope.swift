public import SwctrProto
public import SwiftProtobuf

extension Ttrpc_Request {
    /// The envelope of one call.
    ///
    /// - Parameters:
    ///   - timeout: sent as a relative deadline in nanoseconds; nil and anything below one nanosecond send none.
    ///   - metadata: keys in lower case; sent in key order, so that equal calls are equal bytes.
    /// - Throws: what SwiftProtobuf says about a message that cannot be encoded.
    public init(
        service: String, method: String, message: some Message, timeout: Duration? = nil,
        metadata: [String: String] = [:]
    ) throws {
        self.init()
        self.service = service
        self.method = method
        payload = try message.serializedBytes()
        timeoutNano = timeout?.wireNanoseconds ?? 0
        self.metadata = metadata.sorted { $0.key < $1.key }.map { key, value in
            var pair = Ttrpc_KeyValue()
            pair.key = key
            pair.value = value
            return pair
        }
    }

    /// The relative deadline; nil when there is none. A negative one has passed already.
    public var timeout: Duration? { timeoutNano == 0 ? nil : .nanoseconds(timeoutNano) }

    /// Values by key, in the order in which they came.
    public var metadataLists: [String: [String]] {
        var lists: [String: [String]] = [:]
        for pair in metadata { lists[pair.key, default: []].append(pair.value) }
        return lists
    }
}

extension Duration {
    /// Whole nanoseconds, cut to what fits.
    var wireNanoseconds: Int64 {
        let (seconds, attoseconds) = components
        let (product, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        if overflow { return seconds < 0 ? .min : .max }
        let (sum, carry) = product.addingReportingOverflow(attoseconds / 1_000_000_000)
        return carry ? (seconds < 0 ? .min : .max) : sum
    }
}
