// Signals as descriptors: sigset_t and signalfd_siginfo are libc's, so they stay on this side.
#ifndef SWCTR_SIGNALS_H
#define SWCTR_SIGNALS_H

#include <stdint.h>
#include <sys/types.h>

/// Blocks `count` signals for this thread and returns a non-blocking, close-on-exec signalfd for them; -1 and errno.
int swctr_signalfd(const int *signals, int count);
/// Takes one signal: its number, 0 when none is pending, -1 and errno. `sender` is the sending process, 0 for the kernel.
int swctr_signalfd_take(int fd, int32_t *sender);
/// Unblocks `signals` for this thread.
int swctr_signals_unblock(const int *signals, int count);
/// Restores the signal's default action and raises it, blocked or not: returns only for signals that do not end the
/// process, with the thread's mask as it was.
void swctr_raise_default(int signal);
/// The last real-time signal.
int swctr_sigrtmax(void);
/// The first real-time signal that libc does not use itself.
int swctr_sigrtmin(void);

#endif
