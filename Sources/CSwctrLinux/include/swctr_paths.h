// Opening paths that somebody else chose, and short-lived mounts.
#ifndef SWCTR_PATHS_H
#define SWCTR_PATHS_H

/// Opens `path` for reading as if `directory` were the root directory: neither `..` nor a symbolic link leads out of it
/// (openat2 with RESOLVE_IN_ROOT and RESOLVE_NO_MAGICLINKS, Linux 5.6). A descriptor, or -1 with errno.
int swctr_open_in_root(int directory, const char *path);

/// Opens a directory for use as the root of swctr_open_in_root; -1 with errno.
int swctr_open_directory(const char *path);

/// mount(2), read-only, nosuid, nodev, noexec; 0, or -1 with errno.
int swctr_mount_read_only(const char *type, const char *source, const char *target, const char *data);

#endif
