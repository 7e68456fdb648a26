import Testing

/// Tests that start containers run one after the other: together they would measure the machine's patience.
@Suite("Tasks", .serialized, .enabled(if: !ShimKind.installed.isEmpty, "needs root and a shim"))
enum RealShims {}
