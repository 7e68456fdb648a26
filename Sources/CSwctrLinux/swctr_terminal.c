#define _GNU_SOURCE
#include "swctr_terminal.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

static struct termios saved;
static _Atomic int raw_fd = -1;

// Only async-signal-safe calls: it runs in crash handlers.
void swctr_terminal_restore(void) {
    int fd = atomic_exchange(&raw_fd, -1);
    if (fd < 0) return;
    int error = errno;
    // A background process group would be stopped here; it must not be, it only cleans up behind itself.
    sigset_t ttou, previous;
    sigemptyset(&ttou);
    sigaddset(&ttou, SIGTTOU);
    sigprocmask(SIG_BLOCK, &ttou, &previous);
    tcsetattr(fd, TCSANOW, &saved);
    sigprocmask(SIG_SETMASK, &previous, NULL);
    errno = error;
}

static void crashed(int number) {
    swctr_terminal_restore();
    // SA_RESETHAND put the default action back: the signal now ends the process as it would have.
    raise(number);
}

int swctr_terminal_raw(int fd) {
    if (tcgetattr(fd, &saved) < 0) return -1;
    struct termios raw = saved;
    cfmakeraw(&raw);
    static int prepared = 0;
    if (!prepared) {
        prepared = 1;
        const int fatal[] = {SIGSEGV, SIGILL, SIGBUS, SIGFPE, SIGABRT, SIGTRAP};
        struct sigaction action = {.sa_handler = crashed, .sa_flags = SA_RESETHAND | SA_NODEFER};
        for (unsigned i = 0; i < sizeof fatal / sizeof *fatal; i++) sigaction(fatal[i], &action, NULL);
        atexit(swctr_terminal_restore);
    }
    atomic_store(&raw_fd, fd);
    if (tcsetattr(fd, TCSANOW, &raw) == 0) return 0;
    atomic_store(&raw_fd, -1);
    return -1;
}

int swctr_terminal_size(int fd, uint16_t *rows, uint16_t *columns) {
    struct winsize size;
    if (ioctl(fd, TIOCGWINSZ, &size) < 0) return -1;
    *rows = size.ws_row;
    *columns = size.ws_col;
    return 0;
}

int swctr_terminal_resize(int fd, uint16_t rows, uint16_t columns) {
    struct winsize size = {.ws_row = rows, .ws_col = columns};
    return ioctl(fd, TIOCSWINSZ, &size);
}

int swctr_openpty(int *controller, int *terminal) {
    int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (master < 0) return -1;
    char path[64];
    if (grantpt(master) == 0 && unlockpt(master) == 0 && ptsname_r(master, path, sizeof path) == 0) {
        int slave = open(path, O_RDWR | O_NOCTTY | O_CLOEXEC);
        if (slave >= 0) {
            *controller = master;
            *terminal = slave;
            return 0;
        }
    }
    int error = errno;
    close(master);
    errno = error;
    return -1;
}
