import Glibc
import SwctrCore
import SwctrLinux
import SwctrProto

/// A mount that the manager described: as a call, and as a line for the shell.
struct MountCommand {
    private let mount: Swctr_V1_Mount

    init(_ mount: Swctr_V1_Mount) { self.mount = mount }

    /// `mount -t overlay overlay /mnt -o lowerdir=…`.
    func line(at target: String) -> String {
        let options = mount.options.isEmpty ? "" : " -o \(Self.quoted(mount.options.joined(separator: ",")))"
        return "mount -t \(Self.quoted(mount.type)) \(Self.quoted(mount.source)) \(Self.quoted(target))\(options)"
    }

    /// Mounts it for this process and whoever shares its mounts.
    func mount(at target: String) throws(EngineError) {
        var flags: UInt = 0
        var data: [String] = []
        for option in mount.options {
            switch option {
            case "ro": flags |= UInt(MS_RDONLY)
            case "rw": break
            case "bind": flags |= UInt(MS_BIND)
            case "rbind": flags |= UInt(MS_BIND) | UInt(MS_REC)
            default: data.append(option)
            }
        }
        let isBind = flags & UInt(MS_BIND) != 0
        try retryingInterrupts("mount \(mount.type)", subject: target) {
            Glibc.mount(
                mount.source, target, mount.type, isBind ? flags & ~UInt(MS_RDONLY) : flags,
                data.joined(separator: ","))
        }
        // A bind mount takes read-only only when it stands.
        guard isBind, flags & UInt(MS_RDONLY) != 0 else { return }
        do throws(EngineError) {
            try retryingInterrupts("make read-only", subject: target) {
                Glibc.mount("", target, "", flags | UInt(MS_REMOUNT), nil)
            }
        } catch {
            _ = umount2(target, Int32(MNT_DETACH))
            throw error
        }
    }

    /// As it is where a shell takes it so, else in quotes.
    private static func quoted(_ text: String) -> String {
        let isPlain = text.utf8.allSatisfy { byte in
            (byte >= 0x30 && byte <= 0x39) || (byte >= 0x41 && byte <= 0x5a) || (byte >= 0x61 && byte <= 0x7a)
                || "/._-=,:@+".utf8.contains(byte)
        }
        if isPlain, !text.isEmpty { return text }
        return "'" + text.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "'\\''") + "'"
    }
}
