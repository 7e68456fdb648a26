/* Every message that the shim reads or writes; generated from proto/ by `make -C shim protos`. */
#ifndef CSHIM_PROTOS_H
#define CSHIM_PROTOS_H

#include "containerd/bootstrap.pb-c.h"
#include "containerd/events.pb-c.h"
#include "containerd/forward.pb-c.h"
#include "containerd/linux_runc.pb-c.h"
#include "containerd/runc_options.pb-c.h"
#include "containerd/runtime_options.pb-c.h"
#include "containerd/task.pb-c.h"
#include "containerd/types.pb-c.h"
#include "ttrpc/ttrpc.pb-c.h"

#endif
