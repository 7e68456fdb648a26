import Glibc

/// One option, flag or argument, without its type.
struct Declaration {
    enum Kind { case flag, option, argument }

    enum Occurrence {
        /// Must be there.
        case required
        case optional
        /// May be there any number of times.
        case any
        /// The same, and must be there once.
        case some
    }

    var kind: Kind
    /// Every spelling, with its dashes; none for an argument.
    var names: [String]
    /// What help calls the value; empty for a flag.
    var valueName: String
    var help: String
    var occurrence: Occurrence
    /// Whether a word that looks like an option may be the value.
    var takesDashes = false
    var completion = CompletionKind.files
    /// Values that there are, where they can be counted.
    var values: () -> [String] = { [] }
    /// What holds where nothing is given; empty for nothing.
    var standard: () -> String = { "" }
    /// Title of the group that it belongs to; empty for the command's own.
    var section = ""
    /// Reads a word and keeps the value; false for a word that is none.
    var take: (String) -> Bool

    var isRepeating: Bool { occurrence == .any || occurrence == .some }
    var isRequired: Bool { occurrence == .required || occurrence == .some }

    /// As it is called in messages: `--cwd <path>`, `<id>`.
    var title: String {
        switch kind {
        case .flag: longName
        case .option: "\(longName) <\(valueName)>"
        case .argument: "<\(valueName)>"
        }
    }

    /// The first long spelling, if there is one.
    private var longName: String { names.first { $0.utf8.count > 2 } ?? names[0] }
}

/// Where a value lies between the command line's being read and the command's being run: copies of a command share it.
final class Box<Value> {
    var value: Value?
    init(_ value: Value?) { self.value = value }

    /// - Precondition: the command line was read, where there is no default.
    var read: Value {
        guard let value else { preconditionFailure("an argument was read before the command line") }
        return value
    }
}

/// What one command declares, collected while an instance of it is made: each of its property wrappers enters itself.
final class Registration {
    fileprivate(set) var declarations: [Declaration] = []
    /// What its groups have to say when all values are there.
    fileprivate(set) var validations: [() -> ValidationError?] = []
    fileprivate var section = ""

    /// Of the thread, since wrappers are made without arguments that could carry it.
    private static let key: pthread_key_t = {
        var key = pthread_key_t()
        pthread_key_create(&key, nil)
        return key
    }()

    /// The one that is being filled on this thread; nil for an instance that is not made to read a command line.
    private static var current: Registration? {
        guard let pointer = pthread_getspecific(key) else { return nil }
        return Unmanaged<Registration>.fromOpaque(pointer).takeUnretainedValue()
    }

    /// A new instance, and what it declared.
    static func make(_ type: any ParsableCommand.Type) -> (any ParsableCommand, Registration) {
        let registration = Registration()
        let outer = pthread_getspecific(key)
        pthread_setspecific(key, Unmanaged.passUnretained(registration).toOpaque())
        let command = type.init()
        pthread_setspecific(key, outer)
        return (command, registration)
    }

    static func add(_ declaration: Declaration) {
        guard let current else { return }
        current.declarations.append(declaration)
        current.declarations[current.declarations.count - 1].section = current.section
    }

    /// Makes a group; what it declares belongs to `title`, or to the group around it where that is empty.
    static func group<Group: ParsableArguments>(_ title: String, _: Group.Type) -> Group {
        guard let current else { return Group() }
        let outer = current.section
        if !title.isEmpty { current.section = title }
        let group = Group()
        current.section = outer
        // The compiler (6.3) does not take a closure that throws a typed error here.
        current.validations.append {
            do throws(ValidationError) { try group.validate() } catch { return error }
            return nil
        }
        return group
    }
}
