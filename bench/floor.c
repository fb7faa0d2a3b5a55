/* The floor: each work done with only the system calls that it cannot do without,
 * by a small static program that checks nothing and remembers nothing.
 *
 *   floor true ROUNDS             fork, exec and wait of `true`: nanoseconds, one a line
 *   floor start DIR NAME ARGV...  supervised, its logs open, durably recorded
 *   floor start-all DIR ARGV...   the same for each name on stdin, recorded with one fsync
 *   floor keep ARGV...            run it again each time it ends
 *   floor stop DIR NAME...        signal, and wait until they are gone
 *   floor list DIR                each record, its /proc/PID/stat, the listening sockets
 *   floor tail FILE               the last 100 lines
 *   floor follow FILE             what is appended, as it comes
 *
 * Two are no floor but what the measured process managers are given to run:
 *   floor stamp                   print the time and its pid, then wait
 *   floor write MEGABYTES REPORT  write lines at full speed; into REPORT how long it took
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <fcntl.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { MOST = 2000, LINE = 100, LINES = 100, BLOCK = 64 * 1024, LISTENING = 10 };

static void die(const char *what)
{
    perror(what);
    exit(1);
}

static long long now(void)
{
    struct timespec at;
    clock_gettime(CLOCK_MONOTONIC, &at);
    return at.tv_sec * 1000000000LL + at.tv_nsec;
}

static void time_true(int rounds)
{
    char *argv[] = {"true", NULL};
    while (rounds-- > 0) {
        long long start = now();
        pid_t pid = fork();
        if (pid == 0) {
            execv("/bin/true", argv);
            _exit(127);
        }
        waitpid(pid, NULL, 0);
        printf("%lld\n", now() - start);
    }
}

static int open_log(const char *dir, const char *name, const char *stream)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/%s-%s.txt", dir, name, stream);
    int log = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
    if (log < 0)
        die(path);
    return log;
}

/* Does not return: the parent of the process, who lives as long as it. */
static void supervise(const char *dir, const char *name, char **argv, int answer)
{
    setsid();
    int out = open_log(dir, name, "out"), err = open_log(dir, name, "err");
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    pid_t pid = vfork();
    if (pid == 0) {
        dup2(null, 0);
        dup2(out, 1);
        dup2(err, 2);
        execvp(argv[0], argv);
        _exit(127);
    }
    /* A vfork returns when the exec is done. */
    if (write(answer, &pid, sizeof pid) != sizeof pid)
        _exit(1);
    close(answer);
    waitpid(pid, NULL, 0);
    _exit(0);
}

/* Forked twice, so that it belongs to init. Answers where its pid can be read. */
static int launch(const char *dir, const char *name, char **argv)
{
    int answer[2];
    if (pipe2(answer, O_CLOEXEC))
        die("pipe");
    pid_t pid = fork();
    if (pid == 0) {
        if (fork() == 0)
            supervise(dir, name, argv, answer[1]);
        _exit(0);
    }
    close(answer[1]);
    waitpid(pid, NULL, 0);
    return answer[0];
}

static void record(const char *dir, const char *name, int answer, int is_durable)
{
    char path[4096];
    pid_t pid;
    if (read(answer, &pid, sizeof pid) != sizeof pid)
        die(name);
    close(answer);
    snprintf(path, sizeof path, "%s/%s.pid", dir, name);
    int file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (file < 0 || dprintf(file, "%d\n", pid) < 0 || (is_durable && fsync(file)))
        die(path);
    close(file);
}

static void start_all(const char *dir, char **argv)
{
    static char names[MOST][129];
    static int answers[MOST];
    int count = 0, last;
    while (count < MOST && scanf("%128s", names[count]) == 1) {
        answers[count] = launch(dir, names[count], argv);
        count++;
    }
    for (last = 0; last < count; last++)
        record(dir, names[last], answers[last], last == count - 1);
}

static void keep(char **argv)
{
    for (;;) {
        pid_t pid = vfork();
        if (pid == 0) {
            execvp(argv[0], argv);
            _exit(127);
        }
        waitpid(pid, NULL, 0);
    }
}

static pid_t read_pid(const char *path)
{
    char text[32] = "";
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0 || read(file, text, sizeof text - 1) <= 0)
        die(path);
    close(file);
    return atoi(text);
}

static void stop(const char *dir, char **names)
{
    static struct pollfd waits[MOST];
    char path[4096];
    int count = 0, at;
    for (; count < MOST && names[count]; count++) {
        snprintf(path, sizeof path, "%s/%s.pid", dir, names[count]);
        waits[count].fd = syscall(SYS_pidfd_open, read_pid(path), 0);
        waits[count].events = POLLIN;
        if (waits[count].fd < 0 || syscall(SYS_pidfd_send_signal, waits[count].fd, SIGTERM, 0, 0))
            die(path);
        unlink(path);
    }
    for (at = 0; at < count; at++)
        poll(&waits[at], 1, -1);
}

static void list_listening(int family)
{
    static char answer[BLOCK];
    struct {
        struct nlmsghdr header;
        struct inet_diag_req_v2 body;
    } ask = {
        {sizeof ask, SOCK_DIAG_BY_FAMILY, NLM_F_REQUEST | NLM_F_DUMP, 0, 0},
        {.sdiag_family = family, .sdiag_protocol = IPPROTO_TCP, .idiag_states = 1 << LISTENING},
    };
    int diag = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);
    if (diag < 0 || send(diag, &ask, sizeof ask, 0) < 0)
        die("sock_diag");
    for (;;) {
        int left = recv(diag, answer, sizeof answer, 0);
        struct nlmsghdr *message = (struct nlmsghdr *)answer;
        for (; left > 0 && NLMSG_OK(message, (unsigned)left); message = NLMSG_NEXT(message, left))
            if (message->nlmsg_type != SOCK_DIAG_BY_FAMILY) {
                close(diag);
                return;
            }
    }
}

static void list(const char *dir)
{
    char path[4096], text[1024];
    DIR *open_dir = opendir(dir);
    struct dirent *entry;
    if (!open_dir)
        die(dir);
    while ((entry = readdir(open_dir))) {
        if (!strstr(entry->d_name, ".pid"))
            continue;
        snprintf(path, sizeof path, "%s/%s", dir, entry->d_name);
        pid_t pid = read_pid(path);
        snprintf(path, sizeof path, "/proc/%d/stat", pid);
        int stat = open(path, O_RDONLY | O_CLOEXEC);
        int length = read(stat, text, sizeof text);
        close(stat);
        printf("{\"name\":\"%s\",\"pid\":%d,\"stat\":%d}\n", entry->d_name, pid, length);
    }
    list_listening(AF_INET);
    list_listening(AF_INET6);
}

static void tail(const char *path)
{
    static char block[BLOCK];
    int file = open(path, O_RDONLY | O_CLOEXEC), lines = 0;
    off_t size = lseek(file, 0, SEEK_END);
    ssize_t length = pread(file, block, BLOCK, size > BLOCK ? size - BLOCK : 0), at;
    if (length < 0)
        die(path);
    for (at = length; at > 0; at--)
        if (block[at - 1] == '\n' && lines++ == LINES)
            break;
    if (write(1, block + at, length - at) < 0)
        die("write");
}

static void follow(const char *path)
{
    static char block[BLOCK];
    int file = open(path, O_RDONLY | O_CLOEXEC), notes = inotify_init1(IN_CLOEXEC);
    if (lseek(file, 0, SEEK_END) < 0 || inotify_add_watch(notes, path, IN_MODIFY) < 0)
        die(path);
    while (read(notes, block, BLOCK) > 0)
        for (ssize_t length; (length = read(file, block, BLOCK)) > 0;)
            if (write(1, block, length) != length)
                return;
}

static void write_lines(long megabytes, const char *report)
{
    static char block[BLOCK / LINE * LINE];
    char between[4096];
    long long left = megabytes * 1024 * 1024;
    for (size_t at = 0; at < sizeof block; at++)
        block[at] = at % LINE == LINE - 1 ? '\n' : 'a' + at % 26;
    long long start = now();
    for (; left > 0; left -= sizeof block)
        if (write(1, block, sizeof block) < 0)
            die("write");
    long long took = now() - start;
    snprintf(between, sizeof between, "%s.part", report);
    int file = open(between, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    if (file < 0 || dprintf(file, "%lld\n", took) < 0 || rename(between, report))
        die(report);
}

int main(int argc, char **argv)
{
    const char *work = argc > 1 ? argv[1] : "";
    /* Whatever happens to the benchmark, nothing of it stays for long. */
    alarm(600);
    if (!strcmp(work, "true") && argc == 3)
        time_true(atoi(argv[2]));
    else if (!strcmp(work, "start") && argc > 4)
        record(argv[2], argv[3], launch(argv[2], argv[3], argv + 4), 1);
    else if (!strcmp(work, "start-all") && argc > 3)
        start_all(argv[2], argv + 3);
    else if (!strcmp(work, "keep") && argc > 2)
        keep(argv + 2);
    else if (!strcmp(work, "stop") && argc > 3)
        stop(argv[2], argv + 3);
    else if (!strcmp(work, "list") && argc == 3)
        list(argv[2]);
    else if (!strcmp(work, "tail") && argc == 3)
        tail(argv[2]);
    else if (!strcmp(work, "follow") && argc == 3)
        follow(argv[2]);
    else if (!strcmp(work, "stamp")) {
        dprintf(1, "%lld %d\n", now(), getpid());
        pause();
    } else if (!strcmp(work, "write") && argc == 4)
        write_lines(atol(argv[2]), argv[3]);
    else {
        fprintf(stderr, "floor: no such work: %s\n", work);
        return 2;
    }
    return 0;
}
