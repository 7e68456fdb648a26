import CFuzz
import CShim

/// The C module: a console socket's message with any number of descriptors, and paths of any length.
func fuzzDescriptors(_ input: Text) {
    var address = sockaddr_un()
    let fits = input.withCString { shim_unix_address(&address, $0) } == 0
    let length = input.bytes.firstIndex(of: 0) ?? input.count
    require(fits == (length <= ShimAddress.maximumPathLength), "a path fits or does not, and the call says otherwise")

    var ends: (Int32, Int32) = (-1, -1)
    let isMade = withUnsafeMutableBytes(of: &ends) { buffer in
        socketpair(AF_UNIX, SOCK_STREAM, 0, buffer.baseAddress?.assumingMemoryBound(to: Int32.self))
    }
    guard isMade == 0 else { return }
    var reader = OwnedFD(adopting: ends.0)
    var writer = OwnedFD(adopting: ends.1)
    let count = Int32(input.bytes.first.map { $0 % 9 } ?? 0)
    let before = lowestFree()
    let isSent = input.withCString { fuzz_send_descriptors(writer.raw, $0, input.count, count) }
    if isSent == 0 {
        let received = shim_receive_descriptor(reader.raw)
        // The call's own room takes four; more are cut off by the kernel, which closes the rest.
        require((received >= 0) == (count > 0 && !input.isEmpty), "a descriptor is lost or invented")
        plant(when: count == 7 && input.count > 1)
        if received >= 0 { _ = close(received) }
    }
    require(lowestFree() == before, "a descriptor was left open")
    reader.close()
    writer.close()
}

private func lowestFree() -> Int32 {
    let number = dup(0)
    _ = close(number)
    return number
}
