#define _GNU_SOURCE
#include "swctr_pipes.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int swctr_pipe(int ends[2]) { return pipe2(ends, O_CLOEXEC); }

ssize_t swctr_splice(int from, int to, size_t length) {
    return splice(from, NULL, to, NULL, length, SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
}

int swctr_pipe_resize(int fd, int bytes) { return fcntl(fd, F_SETPIPE_SZ, bytes) < 0 ? -1 : 0; }

struct opening {
    int result;
    char path[];
};

static void *open_writer(void *argument) {
    struct opening *opening = argument;
    int answer;
    do answer = open(opening->path, O_WRONLY | O_CLOEXEC);
    while (answer < 0 && errno == EINTR);
    if (answer < 0) answer = -errno;
    // Nobody waits any more: the descriptor would have no owner.
    if (write(opening->result, &answer, sizeof answer) != (ssize_t)sizeof answer && answer >= 0) close(answer);
    close(opening->result);
    free(opening);
    return NULL;
}

int swctr_open_writer_in_thread(const char *path, int result) {
    size_t length = strlen(path) + 1;
    struct opening *opening = malloc(sizeof *opening + length);
    if (opening == NULL) return ENOMEM;
    opening->result = result;
    memcpy(opening->path, path, length);

    // The thread inherits this mask: signals stay with the thread that handles them, and SIGPIPE becomes EPIPE.
    sigset_t all, previous;
    sigfillset(&all);
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    pthread_attr_setstacksize(&attributes, 64 * 1024);
    pthread_sigmask(SIG_SETMASK, &all, &previous);
    pthread_t thread;
    int error = pthread_create(&thread, &attributes, open_writer, opening);
    pthread_sigmask(SIG_SETMASK, &previous, NULL);
    pthread_attr_destroy(&attributes);
    if (error != 0) free(opening);
    return error;
}

int swctr_open(const char *path, int flags, mode_t mode) { return open(path, flags | O_CLOEXEC, mode); }

int swctr_set_nonblocking(int fd, int on) {
    int flags = fcntl(fd, F_GETFL);
    if (flags < 0) return -1;
    return fcntl(fd, F_SETFL, on ? flags | O_NONBLOCK : flags & ~O_NONBLOCK);
}
