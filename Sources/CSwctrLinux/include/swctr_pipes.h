// Pipes and FIFOs beyond POSIX: splice, pipe sizes, and an open that may block without blocking its caller.
#ifndef SWCTR_PIPES_H
#define SWCTR_PIPES_H

#include <stddef.h>
#include <sys/types.h>

/// A close-on-exec pipe: `ends[0]` reads, `ends[1]` writes; -1 and errno.
int swctr_pipe(int ends[2]);
/// Moves up to `length` bytes, one side of which is a pipe, without waiting on the pipe's side; as splice(2).
ssize_t swctr_splice(int from, int to, size_t length);
/// Asks for a pipe buffer of `bytes`; the kernel may refuse (EPERM above /proc/sys/fs/pipe-max-size).
int swctr_pipe_resize(int fd, int bytes);
/// Opens `path` for writing on a thread of its own, where it may wait for a reader, and writes the descriptor (or the
/// negative errno) as one int to `result`, which it then closes. 0, or the errno of the thread's creation.
int swctr_open_writer_in_thread(const char *path, int result);
/// As open(2) with O_CLOEXEC; -1 and errno.
int swctr_open(const char *path, int flags, mode_t mode);
/// Switches O_NONBLOCK of an open file.
int swctr_set_nonblocking(int fd, int on);

#endif
