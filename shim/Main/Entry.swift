import CShim

/// Called by C's `main`.
@c(shim_main)
public func shimMain(_ count: Int32, _ words: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?) -> Int32 {
    var texts: [Text] = []
    var index = 1
    while index < Int(count), let word = words?[index] {
        texts.append(Text(word))
        index += 1
    }
    switch Arguments.parse(texts) {
    case .failure(let failure):
        complain(failure.message)
        return 1
    case .success(let arguments):
        // The other actions are on the way to a container, whose processes would inherit it (docs/shim.md).
        if arguments.action == .version || arguments.action == .info { _ = shim_renounce_new_privileges() }
        switch arguments.action {
        case .version: return InfoCommand.printVersion()
        case .info: return InfoCommand.printInfo()
        case .start:
            var command = StartCommand(arguments)
            return command.run()
        case .delete: return DeleteCommand(arguments).run()
        case .serve: return serve(arguments)
        }
    }
}

/// One line on stderr, in the form that containerd's own shims use.
func complain(_ message: Text) {
    _ = Files.writeAll(2, ("io.containerd.swctr.v2: " + message + "\n").bytes)
}

private func serve(_ arguments: Arguments) -> Int32 {
    do throws(SystemError) {
        let server = try Server(arguments)
        server.run()
        // Still in hand when the process ends: to a sanitizer, what is out of reach then has leaked.
        withExtendedLifetime(server) { exit(0) }
    } catch {
        complain(error.text)
        return 1
    }
}
