#define _GNU_SOURCE
#include "CWorkers.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

pid_t workers_fork(void) { return fork(); }

int workers_send_descriptor(int socket, int descriptor) {
    char byte = 'd';
    struct iovec data = {.iov_base = &byte, .iov_len = 1};
    union {
        struct cmsghdr header;
        char space[CMSG_SPACE(sizeof(int))];
    } control;
    memset(&control, 0, sizeof control);
    struct msghdr message = {
        .msg_iov = &data, .msg_iovlen = 1, .msg_control = control.space, .msg_controllen = sizeof control.space};
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof(int));
    memcpy(CMSG_DATA(header), &descriptor, sizeof(int));
    ssize_t sent;
    do sent = sendmsg(socket, &message, MSG_NOSIGNAL);
    while (sent < 0 && errno == EINTR);
    return sent == 1 ? 0 : -1;
}

int workers_receive_descriptor(int socket) {
    char byte;
    struct iovec data = {.iov_base = &byte, .iov_len = 1};
    union {
        struct cmsghdr header;
        char space[CMSG_SPACE(sizeof(int))];
    } control;
    struct msghdr message = {
        .msg_iov = &data, .msg_iovlen = 1, .msg_control = control.space, .msg_controllen = sizeof control.space};
    ssize_t received;
    do received = recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
    while (received < 0 && errno == EINTR);
    if (received != 1) return -1;
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    if (!header || header->cmsg_type != SCM_RIGHTS) return -1;
    int descriptor;
    memcpy(&descriptor, CMSG_DATA(header), sizeof(int));
    return descriptor;
}

void workers_die_with_parent(void) { prctl(PR_SET_PDEATHSIG, SIGKILL); }

/* struct sched_attr of sched_setattr(2), which Debian 12's C library does not declare. */
struct scheduling {
    unsigned size, policy;
    unsigned long long flags;
    int nice;
    unsigned priority;
    unsigned long long runtime, deadline, period;
};

/* Turns of this length, 0.1 to 100 ms. Without effect before Linux 6.12. */
static void take_turns_of(unsigned long long nanoseconds) {
    struct scheduling scheduling = {.size = sizeof scheduling};
    if (syscall(SYS_sched_getattr, 0, &scheduling, sizeof scheduling, 0) != 0) return;
    scheduling.size = sizeof scheduling;
    scheduling.runtime = nanoseconds;
    syscall(SYS_sched_setattr, 0, &scheduling, 0);
}

void workers_become_worker(int nice) {
    struct rlimit none = {0, 0};
    setrlimit(RLIMIT_CORE, &none);
    setpriority(PRIO_PROCESS, 0, nice);
    take_turns_of(20000000);
    signal(SIGINT, SIG_IGN);
    signal(SIGTERM, SIG_IGN);
    signal(SIGPIPE, SIG_IGN);
    signal(SIGCHLD, SIG_IGN);
}

/* A crashed worker's registers and the memory beside them may be audio: nothing of them is to reach the log. */
static char no_backtrace[] = "SWIFT_BACKTRACE=enable=no";

/* The program's environment without what would have a crash described; to be freed. */
static char **worker_environment(void) {
    extern char **environ;
    size_t count = 0;
    while (environ[count]) count++;
    char **environment = malloc((count + 2) * sizeof *environment);
    if (!environment) return NULL;
    size_t kept = 0;
    for (size_t at = 0; at < count; at++)
        if (strncmp(environ[at], "SWIFT_BACKTRACE=", 16) != 0) environment[kept++] = environ[at];
    environment[kept++] = no_backtrace;
    environment[kept] = NULL;
    return environment;
}

int workers_spawn(char *const arguments[], int control, int output, pid_t *process) {
    char **environment = worker_environment();
    if (!environment) return ENOMEM;
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&actions, output, 1);
    posix_spawn_file_actions_adddup2(&actions, output, 2);
    posix_spawn_file_actions_adddup2(&actions, control, 3);
    posix_spawn_file_actions_addclosefrom_np(&actions, 4);
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP);
    posix_spawnattr_setpgroup(&attributes, 0);
    int result = posix_spawn(process, arguments[0], &actions, &attributes, arguments, environment);
    free(environment);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    return result;
}

int workers_event(void) { return eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK); }

int workers_pipe(int ends[2]) { return pipe2(ends, O_CLOEXEC); }

unsigned long long workers_processor_time(pid_t process) {
    clockid_t clock;
    struct timespec time;
    if (clock_getcpuclockid(process, &clock) != 0 || clock_gettime(clock, &time) != 0) return 0;
    return (unsigned long long)time.tv_sec * 1000000000ull + (unsigned long long)time.tv_nsec;
}
