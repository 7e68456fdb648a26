/* fork and exec. Nothing of Swift may run between the two: the child borrows the parent's memory. */
#include "CShim.h"

#include <sys/prctl.h>
#include <sys/syscall.h>

/* Descriptors of the child are first moved up here, so that none is overwritten before it was used. */
#define SCRATCH_BASE 64

static int prepare_and_exec(const struct shim_spawn *spawn, pid_t parent) {
    int moved[8];
    for (int index = 0; index < spawn->descriptor_count; index++) {
        moved[index] = fcntl(spawn->descriptors[index], F_DUPFD_CLOEXEC, SCRATCH_BASE);
        if (moved[index] < 0) return errno;
    }
    for (int index = 0; index < spawn->descriptor_count; index++) {
        if (dup2(moved[index], index) < 0) return errno;
    }
    if (spawn->close_others) {
        /* A kernel without close_range leaves what the caller forgot to mark; everything of ours is marked. */
        syscall(SYS_close_range, spawn->descriptor_count, ~0U, 0);
    }
    if (spawn->no_new_privileges && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0) return errno;
    if (spawn->new_group && setpgid(0, 0) < 0) return errno;
    if (spawn->ends_with_parent) {
        if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0) return errno;
        /* The parent may have been killed before that took effect. */
        if (getppid() != parent) return ESRCH;
    }

    /* The loop blocks what it reads from its signalfd; a child starts with a clean slate. */
    struct sigaction standard = {.sa_handler = SIG_DFL};
    sigaction(SIGPIPE, &standard, NULL);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);

    execve(spawn->program, spawn->arguments, spawn->environment);
    return errno;
}

pid_t shim_spawn(const struct shim_spawn *spawn) {
    if (spawn->descriptor_count > 8) {
        errno = EINVAL;
        return -1;
    }
    /* Shared with the child until it execs or exits; vfork returns here only then. */
    volatile int failure = 0;
    pid_t parent = getpid();
    pid_t pid = vfork();
    if (pid == 0) {
        failure = prepare_and_exec(spawn, parent);
        _exit(127);
    }
    if (pid > 0 && failure != 0) {
        /* It never became the program: collect it here, so that no exit of it is ever seen by the reaper. */
        while (waitpid(pid, NULL, 0) < 0 && errno == EINTR) {
        }
        errno = failure;
        return -1;
    }
    return pid;
}
