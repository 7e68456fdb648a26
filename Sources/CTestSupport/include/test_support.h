// The few calls that Swift's Glibc module does not offer to the tests.
#ifndef SWCTR_TEST_SUPPORT_H
#define SWCTR_TEST_SUPPORT_H

#include <spawn.h>
#include <sys/types.h>

/// A descriptor that becomes readable when process `pid` has ended; close-on-exec; -1 and errno if it cannot be had.
int test_pidfd_open(pid_t pid);

/// In the child: close every descriptor from `from` on.
int test_close_from(posix_spawn_file_actions_t *actions, int from);

/// In the child: go to `path` first.
int test_change_directory(posix_spawn_file_actions_t *actions, const char *path);

/// The attribute flag that gives the child a session of its own.
short test_session_flag(void);

/// A pipe whose ends no child inherits; -1 and errno if it cannot be had.
int test_pipe(int ends[2]);

/// The main end of a new pseudo terminal, close-on-exec, and the path of its other end; -1 and errno on failure.
int test_open_terminal(char *path, size_t size);

#endif
