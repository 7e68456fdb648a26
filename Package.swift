// swift-tools-version: 6.2
// Targets in layer order: a target names only targets above it in this file.
import PackageDescription

let settings: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .treatAllWarnings(as: .error),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
]

/// The client starts fast because nothing is left to the dynamic linker (release builds only: needs the static stdlib).
let staticExecutable: [LinkerSetting] = [
    .unsafeFlags(["-static-executable", "-Xlinker", "-s", "-Xlinker", "--gc-sections"], .when(configuration: .release))
]

let protobuf = Target.Dependency.product(name: "SwiftProtobuf", package: "swift-protobuf")
let log = Target.Dependency.product(name: "Logging", package: "swift-log")
let nio: [Target.Dependency] = [
    .product(name: "NIOCore", package: "swift-nio"),
    .product(name: "NIOPosix", package: "swift-nio"),
]
let grdb = Target.Dependency.product(name: "GRDB", package: "GRDB.swift")

let package = Package(
    name: "swctr",
    products: [
        .executable(name: "swctr", targets: ["swctr"]),
        .executable(name: "swctrd", targets: ["swctrd"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-nio.git", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-protobuf.git", from: "1.39.0"),
        .package(url: "https://github.com/apple/swift-log.git", from: "1.16.2"),
        .package(url: "https://github.com/groue/GRDB.swift.git", from: "7.10.0"),
        .package(url: "https://github.com/LebJe/TOMLKit.git", from: "0.6.0"),
    ],
    targets: [
        // MARK: Layer 0: values
        .target(name: "SwctrCore", swiftSettings: settings),

        // MARK: Layer 1: the command line, the kernel, OCI documents, the wire
        .target(name: "SwctrArguments", swiftSettings: settings),
        .target(name: "CSwctrLinux"),
        .target(name: "SwctrLinux", dependencies: ["SwctrCore", "CSwctrLinux"], swiftSettings: settings),
        .target(name: "SwctrOCI", dependencies: ["SwctrCore"], swiftSettings: settings),
        // Generated from proto/ by `make protos`; never edited.
        .target(name: "SwctrProto", dependencies: [protobuf], swiftSettings: [.swiftLanguageMode(.v6)]),
        .target(
            name: "SwctrWire", dependencies: ["SwctrCore", "SwctrProto", protobuf], swiftSettings: settings),
        .target(
            name: "SwctrRPC",
            dependencies: ["SwctrCore", "SwctrLinux", "SwctrWire", "SwctrProto", protobuf, log] + nio,
            swiftSettings: settings),

        // MARK: Layer 2: stores and the runtime registry
        .systemLibrary(name: "CCrypto", path: "Sources/CCrypto", pkgConfig: "libcrypto"),
        .systemLibrary(name: "CISAL", path: "Sources/CISAL", pkgConfig: "libisal"),
        .systemLibrary(name: "CZstd", path: "Sources/CZstd", pkgConfig: "libzstd"),
        .systemLibrary(name: "CSeccomp", path: "Sources/CSeccomp", pkgConfig: "libseccomp"),
        .target(
            name: "SwctrSeccomp", dependencies: ["SwctrCore", "SwctrOCI", "CSwctrLinux", "CSeccomp"],
            swiftSettings: settings),
        .systemLibrary(name: "CSSL", path: "Sources/CSSL", pkgConfig: "libssl"),
        .target(
            name: "SwctrHTTP", dependencies: ["SwctrCore", "CSwctrLinux", "SwctrLinux", "CSSL"], swiftSettings: settings
        ),
        .target(
            name: "SwctrContent", dependencies: ["SwctrCore", "SwctrLinux", "CCrypto"], swiftSettings: settings),
        .target(
            name: "SwctrSnapshots", dependencies: ["SwctrCore", "CSwctrLinux", "SwctrLinux", "CISAL", "CZstd"],
            swiftSettings: settings),
        .target(name: "SwctrMetadata", dependencies: ["SwctrCore", grdb, log], swiftSettings: settings),
        .target(
            name: "SwctrRuntime", dependencies: ["SwctrCore", "SwctrLinux", "SwctrProto", protobuf],
            swiftSettings: settings),

        .target(
            name: "SwctrRegistry",
            dependencies: [
                "SwctrCore", "SwctrLinux", "SwctrOCI", "SwctrHTTP", "SwctrContent",
                .product(name: "TOMLKit", package: "TOMLKit"),
            ], swiftSettings: settings),

        // MARK: Layer 3: images and tasks
        .target(
            name: "SwctrImages",
            dependencies: [
                "SwctrCore", "SwctrLinux", "SwctrOCI", "SwctrHTTP", "SwctrRegistry", "SwctrContent", "SwctrSnapshots",
                "SwctrMetadata", log,
            ],
            swiftSettings: settings),
        .target(
            name: "SwctrTasks",
            dependencies: [
                "SwctrCore", "SwctrLinux", "SwctrOCI", "SwctrWire", "SwctrProto", "SwctrRPC", "SwctrMetadata",
                "SwctrRuntime", protobuf, log,
            ],
            swiftSettings: settings),

        // MARK: Layer 4: the engine: what a user calls a container
        .target(
            name: "SwctrEngine",
            dependencies: [
                "SwctrCore", "SwctrLinux", "SwctrOCI", "SwctrProto", "SwctrSnapshots", "SwctrMetadata", "SwctrRuntime",
                "SwctrSeccomp", "SwctrImages", "SwctrTasks", protobuf, log,
            ],
            swiftSettings: settings),

        // MARK: Layer 5: services and the client
        .target(
            name: "SwctrService",
            dependencies: [
                "SwctrEngine",
                "SwctrCore", "SwctrLinux", "SwctrOCI", "SwctrWire", "SwctrProto", "SwctrRPC", "SwctrContent",
                "SwctrSnapshots", "SwctrMetadata", "SwctrRuntime", "SwctrImages", "SwctrTasks", "SwctrHTTP",
                "SwctrRegistry",
                protobuf, log,
                .product(name: "TOMLKit", package: "TOMLKit"),
            ] + nio,
            swiftSettings: settings),
        .target(
            name: "SwctrClient",
            dependencies: ["SwctrCore", "CSwctrLinux", "SwctrLinux", "SwctrWire", "SwctrProto", protobuf],
            swiftSettings: settings),
        .target(
            name: "SwctrCommands",
            dependencies: [
                "SwctrArguments", "SwctrCore", "CSwctrLinux", "SwctrLinux", "SwctrOCI", "SwctrWire", "SwctrProto",
                "SwctrClient", protobuf,
            ],
            swiftSettings: settings),

        // MARK: Layer 6: programs, no logic of their own
        .executableTarget(
            name: "swctrd", dependencies: ["SwctrArguments", "SwctrCore", "SwctrService", log],
            swiftSettings: settings),
        .executableTarget(
            name: "swctr", dependencies: ["SwctrCommands"], swiftSettings: settings, linkerSettings: staticExecutable),

        // MARK: The shim's pure part, compiled a second time as an ordinary module so that tests reach it
        .target(name: "ShimCore", path: "shim/Core", swiftSettings: [.swiftLanguageMode(.v6)]),

        // MARK: Tests
        // The few calls that Glibc's module does not offer to the tests; apart from the product's own, which is tested.
        .target(name: "CTestSupport"),
        .target(
            name: "SwctrTestSupport", dependencies: ["CTestSupport", "SwctrProto", "SwctrWire", protobuf],
            swiftSettings: settings),
        .testTarget(
            name: "IntegrationTests",
            dependencies: ["SwctrTestSupport", "SwctrCore", "SwctrProto", "SwctrWire", protobuf],
            swiftSettings: settings),
        .testTarget(name: "SwctrArgumentsTests", dependencies: ["SwctrArguments"], swiftSettings: settings),
        .testTarget(name: "SwctrCoreTests", dependencies: ["SwctrCore"], swiftSettings: settings),
        .testTarget(
            name: "SwctrWireTests", dependencies: ["SwctrWire", "SwctrProto", "SwctrCore", protobuf],
            swiftSettings: settings),
        .testTarget(
            name: "SwctrRPCTests",
            dependencies: ["SwctrRPC", "SwctrWire", "SwctrProto", "SwctrLinux", "SwctrCore", protobuf, log] + nio,
            swiftSettings: settings),
        .testTarget(name: "SwctrOCITests", dependencies: ["SwctrCore", "SwctrOCI"], swiftSettings: settings),
        .testTarget(
            name: "SwctrSeccompTests", dependencies: ["SwctrCore", "SwctrOCI", "SwctrSeccomp"], swiftSettings: settings),
        .testTarget(
            name: "SwctrRuntimeTests", dependencies: ["SwctrCore", "SwctrProto", "SwctrRuntime", protobuf],
            swiftSettings: settings),
        .testTarget(name: "SwctrLinuxTests", dependencies: ["SwctrCore", "SwctrLinux"], swiftSettings: settings),
        .testTarget(
            name: "SwctrMetadataTests", dependencies: ["SwctrCore", "SwctrMetadata", log, grdb],
            exclude: ["Golden"], swiftSettings: settings),
        .testTarget(name: "SwctrHTTPTests", dependencies: ["SwctrCore", "SwctrHTTP"], swiftSettings: settings),
        .testTarget(
            name: "SwctrRegistryTests", dependencies: ["SwctrCore", "SwctrHTTP", "SwctrRegistry"],
            swiftSettings: settings),
        .testTarget(name: "SwctrContentTests", dependencies: ["SwctrCore", "SwctrContent"], swiftSettings: settings),
        .testTarget(
            name: "SwctrServiceTests",
            dependencies: [
                "SwctrService", "SwctrContent", "SwctrCore", "SwctrImages", "SwctrLinux", "SwctrMetadata", "SwctrProto",
                "SwctrRPC", "SwctrRuntime", "SwctrSnapshots", "SwctrWire", protobuf, log,
            ] + nio,
            swiftSettings: settings),
        .testTarget(
            name: "SwctrTasksTests",
            dependencies: [
                "SwctrCore", "SwctrLinux", "SwctrOCI", "SwctrWire", "SwctrProto", "SwctrRPC", "SwctrMetadata",
                "SwctrRuntime", "SwctrTasks", "SwctrTestSupport", protobuf, log,
            ] + nio,
            swiftSettings: settings),
        .testTarget(
            name: "SwctrSnapshotsTests",
            dependencies: ["SwctrCore", "CSwctrLinux", "SwctrLinux", "SwctrSnapshots", "SwctrTestSupport"],
            swiftSettings: settings),
        .testTarget(
            name: "SwctrClientTests",
            dependencies: ["SwctrClient", "SwctrCore", "SwctrLinux", "SwctrProto", "SwctrWire", protobuf],
            swiftSettings: settings),
        .testTarget(
            name: "SwctrCommandsTests",
            dependencies: [
                "SwctrArguments", "SwctrCommands", "SwctrClient", "SwctrCore", "SwctrLinux", "SwctrProto", protobuf,
            ],
            swiftSettings: settings),
        .testTarget(
            name: "SwctrImagesTests",
            dependencies: [
                "SwctrCore", "SwctrOCI", "SwctrContent", "SwctrSnapshots", "SwctrMetadata", "SwctrImages",
                "SwctrTestSupport", log,
            ], swiftSettings: settings),
        .testTarget(
            name: "SwctrEngineTests",
            dependencies: [
                "SwctrService", "SwctrCore", "SwctrLinux", "SwctrOCI", "SwctrProto", "SwctrRPC", "SwctrMetadata",
                "SwctrRuntime", "SwctrImages", "SwctrTasks", "SwctrEngine", "SwctrTestSupport", protobuf, log,
            ] + nio,
            swiftSettings: settings),
        .testTarget(name: "ShimCoreTests", dependencies: ["ShimCore"], swiftSettings: settings),
    ]
)
