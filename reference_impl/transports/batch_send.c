/* Sends the same bytes to many sockets in one call, so that a fan-out costs little more than its system calls.
 *
 * Answers how many sockets did not take all of it: `behind` names them by index, `sent` says how much each took. An
 * error counts as nothing taken; whoever writes the rest will meet it. */
#include <stddef.h>
#include <sys/socket.h>
#include <sys/types.h>

int batch_send(const int *sockets, int count, const char *data, size_t size, int *behind, long *sent)
{
    int slow = 0;
    for (int at = 0; at < count; at++) {
        ssize_t taken = send(sockets[at], data, size, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (taken == (ssize_t)size)
            continue;
        behind[slow] = at;
        sent[slow++] = taken < 0 ? 0 : taken;
    }
    return slow;
}
