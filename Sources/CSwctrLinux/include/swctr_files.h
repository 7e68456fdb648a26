// File calls that glibc hides behind _GNU_SOURCE, macros, or does not wrap.
#ifndef SWCTR_FILES_H
#define SWCTR_FILES_H

#include <dirent.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/// openat2(2)'s ways to keep a lookup inside.
enum {
    SWCTR_RESOLVE_NO_XDEV = 0x01,
    SWCTR_RESOLVE_NO_MAGICLINKS = 0x02,
    SWCTR_RESOLVE_NO_SYMLINKS = 0x04,
    SWCTR_RESOLVE_BENEATH = 0x08,
    SWCTR_RESOLVE_IN_ROOT = 0x10,
};

/// A descriptor, or -1 with errno.
int swctr_openat2(int directory, const char *path, uint64_t flags, uint32_t mode, uint64_t resolve);

int swctr_syncfs(int descriptor);

/// Makes `to` share all blocks of `from`; -1 with EOPNOTSUPP, EXDEV or EINVAL where the file system cannot.
int swctr_clone_file(int to, int from);

/// copy_file_range(2) from and to explicit offsets, which it moves.
ssize_t swctr_copy_range(int from, int64_t *from_offset, int to, int64_t *to_offset, size_t length);

int swctr_mknodat(int directory, const char *name, uint32_t mode, uint32_t major, uint32_t minor);
uint32_t swctr_major(uint64_t device);
uint32_t swctr_minor(uint64_t device);

/// Extended attributes of what the path itself names: a symbolic link is not followed.
int swctr_lsetxattr(const char *path, const char *name, const void *value, size_t size);
ssize_t swctr_lgetxattr(const char *path, const char *name, void *value, size_t size);
ssize_t swctr_llistxattr(const char *path, char *list, size_t size);
int swctr_lremovexattr(const char *path, const char *name);
int swctr_fsetxattr(int descriptor, const char *name, const void *value, size_t size);

/// Which part of an offset holds data, for lseek.
enum { SWCTR_SEEK_DATA = 3, SWCTR_SEEK_HOLE = 4 };

/// The name inside an entry that readdir answered; valid until the next readdir.
static inline const char *swctr_entry_name(const struct dirent *entry) { return entry->d_name; }

#endif
