// What Swift cannot call itself: variadic calls, macros, and everything between fork and exec.
#ifndef SWCTR_LINUX_H
#define SWCTR_LINUX_H

#include <stdint.h>
#include <sys/types.h>

#include "swctr_files.h"

/// struct ucred, which glibc hides from Swift behind _GNU_SOURCE.
struct swctr_peer {
    pid_t pid;
    uid_t uid;
    gid_t gid;
};

/// getsockopt(SO_PEERCRED); 0, or -1 with errno.
int swctr_peer_credentials(int socket, struct swctr_peer *peer);

#endif
