/* For the harness alone: SCM_RIGHTS needs macros. */
#include <stddef.h>

/* Sends `length` bytes with `count` copies of standard input's descriptor; 0 or -1. */
int fuzz_send_descriptors(int socket, const char *data, size_t length, int count);
