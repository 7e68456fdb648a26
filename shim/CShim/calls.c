#include "CShim.h"

#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/syscall.h>
#include <termios.h>

#ifndef PR_SCHED_CORE
#define PR_SCHED_CORE 62
#define PR_SCHED_CORE_CREATE 1
#endif
/* openat2(2), which musl's headers lack: struct open_how, RESOLVE_NO_MAGICLINKS and RESOLVE_IN_ROOT. */
struct open_how {
    unsigned long long flags, mode, resolve;
};
#define IN_ROOT_WITHOUT_MAGIC_LINKS 0x12
/* enum pid_type of the kernel, as PR_SCHED_CORE takes it. */
#define SCOPE_PROCESS_GROUP 2

extern char **environ;

int shim_errno(void) {
    return errno;
}

int shim_open(const char *path, int flags, mode_t mode) {
    return open(path, flags | O_CLOEXEC, mode);
}

int shim_set_nonblocking(int fd) {
    int flags = fcntl(fd, F_GETFL);
    return flags < 0 ? -1 : fcntl(fd, F_SETFL, flags | O_NONBLOCK);
}

int shim_pending_bytes(int fd) {
    int count = 0;
    return ioctl(fd, FIONREAD, &count) < 0 ? -1 : count;
}

int shim_set_window_size(int fd, unsigned short rows, unsigned short columns) {
    struct winsize size = {.ws_row = rows, .ws_col = columns};
    return ioctl(fd, TIOCSWINSZ, &size);
}

unsigned char shim_terminal_end_character(int fd) {
    struct termios settings;
    if (tcgetattr(fd, &settings) < 0 || !(settings.c_lflag & ICANON)) return 0;
    return settings.c_cc[VEOF];
}

int shim_set_pipe_size(int fd, int bytes) {
    return fcntl(fd, F_SETPIPE_SZ, bytes);
}

int shim_become_subreaper(void) {
    return prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
}

int shim_become_undumpable(void) {
    return prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}

int shim_renounce_new_privileges(void) {
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
}

int shim_process_descriptor(pid_t pid) {
    return syscall(SYS_pidfd_open, pid, 0);
}

int shim_create_core_schedule(void) {
    return prctl(PR_SCHED_CORE, PR_SCHED_CORE_CREATE, 0, SCOPE_PROCESS_GROUP, 0);
}

int shim_open_in_root(const char *root, const char *path) {
    int directory = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (directory < 0) return -1;
    struct open_how how = {.flags = O_PATH | O_CLOEXEC, .resolve = IN_ROOT_WITHOUT_MAGIC_LINKS};
    int found = (int)syscall(SYS_openat2, directory, path, &how, sizeof how);
    int error = errno;
    close(directory);
    errno = error;
    return found;
}

char **shim_environment(void) {
    return environ;
}

int shim_peer_credentials(int fd, uid_t *uid, gid_t *gid) {
    struct ucred peer;
    socklen_t length = sizeof peer;
    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &length) < 0) return -1;
    *uid = peer.uid;
    *gid = peer.gid;
    return 0;
}

int shim_receive_descriptor(int socket) {
    char name[256];
    union {
        struct cmsghdr header;
        char room[CMSG_SPACE(sizeof(int) * 4)];
    } control;
    struct iovec data = {.iov_base = name, .iov_len = sizeof name};
    struct msghdr message = {
        .msg_iov = &data, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
    ssize_t received = recvmsg(socket, &message, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
    if (received < 0) return -1;
    int result = -1;
    for (struct cmsghdr *item = CMSG_FIRSTHDR(&message); item; item = CMSG_NXTHDR(&message, item)) {
        if (item->cmsg_level != SOL_SOCKET || item->cmsg_type != SCM_RIGHTS) continue;
        size_t count = (item->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        for (size_t index = 0; index < count; index++) {
            int fd;
            memcpy(&fd, CMSG_DATA(item) + index * sizeof fd, sizeof fd);
            if (result < 0) {
                result = fd;
            } else {
                close(fd); /* one terminal is all that the protocol allows */
            }
        }
    }
    if (result < 0) errno = EBADMSG;
    return result;
}

int shim_unix_address(struct sockaddr_un *address, const char *path) {
    memset(address, 0, sizeof *address);
    address->sun_family = AF_UNIX;
    size_t length = strlen(path);
    if (length >= sizeof address->sun_path) {
        errno = ENAMETOOLONG;
        return -1;
    }
    memcpy(address->sun_path, path, length);
    return 0;
}

/* Embedded Swift seeds its hashing with this; musl does not have it. */
void arc4random_buf(void *buffer, size_t length) {
    unsigned char *next = buffer;
    while (length > 0) {
        ssize_t got = getrandom(next, length, 0);
        if (got < 0) abort();
        next += got;
        length -= (size_t)got;
    }
}

#ifndef __GLIBC__ /* the program that is shipped, not those that are tested with sanitizers */
/* protobuf-c's: musl's own would bring printf and a page of writable data into every shim, for words that nobody reads. */
_Noreturn void __assert_fail(const char *expression, const char *file, int line, const char *function) {
    (void)expression, (void)file, (void)line, (void)function;
    abort();
}
#endif

const char *shim_version(void) {
    return SHIM_VERSION;
}

const char *shim_revision(void) {
    return SHIM_REVISION;
}

int shim_duplicate(int fd) {
    return fcntl(fd, F_DUPFD_CLOEXEC, 3);
}

int shim_close_on_exec(int fd) {
    return fcntl(fd, F_SETFD, FD_CLOEXEC);
}

int shim_memory_file(void) {
    return memfd_create("runtime-output", MFD_CLOEXEC);
}

int shim_signal_descriptor(void) {
    struct sigaction ignore = {.sa_handler = SIG_IGN};
    sigaction(SIGPIPE, &ignore, NULL);
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGCHLD);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGHUP);
    sigaddset(&set, SIGUSR1);
    sigaddset(&set, SIGUSR2);
    sigaddset(&set, SIGXFSZ);
    if (sigprocmask(SIG_BLOCK, &set, NULL) < 0) return -1;
    return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}
