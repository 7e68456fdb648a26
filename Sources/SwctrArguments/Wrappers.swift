/// How an option finds its value.
public enum ValueParsing: Sendable {
    /// The next word, unless it looks like an option; `--name=-x` passes one that does.
    case next
    /// The next word, whatever it is.
    case unconditional
}

/// An option with a value: `--name VALUE`, `--name=VALUE`, `-n VALUE`, `-nVALUE`.
///
/// The type of the property says how often it may be given: `T` with a default or an optional once, without a default
/// exactly once, `[T]` any number of times.
@propertyWrapper
public struct Option<Value> {
    // A constraint stands on the initializers alone: one on the type would be looked up among all conformances of the
    // program whenever the type is made, which is slow.
    private let box: Box<Value>
    public var wrappedValue: Value { box.read }

    /// Of a value with a default.
    public init(
        wrappedValue: Value, _ names: String..., valueName: String, parsing: ValueParsing = .next, help: String,
        completion: CompletionKind = .files
    ) where Value: ExpressibleByArgument {
        box = Box(wrappedValue)
        let box = box
        add(
            names, valueName, parsing, help, completion, .optional, Value.self, { wrappedValue.defaultValueDescription }
        ) {
            box.value = $0
        }
    }

    /// Of a value that must be given.
    public init(
        _ names: String..., valueName: String, parsing: ValueParsing = .next, help: String,
        completion: CompletionKind = .files
    ) where Value: ExpressibleByArgument {
        box = Box(nil)
        let box = box
        add(names, valueName, parsing, help, completion, .required, Value.self) { box.value = $0 }
    }

    /// Of a value that may be missing.
    public init<Wrapped: ExpressibleByArgument>(
        _ names: String..., valueName: String, parsing: ValueParsing = .next, help: String,
        completion: CompletionKind = .files
    ) where Value == Wrapped? {
        box = Box(.some(nil))
        let box = box
        add(names, valueName, parsing, help, completion, .optional, Wrapped.self) { box.value = .some($0) }
    }

    /// Of any number of values.
    public init<Element: ExpressibleByArgument>(
        wrappedValue: [Element], _ names: String..., valueName: String, parsing: ValueParsing = .next, help: String,
        completion: CompletionKind = .files
    ) where Value == [Element] {
        box = Box(wrappedValue)
        let box = box
        add(names, valueName, parsing, help, completion, .any, Element.self) { box.value?.append($0) }
    }

    private func add<Element: ExpressibleByArgument>(
        _ names: [String], _ valueName: String, _ parsing: ValueParsing, _ help: String, _ completion: CompletionKind,
        _ occurrence: Declaration.Occurrence, _: Element.Type, _ standard: @escaping () -> String = { "" },
        _ keep: @escaping (Element) -> Void
    ) {
        Registration.add(
            Declaration(
                kind: .option, names: names, valueName: valueName, help: help, occurrence: occurrence,
                takesDashes: parsing == .unconditional, completion: completion, values: { Element.allValueStrings },
                standard: standard, take: reader(keep)))
    }
}

/// A flag without a value: `--name`, `-n`, or several in one word as in `-it`.
@propertyWrapper
public struct Flag {
    private let box: Box<Bool>
    public var wrappedValue: Bool { box.read }

    public init(wrappedValue: Bool, _ names: String..., help: String) {
        box = Box(wrappedValue)
        let box = box
        Registration.add(
            Declaration(kind: .flag, names: names, valueName: "", help: help, occurrence: .any) { _ in
                box.value = true
                return true
            })
    }
}

/// A positional argument. The type of the property says how often it must be given, as with `Option`; an array takes all
/// that are left and stands last.
@propertyWrapper
public struct Argument<Value> {
    private let box: Box<Value>
    public var wrappedValue: Value { box.read }

    /// Of a value with a default.
    public init(
        wrappedValue: Value, _ valueName: String, help: String, completion: CompletionKind = .files
    ) where Value: ExpressibleByArgument {
        box = Box(wrappedValue)
        let box = box
        add(valueName, help, completion, .optional, Value.self, { wrappedValue.defaultValueDescription }) {
            box.value = $0
        }
    }

    /// Of a value that must be given.
    public init(
        _ valueName: String, help: String, completion: CompletionKind = .files
    ) where Value: ExpressibleByArgument {
        box = Box(nil)
        let box = box
        add(valueName, help, completion, .required, Value.self) { box.value = $0 }
    }

    /// Of a value that may be missing.
    public init<Wrapped: ExpressibleByArgument>(
        _ valueName: String, help: String, completion: CompletionKind = .files
    ) where Value == Wrapped? {
        box = Box(.some(nil))
        let box = box
        add(valueName, help, completion, .optional, Wrapped.self) { box.value = .some($0) }
    }

    /// Of any number of values.
    public init<Element: ExpressibleByArgument>(
        wrappedValue: [Element], _ valueName: String, help: String, completion: CompletionKind = .files
    ) where Value == [Element] {
        box = Box(wrappedValue)
        let box = box
        add(valueName, help, completion, .any, Element.self) { box.value?.append($0) }
    }

    /// Of at least one value.
    public init<Element: ExpressibleByArgument>(
        _ valueName: String, help: String, completion: CompletionKind = .files
    ) where Value == [Element] {
        box = Box([])
        let box = box
        add(valueName, help, completion, .some, Element.self) { box.value?.append($0) }
    }

    private func add<Element: ExpressibleByArgument>(
        _ valueName: String, _ help: String, _ completion: CompletionKind, _ occurrence: Declaration.Occurrence,
        _: Element.Type, _ standard: @escaping () -> String = { "" }, _ keep: @escaping (Element) -> Void
    ) {
        Registration.add(
            Declaration(
                kind: .argument, names: [], valueName: valueName, help: help, occurrence: occurrence,
                completion: completion, values: { Element.allValueStrings }, standard: standard, take: reader(keep)))
    }
}

/// Options and arguments that commands share.
@propertyWrapper
public struct OptionGroup<Value> {
    public let wrappedValue: Value

    /// - Parameter title: of the section of help that they stand in; without one they stand among the command's own.
    public init(title: String = "") where Value: ParsableArguments {
        wrappedValue = Registration.group(title, Value.self)
    }
}

private func reader<Element: ExpressibleByArgument>(_ keep: @escaping (Element) -> Void) -> (String) -> Bool {
    { text in
        guard let element = Element(argument: text) else { return false }
        keep(element)
        return true
    }
}
