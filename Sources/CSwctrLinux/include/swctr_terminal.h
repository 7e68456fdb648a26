// Terminals: raw mode that survives no exit path, sizes, pseudo-terminals.
#ifndef SWCTR_TERMINAL_H
#define SWCTR_TERMINAL_H

#include <stdint.h>

/// Puts the terminal into raw mode and remembers how it was; -1 and errno. One terminal a process. From here on a crash
/// (SIGSEGV, SIGILL, SIGBUS, SIGFPE, SIGABRT, SIGTRAP) and exit() restore it as well.
int swctr_terminal_raw(int fd);
/// Gives the terminal back as it was; does nothing when it is not raw.
void swctr_terminal_restore(void);
/// Rows and columns; -1 and errno.
int swctr_terminal_size(int fd, uint16_t *rows, uint16_t *columns);
int swctr_terminal_resize(int fd, uint16_t rows, uint16_t columns);
/// A pseudo-terminal: both ends close-on-exec, neither becomes the controlling terminal; -1 and errno.
int swctr_openpty(int *controller, int *terminal);

#endif
