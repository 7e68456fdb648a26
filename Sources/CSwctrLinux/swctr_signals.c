#define _GNU_SOURCE
#include "swctr_signals.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

static void fill(sigset_t *set, const int *signals, int count) {
    sigemptyset(set);
    for (int i = 0; i < count; i++) sigaddset(set, signals[i]);
}

int swctr_signalfd(const int *signals, int count) {
    sigset_t set;
    fill(&set, signals, count);
    int error = pthread_sigmask(SIG_BLOCK, &set, NULL);
    if (error != 0) {
        errno = error;
        return -1;
    }
    return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

int swctr_signalfd_take(int fd, int32_t *sender) {
    struct signalfd_siginfo info;
    ssize_t count;
    do count = read(fd, &info, sizeof info);
    while (count < 0 && errno == EINTR);
    if (count < 0) return errno == EAGAIN ? 0 : -1;
    if (count != (ssize_t)sizeof info) {
        errno = EIO;
        return -1;
    }
    *sender = (int32_t)info.ssi_pid;
    return (int)info.ssi_signo;
}

int swctr_signals_unblock(const int *signals, int count) {
    sigset_t set;
    fill(&set, signals, count);
    int error = pthread_sigmask(SIG_UNBLOCK, &set, NULL);
    if (error == 0) return 0;
    errno = error;
    return -1;
}

void swctr_raise_default(int number) {
    signal(number, SIG_DFL);
    sigset_t set, previous;
    fill(&set, &number, 1);
    // Raised while blocked and then let through, so that it acts here and not at some later moment.
    pthread_sigmask(SIG_BLOCK, &set, &previous);
    raise(number);
    pthread_sigmask(SIG_UNBLOCK, &set, NULL);
    pthread_sigmask(SIG_SETMASK, &previous, NULL);
}

int swctr_sigrtmax(void) { return SIGRTMAX; }
int swctr_sigrtmin(void) { return SIGRTMIN; }
