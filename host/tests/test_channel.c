/* The requests lock.* and tty.* of the channel, as a guest makes them. */
#include "ask.h"

#include "wasi/channel.h"
#include "wasi/lock.h"
#include "wasi/tty.h"

#include <fcntl.h>
#include <pty.h>
#include <sys/file.h>
#include <sys/wait.h>

/* ---- locks ---- */

static char path[] = "/tmp/wl-lock-XXXXXX";

static void give_file(int flags, bool read_only)
{
    const int fd = open(path, flags | O_CLOEXEC);

    assert_true(fd >= 0);
    assert_true(wasi_give(&w, fd, NULL, read_only, false) >= 0);
}

/* 0 and 1 read and write, 2 only reads, 3 only writes, 4 is of a directory that nothing may change in, 5 is a stream.
 */
static int set_up_locks(void **state)
{
    int fd;

    set_up_bare(state);
    strcpy(path + strlen(path) - 6, "XXXXXX");
    fd = mkstemp(path);
    assert_int_equal(write(fd, "0123456789", 10), 10);
    close(fd);
    give_file(O_RDWR, false);
    give_file(O_RDWR, false);
    give_file(O_RDONLY, false);
    give_file(O_WRONLY, false);
    give_file(O_RDWR, true);
    assert_int_equal(wasi_give(&w, open("/dev/null", O_RDWR | O_CLOEXEC), NULL, false, true), 5);
    assert_int_equal(wasi_lock_serve(&w), 0);
    assert_int_equal(wasi_give_channel(&w), 0);
    channel = 6;
    return 0;
}

static int tear_down_locks(void **state)
{
    unlink(path);
    return tear_down_bare(state);
}

static void test_version(void **state)
{
    (void)state;
    GIVES("version", "wl 1 lock 1");
    FAILS("tty.size 0", WASI_ENOSYS);
    FAILS("net.socket 4 stream", WASI_ENOSYS);
}

static void test_whole(void **state)
{
    const int other = open(path, O_RDWR | O_CLOEXEC);

    (void)state;
    GIVES("lock.whole 0 exclusive", "");
    assert_int_equal(flock(other, LOCK_SH | LOCK_NB), -1);
    FAILS("lock.whole 1 shared", WASI_EAGAIN);
    GIVES("lock.whole 0 shared", "");
    GIVES("lock.whole 1 shared", "");
    GIVES("lock.whole 4 shared", "");
    FAILS("lock.whole 0 exclusive", WASI_EAGAIN);
    FAILS("lock.whole 4 exclusive", WASI_EBADF);
    GIVES("lock.whole 1 none", "");
    assert_int_equal(wasi_fd_close(&w, 4), 0);
    assert_int_equal(wasi_fd_close(&w, 0), 0);
    assert_int_equal(flock(other, LOCK_EX | LOCK_NB), 0);
    close(other);
}

/* A descriptor of the caller's is open elsewhere, too; its lock must end with the guest. */
static void test_whole_of_callers(void **state)
{
    const int file = open(path, O_RDWR | O_CLOEXEC), other = open(path, O_RDWR | O_CLOEXEC);
    char request[40];
    int fd;

    (void)state;
    fd = wasi_give(&w, fcntl(file, F_DUPFD_CLOEXEC, 3), NULL, false, false);
    snprintf(request, sizeof request, "lock.whole %d exclusive", fd);
    GIVES(request, "");
    assert_int_equal(flock(other, LOCK_SH | LOCK_NB), -1);
    assert_int_equal(wasi_fd_close(&w, (uint32_t)fd), 0);
    assert_int_equal(flock(other, LOCK_SH | LOCK_NB), 0);
    close(file);
    close(other);
}

static bool is_locked(short type, off_t start, off_t length)
{
    const int fd = open(path, O_RDWR | O_CLOEXEC);
    struct flock range = {.l_type = type, .l_whence = SEEK_SET, .l_start = start, .l_len = length};

    assert_int_equal(fcntl(fd, F_OFD_GETLK, &range), 0);
    close(fd);
    return range.l_type != F_UNLCK;
}

/* All descriptors of a guest are one owner, and closing any of them releases all. */
static void test_ranges(void **state)
{
    (void)state;
    GIVES("lock.range 0 write 0 5", "");
    assert_true(is_locked(F_RDLCK, 0, 1));
    assert_false(is_locked(F_WRLCK, 5, 1));
    GIVES("lock.range 1 write 3 0", "");
    assert_true(is_locked(F_RDLCK, 1000000, 1));
    GIVES("lock.test 1 write 0 0", "none");
    GIVES("lock.range 2 read 0 1", "");
    assert_false(is_locked(F_RDLCK, 0, 1));
    assert_true(is_locked(F_WRLCK, 0, 1));
    assert_true(is_locked(F_RDLCK, 1, 1));
    GIVES("lock.range 1 none 1 4", "");
    assert_false(is_locked(F_WRLCK, 1, 4));
    assert_true(is_locked(F_WRLCK, 5, 1));
    assert_int_equal(wasi_fd_close(&w, 3), 0);
    assert_false(is_locked(F_WRLCK, 0, 0));
    GIVES("lock.range 0 none 0 0", "");
}

/* A lock taken through a descriptor that only reads, then one that writes. */
static void test_ranges_change_hands(void **state)
{
    (void)state;
    GIVES("lock.range 2 read 0 10", "");
    GIVES("lock.range 0 write 0 10", "");
    assert_true(is_locked(F_RDLCK, 0, 10));
    GIVES("lock.range 2 none 0 10", "");
    assert_false(is_locked(F_WRLCK, 0, 10));
    GIVES("lock.range 3 write 2 2", "");
    assert_true(is_locked(F_RDLCK, 2, 2));
    GIVES("lock.range 2 read 2 2", "");
    assert_false(is_locked(F_RDLCK, 2, 2));
    assert_true(is_locked(F_WRLCK, 2, 2));
}

static void test_ranges_of_others(void **state)
{
    const int fd = open(path, O_RDWR | O_CLOEXEC);
    struct flock range = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 4, .l_len = 2};

    (void)state;
    assert_int_equal(fcntl(fd, F_OFD_SETLK, &range), 0);
    GIVES("lock.test 0 read 0 0", "write 4 2");
    FAILS("lock.range 0 read 0 0", WASI_EAGAIN);
    GIVES("lock.range 0 write 0 4", "");
    range.l_type = F_RDLCK;
    assert_int_equal(fcntl(fd, F_OFD_SETLK, &range), 0);
    GIVES("lock.range 0 read 0 0", "");
    GIVES("lock.test 0 write 4 1", "read 4 2");
    close(fd);
}

/* The waiting call gets the lock when another process lets it go, and ends when it is interrupted. */
static bool interrupted_wait;

static int wait_or_end(void *arg, struct pollfd *fds, nfds_t n, const struct timespec *time)
{
    (void)arg;
    errno = EINTR;
    return interrupted_wait ? -1 : ppoll(fds, n, time, NULL);
}

static void test_waiting(void **state)
{
    int ready[2], status;
    char c;
    pid_t pid;

    (void)state;
    assert_int_equal(pipe(ready), 0);
    pid = fork();
    if (pid == 0) {
        const struct timespec some = {.tv_nsec = 100000000};
        const int fd = open(path, O_RDWR);
        struct flock range = {.l_type = F_WRLCK, .l_whence = SEEK_SET};

        if (fcntl(fd, F_SETLK, &range) < 0 || flock(fd, LOCK_EX) < 0 || write(ready[1], "x", 1) != 1)
            _exit(1);
        nanosleep(&some, NULL);
        _exit(0);
    }
    assert_int_equal(read(ready[0], &c, 1), 1);
    w.wait = wait_or_end;
    interrupted_wait = true;
    FAILS("lock.range 0 write 0 0 wait", WASI_EINTR);
    FAILS("lock.whole 0 shared wait", WASI_EINTR);
    interrupted_wait = false;
    GIVES("lock.range 0 write 0 0 wait", "");
    GIVES("lock.whole 0 exclusive wait", "");
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
    close(ready[0]);
    close(ready[1]);
}

static void test_too_many(void **state)
{
    char request[64];
    uint32_t e = 0;
    int i;

    (void)state;
    for (i = 0; e == 0 && i < 5000; i++) {
        snprintf(request, sizeof request, "lock.range 0 write %d 1", 2 * i);
        e = ask(request);
    }
    assert_int_equal(e, WASI_ENOLCK);
    assert_in_range(i, 4000, 4200);
    GIVES("lock.range 0 none 0 0", "");
    GIVES("lock.range 0 write 0 1", "");
    /* Ranges that come and go are no more than there are at once. */
    for (i = 0; i < 10000; i++) {
        GIVES("lock.range 0 write 100 1", "");
        GIVES("lock.range 0 none 100 1", "");
    }
}

static void test_bad_locks(void **state)
{
    (void)state;
    FAILS("lock.whole 0", WASI_EINVAL);
    FAILS("lock.whole 0 both", WASI_EINVAL);
    FAILS("lock.whole 0 shared now", WASI_EINVAL);
    FAILS("lock.whole 99 shared", WASI_EBADF);
    FAILS("lock.whole -1 shared", WASI_EINVAL);
    FAILS("lock.whole 5 shared", WASI_ENOTSUP);
    FAILS("lock.whole 6 shared", WASI_ENOTSUP);
    FAILS("lock.range 0 write 0 -1", WASI_EINVAL);
    FAILS("lock.range 0 write -1 1", WASI_EINVAL);
    FAILS("lock.range 0 write 0 9999999999999999999", WASI_EINVAL);
    FAILS("lock.range 0 write 0 0 later", WASI_EINVAL);
    FAILS("lock.range 2 write 0 0", WASI_EBADF);
    FAILS("lock.range 3 read 0 0", WASI_EBADF);
    FAILS("lock.range 4 write 0 0", WASI_EBADF);
    FAILS("lock.test 0 none 0 0", WASI_EINVAL);
    GIVES("lock.range 0 write 999999999999999999 1", "");
}

/* ---- the terminal ---- */

static struct tty tty;
static int master, told;

static void on_change(void *arg, int fd)
{
    (void)arg;
    assert_true(isatty(fd));
    told++;
}

/* 0 and 1 are a terminal, 2 is a pipe, 3 the terminal as a descriptor of the caller's, 4 the channel. */
static int set_up_terminal(void **state)
{
    const struct winsize size = {.ws_row = 33, .ws_col = 101};
    int slave, p[2];

    set_up_bare(state);
    assert_int_equal(openpty(&master, &slave, NULL, NULL, &size), 0);
    assert_int_equal(pipe(p), 0);
    close(p[0]);
    assert_int_equal(wasi_give(&w, slave, NULL, false, true), 0);
    assert_int_equal(wasi_give(&w, dup(slave), NULL, false, true), 1);
    assert_int_equal(wasi_give(&w, p[1], NULL, false, true), 2);
    assert_int_equal(wasi_give(&w, dup(slave), NULL, false, false), 3);
    told = 0;
    assert_int_equal(tty_serve(&tty, &w, on_change, NULL), 0);
    assert_int_equal(wasi_give_channel(&w), 0);
    channel = 4;
    return 0;
}

static int tear_down_terminal(void **state)
{
    tty_free(&tty);
    close(master);
    return tear_down_bare(state);
}

static void settings_of(struct termios *t)
{
    assert_int_equal(tcgetattr(master, t), 0);
}

static void test_settings(void **state)
{
    char request[300], before[200];
    struct termios was, is;

    (void)state;
    settings_of(&was);
    assert_int_equal(ask("tty.get 0"), 0);
    strcpy(before, answer);
    assert_true(was.c_lflag & ICANON);
    assert_int_equal(strlen(strrchr(before, ' ') + 1), 64);
    assert_int_equal(told, 0);
    /* No editing and no echo; VMIN 7, VTIME 9. */
    snprintf(request, sizeof request,
             "tty.set 1 drain 0 0 %u 1 0000000000090700000000000000000000000000000000000000000000000000", was.c_cflag);
    GIVES(request, "");
    assert_int_equal(told, 1);
    settings_of(&is);
    assert_int_equal(is.c_iflag | is.c_oflag, 0);
    assert_int_equal(is.c_lflag, ISIG);
    assert_int_equal(is.c_cc[VTIME], 9);
    assert_int_equal(is.c_cc[VMIN], 7);
    assert_int_equal(ask("tty.get 0"), 0);
    assert_string_not_equal(answer, before);
    /* Another change of the same terminal is no news. */
    snprintf(request, sizeof request, "tty.set 0 now %s", before);
    GIVES(request, "");
    assert_int_equal(told, 1);
    assert_int_equal(ask("tty.get 0"), 0);
    assert_string_equal(answer, before);
}

static void test_restored(void **state)
{
    struct termios was, is;

    (void)state;
    settings_of(&was);
    GIVES("tty.set 0 flush 0 0 0 0 0000000000000000000000000000000000000000000000000000000000000000", "");
    settings_of(&is);
    assert_int_equal(is.c_lflag, 0);
    /* The speed is the line's. */
    assert_int_equal(cfgetospeed(&is), cfgetospeed(&was));
    tty_free(&tty);
    settings_of(&is);
    assert_int_equal(is.c_lflag, was.c_lflag);
    assert_int_equal(is.c_iflag, was.c_iflag);
    assert_int_equal(is.c_oflag, was.c_oflag);
    assert_int_equal(is.c_cflag, was.c_cflag);
    assert_memory_equal(is.c_cc, was.c_cc, sizeof is.c_cc);
}

static void test_size(void **state)
{
    const struct winsize size = {.ws_row = 9, .ws_col = 300, .ws_xpixel = 4, .ws_ypixel = 5};

    (void)state;
    GIVES("tty.size 0", "33 101 0 0");
    ioctl(master, TIOCSWINSZ, &size);
    GIVES("tty.size 1", "9 300 4 5");
}

static void test_queues(void **state)
{
    struct pollfd readable = {.fd = w.fds[0].host, .events = POLLIN};

    (void)state;
    assert_int_equal(write(master, "typed\n", 6), 6);
    assert_int_equal(poll(&readable, 1, 10000), 1);
    GIVES("tty.flush 0 in", "");
    assert_int_equal(poll(&readable, 1, 0), 0);
    GIVES("tty.flush 0 both", "");
    FAILS("tty.flush 0 all", WASI_EINVAL);
}

static void test_no_terminal(void **state)
{
    static const char *const requests[] = {"tty.get", "tty.size", "tty.drain"};
    static const struct {
        const char *fd;
        uint32_t error;
    } fds[] = {{"2", WASI_ENOTTY}, {"3", WASI_ENOTTY}, {"4", WASI_ENOTTY}, {"77", WASI_EBADF}, {"x", WASI_EINVAL}};
    char request[300];

    (void)state;
    for (size_t i = 0; i < sizeof requests / sizeof *requests; i++)
        for (size_t k = 0; k < sizeof fds / sizeof *fds; k++) {
            snprintf(request, sizeof request, "%s %s", requests[i], fds[k].fd);
            FAILS(request, fds[k].error);
        }
    for (size_t k = 0; k < sizeof fds / sizeof *fds; k++) {
        snprintf(request, sizeof request, "tty.set %s now 0 0 0 0 %064d", fds[k].fd, 0);
        FAILS(request, fds[k].error);
    }
    snprintf(request, sizeof request, "tty.set 0 soon 0 0 0 0 %064d", 0);
    FAILS(request, WASI_EINVAL);
    snprintf(request, sizeof request, "tty.set 0 now 0 0 0 4294967296 %064d", 0);
    FAILS(request, WASI_EINVAL);
    snprintf(request, sizeof request, "tty.set 0 now 0 0 0 0 %063d", 0);
    FAILS(request, WASI_EINVAL);
    snprintf(request, sizeof request, "tty.set 0 now 0 0 0 0 %063dg", 0);
    FAILS(request, WASI_EINVAL);
    assert_int_equal(told, 0);
}

/* Where no stream is a terminal, there is nothing to ask. */
static void test_nothing_to_serve(void **state)
{
    struct tty none;

    (void)state;
    give_pipe();
    assert_int_equal(tty_serve(&none, &w, NULL, NULL), 0);
    assert_int_equal(wasi_give_channel(&w), 0);
    assert_int_equal(w.sets_n, 0);
    assert_int_equal(wasi_fd_prestat_get(&w, 2, 8), WASI_EBADF);
    tty_free(&none);
}

#define LOCKS(f) cmocka_unit_test_setup_teardown(f, set_up_locks, tear_down_locks)
#define TERMINAL(f) cmocka_unit_test_setup_teardown(f, set_up_terminal, tear_down_terminal)

int main(void)
{
    const struct CMUnitTest tests[] = {
        LOCKS(test_version),
        LOCKS(test_whole),
        LOCKS(test_whole_of_callers),
        LOCKS(test_ranges),
        LOCKS(test_ranges_change_hands),
        LOCKS(test_ranges_of_others),
        LOCKS(test_waiting),
        LOCKS(test_too_many),
        LOCKS(test_bad_locks),
        TERMINAL(test_settings),
        TERMINAL(test_restored),
        TERMINAL(test_size),
        TERMINAL(test_queues),
        TERMINAL(test_no_terminal),
        cmocka_unit_test_setup_teardown(test_nothing_to_serve, set_up_bare, tear_down_bare),
    };

    return cmocka_run_group_tests_name("channel", tests, NULL, NULL);
}
