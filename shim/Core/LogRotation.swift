/// When a log's file is full, and what its files are called then.
struct LogRotation: Equatable {
    /// Bytes that a file may hold; 0 is no limit.
    var maximumSize = 0
    /// Files that are kept, the one that is written among them.
    var maximumFiles = 1

    /// True if `line` more bytes do not belong into a file that has `size`. An empty file takes any line.
    func isDue(size: Int, line: Int) -> Bool {
        maximumSize > 0 && size > 0 && size + line > maximumSize
    }

    /// The longest text that one line may have: readers expect no longer ones, and it has to fit into a file.
    var longestText: Int {
        maximumSize > 0 ? min(LogLine.longestText, maximumSize - LogLine.overhead) : LogLine.longestText
    }

    /// What is renamed to what, in this order, to free `path` for a new file: `path.1` is the newest of the full ones.
    /// Empty if no full file is kept.
    func renames(of path: Text) -> [(old: Text, new: Text)] {
        (1..<max(1, maximumFiles)).reversed().map { number in
            (number == 1 ? path : "\(path).\(number - 1)", "\(path).\(number)")
        }
    }
}
