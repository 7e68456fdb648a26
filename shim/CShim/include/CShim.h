/* What Embedded Swift cannot call itself: errno, variadic functions, and the window between fork and exec.
 * Everything else is called straight from Swift through the headers below. */
#ifndef CSHIM_H
#define CSHIM_H

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "protos.h"

int shim_errno(void);
int shim_open(const char *path, int flags, mode_t mode);
/* F_SETFL with O_NONBLOCK added. */
int shim_set_nonblocking(int fd);
/* A close-on-exec copy. */
int shim_duplicate(int fd);
int shim_close_on_exec(int fd);
/* A file without a name, for what a runtime prints. */
int shim_memory_file(void);
/* Blocks the signals that the shim acts on or that must not end it, and returns the descriptor that reads them; ignores
 * SIGPIPE. */
int shim_signal_descriptor(void);
/* Bytes waiting in a pipe or terminal; -1 on error. */
int shim_pending_bytes(int fd);
int shim_set_window_size(int fd, unsigned short rows, unsigned short columns);
/* The character that means end of input on a terminal that reads lines; 0 if it does not read lines. */
unsigned char shim_terminal_end_character(int fd);
int shim_set_pipe_size(int fd, int bytes);
int shim_become_subreaper(void);
/* No core dumps, and no reading of this process's memory by its own user. */
int shim_become_undumpable(void);
/* This process and its children gain nothing by executing set-user-id files. */
int shim_renounce_new_privileges(void);
/* A descriptor that is readable once the process has ended. */
int shim_process_descriptor(pid_t pid);
/* A core-scheduling cookie of its own for the caller's process group. */
int shim_create_core_schedule(void);
/* What `path` names below the directory `root`, as for a process whose root that is; -1 with errno. */
int shim_open_in_root(const char *root, const char *path);
char **shim_environment(void);
/* Set by the Makefile. */
const char *shim_version(void);
const char *shim_revision(void);

/* Credentials of a connected peer; 0 or -1. */
int shim_peer_credentials(int fd, uid_t *uid, gid_t *gid);
/* Receives exactly one descriptor, close-on-exec; -1 with errno (EAGAIN when nothing is there yet). */
int shim_receive_descriptor(int socket);
/* Fills a Unix address; -1 if the path does not fit. */
int shim_unix_address(struct sockaddr_un *address, const char *path);

/* A child to start. Descriptors 0..count-1 of the child are `descriptors`; all else closes on exec. */
struct shim_spawn {
    const char *program;
    char *const *arguments;
    char *const *environment;
    const int *descriptors;
    int descriptor_count;
    /* Become the leader of a new process group. */
    int new_group;
    /* Close what is open beyond the descriptors even without close-on-exec (for the daemon). */
    int close_others;
    /* The child and its children gain nothing by executing set-user-id files. */
    int no_new_privileges;
    /* Be killed when the parent ends, however it ends. */
    int ends_with_parent;
};

/* Starts the child without copying page tables; its pid, or -1 with errno (also when exec failed). */
pid_t shim_spawn(const struct shim_spawn *spawn);

#endif
