#define _GNU_SOURCE
#include "test_support.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/pidfd.h>
#include <unistd.h>

int test_pidfd_open(pid_t pid) { return pidfd_open(pid, 0); }

int test_close_from(posix_spawn_file_actions_t *actions, int from) {
    return posix_spawn_file_actions_addclosefrom_np(actions, from);
}

int test_change_directory(posix_spawn_file_actions_t *actions, const char *path) {
    return posix_spawn_file_actions_addchdir_np(actions, path);
}

short test_session_flag(void) { return POSIX_SPAWN_SETSID; }

int test_pipe(int ends[2]) { return pipe2(ends, O_CLOEXEC); }

int test_open_terminal(char *path, size_t size) {
    int terminal = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (terminal < 0) return -1;
    if (grantpt(terminal) == 0 && unlockpt(terminal) == 0 && ptsname_r(terminal, path, size) == 0) return terminal;
    close(terminal);
    return -1;
}
