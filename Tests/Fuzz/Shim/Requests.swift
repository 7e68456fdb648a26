import CShim

/// Every message that the shim decodes, by the input's first byte: read as the server reads it, written, read again.
func fuzzRequests(_ input: Text) {
    guard let first = input.bytes.first else { return }
    let body = Array(input.bytes.dropFirst())
    switch first % 24 {
    case 0:
        again(body, ttrpc__request__unpack, ttrpc__request__free_unpacked) { _ = Text($0.service) + Text($0.method) }
    case 1:
        again(body, ttrpc__response__unpack, ttrpc__response__free_unpacked) { _ = Text($0.status?.pointee.message) }
    case 2:
        again(
            body, containerd__task__v2__create_task_request__unpack,
            containerd__task__v2__create_task_request__free_unpacked
        ) {
            read($0)
        }
    case 3:
        again(body, containerd__task__v2__start_request__unpack, containerd__task__v2__start_request__free_unpacked) {
            _ = Text($0.id)
        }
    case 4:
        again(body, containerd__task__v2__delete_request__unpack, containerd__task__v2__delete_request__free_unpacked) {
            _ = Text($0.id)
        }
    case 5:
        again(body, containerd__task__v2__pids_request__unpack, containerd__task__v2__pids_request__free_unpacked) {
            _ = Text($0.id)
        }
    case 6:
        again(body, containerd__task__v2__pause_request__unpack, containerd__task__v2__pause_request__free_unpacked) {
            _ = Text($0.id)
        }
    case 7:
        again(body, containerd__task__v2__resume_request__unpack, containerd__task__v2__resume_request__free_unpacked) {
            _ = Text($0.id)
        }
    case 8:
        again(
            body, containerd__task__v2__checkpoint_task_request__unpack,
            containerd__task__v2__checkpoint_task_request__free_unpacked
        ) { _ = Text($0.path) }
    case 9:
        again(body, containerd__task__v2__kill_request__unpack, containerd__task__v2__kill_request__free_unpacked) {
            plant(when: Text($0.exec_id) == "e" && $0.signal > 9)
        }
    case 10:
        again(
            body, containerd__task__v2__exec_process_request__unpack,
            containerd__task__v2__exec_process_request__free_unpacked
        ) {
            guard let spec = $0.spec else { return }
            _ = ExecSpec.setting(terminal: $0.terminal != 0, in: Text([UInt8](spec.pointee.value)))
        }
    case 11:
        again(
            body, containerd__task__v2__resize_pty_request__unpack,
            containerd__task__v2__resize_pty_request__free_unpacked
        ) { _ = UInt16(truncatingIfNeeded: $0.height) }
    case 12:
        again(body, containerd__task__v2__close_iorequest__unpack, containerd__task__v2__close_iorequest__free_unpacked)
        { _ = Text($0.exec_id) }
    case 13:
        again(
            body, containerd__task__v2__update_task_request__unpack,
            containerd__task__v2__update_task_request__free_unpacked
        ) {
            _ = $0.resources.map { [UInt8]($0.pointee.value) }
        }
    case 14:
        again(body, containerd__task__v2__wait_request__unpack, containerd__task__v2__wait_request__free_unpacked) {
            _ = Text($0.exec_id)
        }
    case 15:
        again(body, containerd__task__v2__stats_request__unpack, containerd__task__v2__stats_request__free_unpacked) {
            _ = Text($0.id)
        }
    case 16:
        again(body, containerd__task__v2__connect_request__unpack, containerd__task__v2__connect_request__free_unpacked)
        { _ = Text($0.id) }
    case 17:
        again(
            body, containerd__task__v2__shutdown_request__unpack, containerd__task__v2__shutdown_request__free_unpacked
        ) { _ = Text($0.id) }
    case 18:
        again(body, containerd__task__v2__state_request__unpack, containerd__task__v2__state_request__free_unpacked) {
            _ = Text($0.id)
        }
    case 19:
        again(
            body, containerd__runtime__bootstrap__v1__bootstrap_params__unpack,
            containerd__runtime__bootstrap__v1__bootstrap_params__free_unpacked
        ) {
            for index in 0..<$0.n_extensions { options($0.extensions?[index]?.pointee.value) }
        }
    case 20:
        again(body, google__protobuf__any__unpack, google__protobuf__any__free_unpacked) {
            var any = $0
            withUnsafeMutablePointer(to: &any) { options($0) }
        }
    case 21:
        again(body, containerd__runc__v1__options__unpack, containerd__runc__v1__options__free_unpacked) {
            _ = Text($0.binary_name)
        }
    case 22:
        again(
            body, containerd__linux__runc__create_options__unpack,
            containerd__linux__runc__create_options__free_unpacked
        ) { _ = Text($0.shim_cgroup) }
    default:
        again(body, containerd__types__mount__unpack, containerd__types__mount__free_unpacked) { _ = options(of: $0) }
    }
}

private func read(_ request: Containerd__Task__V2__CreateTaskRequest) {
    options(request.options)
    for index in 0..<request.n_rootfs { _ = request.rootfs?[index].map { options(of: $0.pointee) } }
}

private func options(of mount: Containerd__Types__Mount) -> Int {
    (0..<mount.n_options).filter { !Text(mount.options?[$0]).isEmpty }.count
}

private func options(_ any: UnsafeMutablePointer<Google__Protobuf__Any>?) {
    if case .success(let options) = RuntimeOptions.decode(any) { _ = RuntimeOptions(json: options.json) }
}

/// Decodes, hands over, encodes, and does so again with the result, which then does not change any more.
private func again<Message>(
    _ bytes: [UInt8], _ unpack: @escaping Decoded<Message>.Unpack, _ release: @escaping Decoded<Message>.Release,
    _ use: (Message) -> Void
) {
    guard let decoded = Decoded(bytes, unpack, release) else { return }
    var message = decoded.value
    use(message)
    let written = packed(&message)
    // protobuf-c keeps unknown fields of the number 0 if it is spelled in two bytes, and then does not read its own.
    guard let second = Decoded(written, unpack, release) else { return }
    var same = second.value
    require(packed(&same) == written, "a message changes when it is read and written")
}
