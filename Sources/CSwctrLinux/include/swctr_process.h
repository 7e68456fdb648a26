// Starting other programs, and holding on to them by descriptor instead of by number.
#ifndef SWCTR_PROCESS_H
#define SWCTR_PROCESS_H

#include <stddef.h>
#include <sys/types.h>

/// What a child is started with; of the descriptors it gets the three named ones only.
struct swctr_spawn {
    const char *path;
    char *const *argv;
    char *const *envp;
    /// NULL keeps the caller's.
    const char *directory;
    /// Become 0, 1 and 2 of the child.
    int input;
    int output;
    int errors;
};

/// Starts a program in a process group of its own, with no signal blocked or ignored; it is the caller's to reap.
/// Neither fork's page-table copy nor Swift code happens between the two programs (posix_spawn).
/// 0 with pid and pidfd filled in, or an errno.
int swctr_spawn(const struct swctr_spawn *request, pid_t *pid, int *pidfd);

/// pidfd_open(2); a descriptor, or -1 with errno.
int swctr_pidfd_open(pid_t pid);

/// pidfd_send_signal(2); 0, or -1 with errno.
int swctr_pidfd_send_signal(int pidfd, int signal);

/// Reaps a child through its pidfd without blocking: 1 and the wait status, 0 while it runs, -1 with errno.
int swctr_pidfd_reap(int pidfd, int *status);

/// A file in memory with these bytes, positioned at its start; -1 with errno.
int swctr_memory_file(const void *bytes, size_t count);

/// A close-on-exec pipe for a child's output: `ends[0]` reads and does not block, `ends[1]` is an ordinary one to write
/// to. 0, or -1 with errno.
int swctr_capture_pipe(int ends[2]);

/// umount2(path, MNT_DETACH | UMOUNT_NOFOLLOW); 0, or -1 with errno.
int swctr_unmount(const char *path);

#endif
