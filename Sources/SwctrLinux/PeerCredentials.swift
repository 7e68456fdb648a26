import CSwctrLinux
import Glibc
public import SwctrCore

/// Who is at the other end of a Unix socket, as the kernel noted it when the peer connected.
public struct PeerCredentials: Hashable, Sendable {
    public let pid: pid_t
    public let uid: uid_t
    public let gid: gid_t

    public init(pid: pid_t, uid: uid_t, gid: gid_t) {
        self.pid = pid
        self.uid = uid
        self.gid = gid
    }

    /// Asks the kernel (`SO_PEERCRED`).
    ///
    /// - Throws: the class of the errno: a closed socket, or one that is no Unix socket.
    public init(ofSocket descriptor: Int32) throws(EngineError) {
        var peer = swctr_peer()
        try retryingInterrupts("read peer credentials", subject: "fd \(descriptor)") {
            swctr_peer_credentials(descriptor, &peer)
        }
        self.init(pid: peer.pid, uid: peer.uid, gid: peer.gid)
    }

    /// The rule of containerd's shims and event socket: user and group of the peer are this process's own.
    public var isThisUser: Bool { uid == geteuid() && gid == getegid() }
}
