#include "include/fuzz.h"

#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>

int fuzz_send_descriptors(int socket, const char *data, size_t length, int count) {
    union {
        struct cmsghdr header;
        char room[CMSG_SPACE(sizeof(int) * 16)];
    } control;
    struct iovec part = {.iov_base = (char *)data, .iov_len = length};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
    if (count > 0) {
        memset(&control, 0, sizeof control);
        message.msg_control = &control;
        message.msg_controllen = CMSG_SPACE(sizeof(int) * (size_t)count);
        struct cmsghdr *item = CMSG_FIRSTHDR(&message);
        item->cmsg_level = SOL_SOCKET;
        item->cmsg_type = SCM_RIGHTS;
        item->cmsg_len = CMSG_LEN(sizeof(int) * (size_t)count);
        for (int index = 0; index < count; index++) memset(CMSG_DATA(item) + (size_t)index * sizeof(int), 0, sizeof(int));
    }
    return sendmsg(socket, &message, MSG_DONTWAIT | MSG_NOSIGNAL) == (ssize_t)length ? 0 : -1;
}
