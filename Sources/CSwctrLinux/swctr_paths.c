#define _GNU_SOURCE
#include "swctr_paths.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <unistd.h>

int swctr_open_in_root(int directory, const char *path) {
    struct open_how how;
    memset(&how, 0, sizeof how);
    how.flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK;
    how.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS;
    return (int)syscall(SYS_openat2, directory, path, &how, sizeof how);
}

int swctr_open_directory(const char *path) {
    return open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

int swctr_mount_read_only(const char *type, const char *source, const char *target, const char *data) {
    return mount(source, target, type, MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC, data);
}
