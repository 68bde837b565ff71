/* A disk that is slow to sync and a wall clock that has been stepped: loaded in front of libc (LD_PRELOAD).
 * The file named by LIVECOMMENTS_UNRELIABLE holds two numbers that may change at any time: how long a sync takes longer
 * (ms), and how far the wall clock is off (ms). Monotonic time is left alone, as a real step leaves it. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static volatile const long *numbers(void) {
    static volatile const long *shared = NULL;
    static const long none[2] = {0, 0};
    if (!shared) {
        const char *name = getenv("LIVECOMMENTS_UNRELIABLE");
        int file = name ? open(name, O_RDONLY) : -1;
        void *mapped = file < 0 ? MAP_FAILED : mmap(NULL, sizeof none, PROT_READ, MAP_SHARED, file, 0);
        shared = mapped == MAP_FAILED ? none : mapped;
    }
    return shared;
}

static void delay(void) {
    long ms = numbers()[0];
    struct timespec wait = {ms / 1000, ms % 1000 * 1000000};
    if (ms > 0) nanosleep(&wait, NULL);
}

int fsync(int file) {
    static int (*real)(int);
    if (!real) real = (int (*)(int))dlsym(RTLD_NEXT, "fsync");
    delay();
    return real(file);
}

int fdatasync(int file) {
    static int (*real)(int);
    if (!real) real = (int (*)(int))dlsym(RTLD_NEXT, "fdatasync");
    delay();
    return real(file);
}

static void step(struct timespec *at) {
    long ms = numbers()[1];
    at->tv_sec += ms / 1000;
    at->tv_nsec += ms % 1000 * 1000000;
    if (at->tv_nsec >= 1000000000) at->tv_sec++, at->tv_nsec -= 1000000000;
    if (at->tv_nsec < 0) at->tv_sec--, at->tv_nsec += 1000000000;
}

int clock_gettime(clockid_t clock, struct timespec *at) {
    static int (*real)(clockid_t, struct timespec *);
    if (!real) real = (int (*)(clockid_t, struct timespec *))dlsym(RTLD_NEXT, "clock_gettime");
    int failed = real(clock, at);
    if (!failed && clock == CLOCK_REALTIME) step(at);
    return failed;
}

int gettimeofday(struct timeval *at, void *zone) {
    (void)zone;
    struct timespec now;
    if (clock_gettime(CLOCK_REALTIME, &now)) return -1;
    at->tv_sec = now.tv_sec;
    at->tv_usec = now.tv_nsec / 1000;
    return 0;
}

time_t time(time_t *at) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (at) *at = now.tv_sec;
    return now.tv_sec;
}
