import Glibc
import SwctrLinux
import Testing

@Suite("FIFOs")
struct FIFOTests {
    /// A folder of its own, removed with its contents.
    private func withPath(_ body: (String) throws -> Void) throws {
        var template = Array("/tmp/swctr-fifo-XXXXXX".utf8CString)
        guard let folder = mkdtemp(&template).map({ String(cString: $0) }) else { return }
        defer {
            unlink("\(folder)/f")
            rmdir(folder)
        }
        try body("\(folder)/f")
    }

    @Test("the writing end opens when a reader comes, without anybody waiting in between")
    func opening() throws {
        try withPath { path in
            try FIFO.make(at: path)
            var opening = try FIFOWriterOpening(at: path)
            var set = PollSet()
            let slot = set.add(opening.descriptor, .readable)
            #expect(try !set.wait(.milliseconds(20)))
            let reader = try FIFO.openReader(at: path)
            #expect(try set.wait(.seconds(10)))
            #expect(set.isReadable(slot))
            let writer = try opening.take()
            #expect(Glibc.write(writer.number, "x", 1) == 1)
            var byte: UInt8 = 0
            #expect(Glibc.read(reader.number, &byte, 1) == 1)
        }
    }

    @Test("an opening that nobody waits for any more lets its thread go")
    func abandoned() throws {
        try withPath { path in
            try FIFO.make(at: path)
            do { _ = try FIFOWriterOpening(at: path) }
            // Nobody holds the writing end: a reader's read finds the end at once.
            let reader = try FIFO.openReader(at: path)
            var byte: UInt8 = 0
            #expect(Glibc.read(reader.number, &byte, 1) == 0)
        }
    }

    @Test("an opening of what does not exist says so")
    func missing() throws {
        var opening = try FIFOWriterOpening(at: "/nonexistent/fifo")
        var set = PollSet()
        _ = set.add(opening.descriptor, .readable)
        #expect(try set.wait(.seconds(10)))
        #expect(throws: (any Error).self) { _ = try opening.take() }
    }

    @Test("splice moves between pipes and never waits")
    func splicing() throws {
        let from = try Pipe()
        let to = try Pipe()
        #expect(splice(from: from.reader.number, to: to.writer.number, length: 100) == .wouldBlock)
        #expect(Glibc.write(from.writer.number, "hello", 5) == 5)
        #expect(splice(from: from.reader.number, to: to.writer.number, length: 100) == .moved(5))
        _ = from.reader.number
    }
}
