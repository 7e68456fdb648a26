// What Swift cannot call itself: variadic calls, macros, and everything between fork and exec.
#ifndef SWCTR_LINUX_H
#define SWCTR_LINUX_H

#include <stdint.h>
#include <sys/types.h>

#endif
