import SwctrArguments
import SwctrClient
import SwctrCore
import SwctrProto
import SwctrWire

struct ContentGet: ClientCommand {
    static let configuration = CommandConfiguration(
        abstract: "Write a blob to standard output")

    @OptionGroup(title: "Global options")
    var global: GlobalOptions

    @Argument("digest", help: "Digest, sha256:….")
    var digest: String

    var action: Action { Action("get", digest) }

    func execute() throws(EngineError) -> Int32 {
        var request = Swctr_V1_ReadContentRequest()
        request.digest = try Digest(digest).description
        try global.connect().stream(
            ServiceName.content, "Read", request, returning: Swctr_V1_ReadContentResponse.self
        ) { part throws(EngineError) in
            try emit([UInt8](part.data))
        }
        return 0
    }
}
