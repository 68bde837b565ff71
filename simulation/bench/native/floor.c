/* The least that a fan-out costs on this machine: one send() for each viewer and write, and nothing else.
 *
 *     floor WINDOW_MS HEAD_FILE   (says its port; HEAD_FILE holds the response that a viewer is answered)
 *
 * A GET becomes a viewer. The body of a POST is sent to all viewers as it is; with a window, what came meanwhile is sent
 * in one write, and the next window begins when that has ended. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define FDS 65536
#define ANSWER "HTTP/1.1 204 No Content\r\n\r\n"

static int viewers[FDS], viewer_count, epoll_fd;
static char *received[FDS], head[1024], waiting[1 << 24];
static size_t received_size[FDS], head_size, waiting_size;
static double window_s, rest_until_s;
static unsigned long short_sends;

static double now_s(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec + t.tv_nsec / 1e9;
}

static void fan_out(const char *data, size_t size)
{
    for (int i = 0; i < viewer_count; i++)
        if (send(viewers[i], data, size, MSG_DONTWAIT | MSG_NOSIGNAL) != (ssize_t)size)
            short_sends++;
}

static void flush(void)
{
    fan_out(waiting, waiting_size);
    waiting_size = 0;
    rest_until_s = now_s() + window_s;
}

static void publish(const char *data, size_t size)
{
    if (window_s <= 0) {
        fan_out(data, size);
        return;
    }
    if (waiting_size + size <= sizeof waiting) {
        memcpy(waiting + waiting_size, data, size);
        waiting_size += size;
    }
    if (now_s() >= rest_until_s)
        flush();
}

static void forget(int fd)
{
    for (int i = 0; i < viewer_count; i++)
        if (viewers[i] == fd)
            viewers[i] = viewers[--viewer_count];
    free(received[fd]);
    received[fd] = NULL;
    received_size[fd] = 0;
    close(fd);
}

/* Take whole requests off the front of what a connection has sent. */
static void serve(int fd)
{
    for (;;) {
        char *data = received[fd], *end = memmem(data, received_size[fd], "\r\n\r\n", 4);
        if (!end)
            return;
        char *length = strcasestr(data, "content-length:");
        size_t body = length && length < end ? strtoul(length + 15, NULL, 10) : 0, whole = end + 4 - data + body;
        if (received_size[fd] < whole)
            return;
        if (data[0] == 'G') {
            viewers[viewer_count++] = fd;
            if (send(fd, head, head_size, MSG_NOSIGNAL) < 0)
                return;
        } else {
            if (send(fd, ANSWER, strlen(ANSWER), MSG_NOSIGNAL) < 0)
                return;
            publish(end + 4, body);
        }
        received_size[fd] -= whole;
        memmove(data, data + whole, received_size[fd]);
        data[received_size[fd]] = 0;
    }
}

static void readable(int fd)
{
    static char buffer[1 << 20];
    ssize_t size = recv(fd, buffer, sizeof buffer, MSG_DONTWAIT);
    if (size < 0 && errno == EAGAIN)
        return;
    if (size <= 0) {
        forget(fd);
        return;
    }
    received[fd] = realloc(received[fd], received_size[fd] + size + 1);
    memcpy(received[fd] + received_size[fd], buffer, size);
    received_size[fd] += size;
    received[fd][received_size[fd]] = 0;
    serve(fd);
    if (!received_size[fd] && received[fd]) { /* a viewer sends nothing more */
        free(received[fd]);
        received[fd] = NULL;
    }
}

int main(int argc, char **argv)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    struct epoll_event events[512], event = {.events = EPOLLIN};
    socklen_t size = sizeof at;
    int listener = socket(AF_INET, SOCK_STREAM, 0), one = 1;
    FILE *file = argc == 3 ? fopen(argv[2], "r") : NULL;
    if (!file || bind(listener, (struct sockaddr *)&at, sizeof at) || listen(listener, 4096))
        return fprintf(stderr, "floor WINDOW_MS HEAD_FILE: %s\n", strerror(errno)), 2;
    window_s = atof(argv[1]) / 1000;
    head_size = fread(head, 1, sizeof head, file);
    getsockname(listener, (struct sockaddr *)&at, &size);
    printf("%d\n", ntohs(at.sin_port));
    fflush(stdout);
    epoll_fd = epoll_create1(0);
    event.data.fd = listener;
    epoll_ctl(epoll_fd, EPOLL_CTL_ADD, listener, &event);
    for (;;) {
        int wait_ms = waiting_size ? (int)((rest_until_s - now_s()) * 1000) + 1 : -1;
        int ready = epoll_wait(epoll_fd, events, 512, waiting_size && wait_ms < 0 ? 0 : wait_ms);
        for (int i = 0; i < ready; i++) {
            if (events[i].data.fd != listener) {
                readable(events[i].data.fd);
                continue;
            }
            int fd = accept(listener, NULL, NULL);
            if (fd < 0 || fd >= FDS)
                continue;
            setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
            event.data.fd = fd;
            epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &event);
        }
        if (waiting_size && now_s() >= rest_until_s)
            flush();
    }
}
