import SwctrCore
import SwctrOCI
import SwctrProto
import SwctrRuntime
import SwiftProtobuf

/// What the manager is made of, in the words of containerd's plugins: for those who look whether a part works.
struct PluginList {
    let runtimes: RuntimeRegistry
    /// Snapshotters that work here.
    let snapshotters: [String]

    /// All parts, by type and id.
    func all() -> [Swctr_V1_Plugin] {
        var plugins: [Swctr_V1_Plugin] = []
        func add(_ type: String, _ id: String, requires: [String] = [], error: String = "") {
            plugins.append(
                .with {
                    $0.type = "io.containerd.\(type)"
                    $0.id = id
                    $0.platforms = type == "snapshotter.v1" ? ["\(Platform.host)"] : []
                    $0.requires = requires.map { "io.containerd.\($0)" }
                    $0.error = error
                })
        }
        add("content.v1", "content")
        add("metadata.v1", "sqlite", requires: ["content.v1", "snapshotter.v1"])
        add("event.v1", "exchange")
        for name in ["native", "overlayfs"] {
            let works = snapshotters.contains(name)
            add("snapshotter.v1", name, error: works ? "" : "does not work on this host; the manager's log says why")
        }
        for name in runtimes.knownNames {
            do throws(EngineError) {
                let found = try runtimes.resolve(name)
                add("runtime.v2", name)
                plugins[plugins.count - 1].exports = ["shim": found.shim, "options": found.optionsType]
            } catch {
                add("runtime.v2", name, error: error.description)
            }
        }
        for service in ["containers", "content", "events", "images", "namespaces", "snapshots", "tasks", "engine"] {
            add("ttrpc.v1", service)
        }
        return plugins.sorted { ($0.type, $0.id) < ($1.type, $1.id) }
    }
}
