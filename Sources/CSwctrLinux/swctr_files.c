#define _GNU_SOURCE
#include "swctr_files.h"

#include <fcntl.h>
#include <linux/fs.h>
#include <linux/openat2.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

int swctr_openat2(int directory, const char *path, uint64_t flags, uint32_t mode, uint64_t resolve) {
    struct open_how how = {.flags = flags, .mode = mode, .resolve = resolve};
    return (int)syscall(SYS_openat2, directory, path, &how, sizeof how);
}

int swctr_syncfs(int descriptor) { return syncfs(descriptor); }

int swctr_clone_file(int to, int from) { return ioctl(to, FICLONE, from); }

ssize_t swctr_copy_range(int from, int64_t *from_offset, int to, int64_t *to_offset, size_t length) {
    return copy_file_range(from, from_offset, to, to_offset, length, 0);
}

int swctr_mknodat(int directory, const char *name, uint32_t mode, uint32_t major, uint32_t minor) {
    return mknodat(directory, name, mode, makedev(major, minor));
}

uint32_t swctr_major(uint64_t device) { return major(device); }
uint32_t swctr_minor(uint64_t device) { return minor(device); }

int swctr_lsetxattr(const char *path, const char *name, const void *value, size_t size) {
    return lsetxattr(path, name, value, size, 0);
}

ssize_t swctr_lgetxattr(const char *path, const char *name, void *value, size_t size) {
    return lgetxattr(path, name, value, size);
}

ssize_t swctr_llistxattr(const char *path, char *list, size_t size) { return llistxattr(path, list, size); }

int swctr_lremovexattr(const char *path, const char *name) { return lremovexattr(path, name); }

int swctr_fsetxattr(int descriptor, const char *name, const void *value, size_t size) {
    return fsetxattr(descriptor, name, value, size, 0);
}
