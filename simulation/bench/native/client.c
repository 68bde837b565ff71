/* The fan-out benchmark's load: many viewers in one process, cheap enough never to be the limit.
 *
 *     client PORT CONNECTIONS SAMPLE_EVERY FIRST_SEND   (the request's bytes on standard input, ended by a 0 byte)
 *
 * FIRST_SEND is sent after the response's headers ("-" for nothing). One connection in SAMPLE_EVERY is read and parsed:
 * comments carry "@@NUMBER NANOSECONDS " in their text, the clock being CLOCK_MONOTONIC at the time they were due. The
 * others are only counted, in bytes that the kernel throws away unread (MSG_TRUNC, see tcp(7)).
 * Says "ready", then obeys lines: "start" (count from here), "last" (how many comments all sampled ones have), "stop". */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define OPENING_MAX 64
#define TAIL 64
#define NUMBERS_MAX (1 << 22)
#define SUB 32 /* buckets in each doubling: latencies are right within 3 % */

struct connection {
    int fd, open, sampled, tail_size;
    uint64_t bytes, last, comments, repeated;
    unsigned char *seen; /* a bit for each number: publishers at work together may pass one another */
    char tail[TAIL];
};

static struct connection *all;
static int count, opened, opening, next_one, closed, epoll_fd, port;
static char request[8192], first_send[256], buffer[1 << 20];
static size_t request_size, first_size;
static uint64_t histogram[64 * SUB], worst_ns;

static uint64_t now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + t.tv_nsec;
}

static double cpu_s(void)
{
    struct rusage u;
    getrusage(RUSAGE_SELF, &u);
    return u.ru_utime.tv_sec + u.ru_stime.tv_sec + (u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

static int bucket(uint64_t ns)
{
    uint64_t us = ns / 1000;
    if (us < SUB)
        return us;
    int shift = 63 - __builtin_clzll(us) - 5;
    return (shift + 1) * SUB + (us >> shift) - SUB;
}

static double bucket_ms(int at)
{
    int shift = at < SUB ? 0 : at / SUB - 1;
    uint64_t us = at < SUB ? (uint64_t)at : (uint64_t)(at % SUB + SUB) << shift;
    return (us + (1u << shift) / 2.0) / 1000;
}

static double quantile_ms(double share)
{
    uint64_t total = 0, seen = 0;
    for (int i = 0; i < 64 * SUB; i++)
        total += histogram[i];
    for (int i = 0; i < 64 * SUB; i++)
        if ((seen += histogram[i]) >= share * total && seen)
            return bucket_ms(i);
    return 0;
}

static void begin(struct connection *c)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr = {htonl(INADDR_LOOPBACK)}};
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = c};
    c->fd = socket(AF_INET, SOCK_STREAM, 0);
    if (c->fd < 0 || connect(c->fd, (struct sockaddr *)&to, sizeof to) || write(c->fd, request, request_size) < 0) {
        fprintf(stderr, "cannot connect: %s\n", strerror(errno));
        exit(1);
    }
    epoll_ctl(epoll_fd, EPOLL_CTL_ADD, c->fd, &event);
    opening++;
}

/* Pass the headers over; what follows them belongs to the stream and is of no interest before "start". */
static void headers(struct connection *c, ssize_t size)
{
    if (!memmem(buffer, size, "\r\n\r\n", 4))
        return; /* our servers send them in one piece; the rest of a longer one comes with the next read */
    if (strncmp(buffer, "HTTP/1.1 200", 12) && strncmp(buffer, "HTTP/1.1 101", 12)) {
        fprintf(stderr, "refused: %.*s\n", 60, buffer);
        exit(1);
    }
    c->open = 1;
    opening--;
    opened++;
    if (first_size && write(c->fd, first_send, first_size) < 0)
        exit(1);
    if (opened == count)
        printf("ready\n");
}

/* Find "@@NUMBER NANOSECONDS "; what may be the start of one at the end is kept for the next read. */
static void parse(struct connection *c, char *data, size_t size, uint64_t now)
{
    char *at = data, *end = data + size, *found;
    while ((found = memmem(at, end - at, "@@", 2))) {
        char *after, *last = memchr(found, ' ', end - found);
        last = last ? memchr(last + 1, ' ', end - last - 1) : NULL;
        if (!last)
            break;
        uint64_t number = strtoull(found + 2, &after, 10), due = strtoull(after, NULL, 10);
        if (number >= NUMBERS_MAX)
            break;
        if (c->seen[number / 8] & 1 << number % 8)
            c->repeated++;
        else {
            c->seen[number / 8] |= 1 << number % 8;
            c->last = number > c->last ? number : c->last;
            c->comments++;
            histogram[bucket(now > due ? now - due : 0)]++;
            if (now > due && now - due > worst_ns)
                worst_ns = now - due;
        }
        at = last;
    }
    char *keep = found ? found : (end - at > 1 ? end - 1 : at);
    c->tail_size = end - keep < TAIL ? end - keep : 0;
    memmove(c->tail, keep, c->tail_size);
}

static void readable(struct connection *c)
{
    int whole = c->sampled || !c->open;
    memcpy(buffer, c->tail, c->tail_size);
    ssize_t size = recv(c->fd, buffer + c->tail_size, sizeof buffer - TAIL, MSG_DONTWAIT | (whole ? 0 : MSG_TRUNC));
    if (size < 0 && errno == EAGAIN)
        return;
    if (size <= 0) {
        epoll_ctl(epoll_fd, EPOLL_CTL_DEL, c->fd, NULL);
        close(c->fd);
        closed++;
        return;
    }
    c->bytes += size;
    if (!c->open)
        headers(c, size);
    else if (c->sampled)
        parse(c, buffer, size + c->tail_size, now_ns());
}

static void report(double seconds, double cpu)
{
    uint64_t least = UINT64_MAX, most = 0, bytes = 0, comments = 0, lost = 0, repeated = 0, sampled = 0;
    for (int i = 0; i < count; i++) {
        struct connection *c = &all[i];
        bytes += c->bytes;
        least = c->bytes < least ? c->bytes : least;
        most = c->bytes > most ? c->bytes : most;
        sampled += c->sampled, comments += c->comments, lost += c->last - c->comments, repeated += c->repeated;
    }
    printf("{\"connections\":%d,\"closed\":%d,\"sampled\":%lu,\"comments\":%lu,\"lost\":%lu,\"repeated\":%lu,"
           "\"bytes\":%lu,\"bytes_min\":%lu,\"bytes_max\":%lu,\"p50_ms\":%.3f,\"p99_ms\":%.3f,\"max_ms\":%.3f,\"idle_share\":%.4f}\n",
           count, closed, sampled, comments, lost, repeated, bytes, least, most, quantile_ms(0.5), quantile_ms(0.99),
           worst_ns / 1e6, 1 - cpu / seconds);
}

static int obey(const char *line)
{
    static uint64_t start_ns;
    static double start_cpu;
    if (!strncmp(line, "start", 5)) {
        for (int i = 0; i < count; i++)
            all[i].bytes = all[i].comments = all[i].repeated = all[i].last = 0;
        for (int i = 0; i < count; i++)
            if (all[i].sampled)
                memset(all[i].seen, 0, NUMBERS_MAX / 8);
        memset(histogram, 0, sizeof histogram);
        worst_ns = 0, start_ns = now_ns(), start_cpu = cpu_s();
        printf("started\n");
    } else if (!strncmp(line, "last", 4)) {
        uint64_t least = UINT64_MAX;
        for (int i = 0; i < count; i++)
            if (all[i].sampled && all[i].comments < least)
                least = all[i].comments;
        printf("%lu\n", least);
    } else if (!strncmp(line, "stop", 4))
        report((now_ns() - start_ns) / 1e9, cpu_s() - start_cpu);
    else
        return 0;
    return 1;
}

int main(int argc, char **argv)
{
    struct epoll_event events[512], input = {.events = EPOLLIN};
    if (argc != 5)
        return fprintf(stderr, "client PORT CONNECTIONS SAMPLE_EVERY FIRST_SEND\n"), 2;
    port = atoi(argv[1]), count = atoi(argv[2]);
    if (strcmp(argv[4], "-"))
        first_size = snprintf(first_send, sizeof first_send, "%s", argv[4]);
    while (request_size < sizeof request && read(0, request + request_size, 1) == 1 && request[request_size])
        request_size++;
    setvbuf(stdout, NULL, _IOLBF, 0);
    all = calloc(count, sizeof *all);
    epoll_fd = epoll_create1(0);
    epoll_ctl(epoll_fd, EPOLL_CTL_ADD, 0, &input);
    for (int i = 0; i < count; i++)
        if (i % atoi(argv[3]) == 0) {
            all[i].sampled = 1;
            all[i].seen = calloc(1, NUMBERS_MAX / 8);
        }
    for (;;) {
        while (next_one < count && opening < OPENING_MAX)
            begin(&all[next_one++]);
        int ready = epoll_wait(epoll_fd, events, 512, -1);
        for (int i = 0; i < ready; i++) {
            char line[64];
            if (events[i].data.ptr)
                readable(events[i].data.ptr);
            else if (!fgets(line, sizeof line, stdin) || !obey(line))
                return 0; /* "end", or the parent has gone */
        }
    }
}
