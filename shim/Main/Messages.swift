import CShim

/// A message as protobuf-c decoded it, given back at the end of its scope.
struct Decoded<Message>: ~Copyable {
    private let pointer: UnsafeMutablePointer<Message>
    private let release: (UnsafeMutablePointer<Message>?, UnsafeMutablePointer<ProtobufCAllocator>?) -> Void

    typealias Unpack = (UnsafeMutablePointer<ProtobufCAllocator>?, Int, UnsafePointer<UInt8>?) ->
        UnsafeMutablePointer<Message>?
    typealias Release = (UnsafeMutablePointer<Message>?, UnsafeMutablePointer<ProtobufCAllocator>?) -> Void

    /// Nil if the bytes are not such a message.
    init?(_ bytes: [UInt8], _ unpack: Unpack, _ release: @escaping Release) {
        // An empty message is valid, but an empty array need not have an address.
        let message = bytes.withUnsafeBufferPointer { buffer in
            var nothing: UInt8 = 0
            return withUnsafePointer(to: &nothing) { unpack(nil, buffer.count, buffer.baseAddress ?? $0) }
        }
        guard let message else { return nil }
        pointer = message
        self.release = release
    }

    var value: Message { pointer.pointee }

    deinit {
        release(pointer, nil)
    }
}

/// Memory that outgoing messages point into while they are packed.
final class Arena {
    private var blocks: [UnsafeMutableRawPointer] = []

    /// A NUL-terminated copy.
    func string(_ text: Text) -> UnsafeMutablePointer<CChar>? {
        let copy = text.withCString { strdup($0) }
        if let copy { blocks.append(UnsafeMutableRawPointer(copy)) }
        return copy
    }

    func data(_ bytes: [UInt8]) -> ProtobufCBinaryData {
        var result = ProtobufCBinaryData()
        guard !bytes.isEmpty, let copy = malloc(bytes.count) else { return result }
        blocks.append(copy)
        bytes.withUnsafeBytes { copy.copyMemory(from: $0.baseAddress ?? UnsafeRawPointer(copy), byteCount: $0.count) }
        result.len = bytes.count
        result.data = copy.assumingMemoryBound(to: UInt8.self)
        return result
    }

    /// A copy of any value at an address of its own.
    func place<T>(_ value: T) -> UnsafeMutablePointer<T> {
        let pointer = UnsafeMutablePointer<T>.allocate(capacity: 1)
        pointer.initialize(to: value)
        blocks.append(UnsafeMutableRawPointer(pointer))
        return pointer
    }

    /// The array of pointers that protobuf-c has for a repeated message.
    func pointers<T>(_ values: [T]) -> UnsafeMutablePointer<UnsafeMutablePointer<T>?>? {
        guard !values.isEmpty else { return nil }
        let list = UnsafeMutablePointer<UnsafeMutablePointer<T>?>.allocate(capacity: values.count)
        blocks.append(UnsafeMutableRawPointer(list))
        for (index, value) in values.enumerated() { (list + index).initialize(to: place(value)) }
        return list
    }

    func strings(_ values: [Text]) -> UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>? {
        guard !values.isEmpty else { return nil }
        let list = UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>.allocate(capacity: values.count)
        blocks.append(UnsafeMutableRawPointer(list))
        for (index, value) in values.enumerated() { (list + index).initialize(to: string(value)) }
        return list
    }

    func timestamp(_ moment: Moment) -> UnsafeMutablePointer<Google__Protobuf__Timestamp> {
        var message = Google__Protobuf__Timestamp()
        google__protobuf__timestamp__init(&message)
        message.seconds = moment.seconds
        message.nanos = moment.nanoseconds
        return place(message)
    }

    func any(_ typeURL: Text, _ value: [UInt8]) -> UnsafeMutablePointer<Google__Protobuf__Any> {
        var message = Google__Protobuf__Any()
        google__protobuf__any__init(&message)
        message.type_url = string(typeURL)
        message.value = data(value)
        return place(message)
    }

    deinit {
        for block in blocks { free(block) }
    }
}

/// The wire form of a protobuf-c message; every one of them begins with its `base`.
func packed<Message>(_ message: inout Message) -> [UInt8] {
    withUnsafeMutableBytes(of: &message) { storage in
        guard let base = storage.baseAddress?.assumingMemoryBound(to: ProtobufCMessage.self) else { return [] }
        let size = protobuf_c_message_get_packed_size(base)
        return [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
            count = size == 0 ? 0 : protobuf_c_message_pack(base, buffer.baseAddress)
        }
    }
}

extension Array where Element == UInt8 {
    /// Copies what a decoded message points at.
    init(_ data: ProtobufCBinaryData) {
        self.init(UnsafeBufferPointer(start: data.data, count: data.data == nil ? 0 : data.len))
    }
}

extension RuntimeOptions {
    /// Reads the options of Create or `start`; absent ones are the defaults. Only the type says how to read them.
    static func decode(_ any: UnsafeMutablePointer<Google__Protobuf__Any>?) -> Result<RuntimeOptions, RPCError> {
        guard let any else { return .success(RuntimeOptions()) }
        switch kind(typeURL: Text(any.pointee.type_url)) {
        case .failure(let error): return .failure(error)
        case .success(.defaults): return .success(RuntimeOptions())
        case .success(.linux): return decodeLinux([UInt8](any.pointee.value))
        case .success(.generic): return decodeGeneric([UInt8](any.pointee.value))
        case .success(.runc): break
        }
        guard
            let message = Decoded(
                [UInt8](any.pointee.value), containerd__runc__v1__options__unpack,
                containerd__runc__v1__options__free_unpacked)
        else {
            return .failure(.invalid("containerd.runc.v1.Options cannot be decoded"))
        }
        let value = message.value
        var options = RuntimeOptions()
        options.noPivotRoot = value.no_pivot_root != 0
        options.noNewKeyring = value.no_new_keyring != 0
        options.shimCgroup = Text(value.shim_cgroup)
        options.ioUID = value.io_uid
        options.ioGID = value.io_gid
        options.binaryName = Text(value.binary_name)
        options.root = Text(value.root)
        options.systemdCgroup = value.systemd_cgroup != 0
        options.taskAPIAddress = Text(value.task_api_address)
        options.taskAPIVersion = value.task_api_version
        options.criuImagePath = Text(value.criu_image_path)
        options.criuWorkPath = Text(value.criu_work_path)
        return .success(options)
    }

    /// A file counts more than what is sent with its path; a daemon sends only one of them.
    private static func decodeGeneric(_ bytes: [UInt8]) -> Result<RuntimeOptions, RPCError> {
        guard
            let message = Decoded(
                bytes, runtimeoptions__v1__options__unpack, runtimeoptions__v1__options__free_unpacked)
        else {
            return .failure(.invalid("runtimeoptions.v1.Options cannot be decoded"))
        }
        var source = Text(message.value.config_path)
        var document = Text(bytes: [UInt8](message.value.config_body))
        if source.isEmpty {
            source = "config_body"
        } else {
            guard source.hasPrefix("/") else { return .failure(.invalid("config_path \(source) must be absolute")) }
            guard let contents = Files.read(source, limit: configurationLimit) else {
                return .failure(.invalid(SystemError("config_path \(source)").text))
            }
            document = contents
        }
        var options = RuntimeOptions()
        if let error = options.read(toml: document, from: source) { return .failure(error) }
        return .success(options)
    }

    /// More is no configuration.
    private static var configurationLimit: Int { 1 << 20 }

    private static func decodeLinux(_ bytes: [UInt8]) -> Result<RuntimeOptions, RPCError> {
        guard
            let message = Decoded(
                bytes, containerd__linux__runc__create_options__unpack,
                containerd__linux__runc__create_options__free_unpacked)
        else {
            return .failure(.invalid("containerd.linux.runc.CreateOptions cannot be decoded"))
        }
        let value = message.value
        var options = RuntimeOptions()
        options.noPivotRoot = value.no_pivot_root != 0
        options.noNewKeyring = value.no_new_keyring != 0
        options.shimCgroup = Text(value.shim_cgroup)
        options.ioUID = value.io_uid
        options.ioGID = value.io_gid
        options.criuImagePath = Text(value.criu_image_path)
        options.criuWorkPath = Text(value.criu_work_path)
        return .success(options)
    }
}
