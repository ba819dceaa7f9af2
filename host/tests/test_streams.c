/* Streams, waiting, sockets and arguments of the WASI host: everything that needs no directory. */
#include "guest.h"
#include "wasi/stream.h"

#include <fcntl.h>
#include <pthread.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>

static void test_transfer(void **state)
{
    (void)state;
    give_pipe();
    memcpy(bytes + 100, "hello", 5);
    iov(0, 100, 2);
    iov(8, 0, 0);
    iov(16, 102, 3);
    assert_int_equal(wasi_fd_write(&w, 1, 0, 3, 32), 0);
    assert_int_equal(get(32), 5);
    iov(0, 200, 1);
    iov(8, sizeof bytes - 2, 2);
    assert_int_equal(wasi_fd_read(&w, 0, 0, 2, 32), 0);
    assert_int_equal(get(32), 3);
    assert_int_equal(bytes[200], 'h');
    assert_memory_equal(bytes + sizeof bytes - 2, "el", 2);
    assert_int_equal(wasi_fd_read(&w, 1, 0, 2, 32), WASI_EBADF);
    assert_int_equal(wasi_fd_write(&w, 0, 0, 2, 32), WASI_EBADF);
    assert_int_equal(wasi_fd_close(&w, 1), 0);
    assert_int_equal(wasi_fd_read(&w, 0, 0, 2, 32), 0);
    assert_int_equal(get(32), 2);
    assert_int_equal(wasi_fd_read(&w, 0, 0, 2, 32), 0);
    assert_int_equal(get(32), 0); /* end of file */
    assert_int_equal(wasi_fd_read(&w, 1, 0, 2, 32), WASI_EBADF);
}

static void test_transfer_bounds(void **state)
{
    const uint32_t size = sizeof bytes;

    (void)state;
    assert_int_equal(wasi_give(&w, open("/dev/zero", O_RDWR), NULL, false, true), 0);
    iov(0, 0, 16);
    assert_int_equal(wasi_fd_write(&w, 0, size - 4, 1, 32), WASI_EFAULT);
    assert_int_equal(wasi_fd_write(&w, 0, 0, UINT32_MAX, 32), WASI_EFAULT);
    assert_int_equal(wasi_fd_write(&w, 0, 0, 1, size - 3), WASI_EFAULT);
    assert_int_equal(wasi_fd_write(&w, 0, UINT32_MAX, 1, 32), WASI_EFAULT);
    assert_int_equal(wasi_fd_write(&w, 0, 0, 0, 32), 0);
    iov(0, size - 15, 16);
    assert_int_equal(wasi_fd_read(&w, 0, 0, 1, 32), WASI_EFAULT);
    iov(0, 16, UINT32_MAX);
    assert_int_equal(wasi_fd_read(&w, 0, 0, 1, 32), WASI_EFAULT);
    iov(0, UINT32_MAX, 1);
    assert_int_equal(wasi_fd_read(&w, 0, 0, 1, 32), WASI_EFAULT);
    /* More vectors than the host reads: a short transfer. */
    for (uint32_t i = 0; i < 100; i++)
        iov(64 + 8 * i, 2000, 1);
    assert_int_equal(wasi_fd_write(&w, 0, 64, 100, 32), 0);
    assert_in_range(get(32), 1, 100);
}

static void test_strings(void **state)
{
    static const char *const list[] = {"python", "", "\xff\xfe"};
    const uint32_t size = sizeof bytes;

    (void)state;
    w.args = list;
    w.args_n = 3;
    assert_int_equal(wasi_args_sizes_get(&w, 0, 4), 0);
    assert_int_equal(get(0), 3);
    assert_int_equal(get(4), 11);
    assert_int_equal(wasi_args_get(&w, 8, size - 11), 0);
    assert_string_equal((char *)bytes + get(8), "python");
    assert_string_equal((char *)bytes + get(12), "");
    assert_memory_equal(bytes + get(16), "\xff\xfe", 3);
    assert_int_equal(wasi_args_get(&w, 8, size - 10), WASI_EFAULT);
    assert_int_equal(wasi_args_get(&w, size - 11, 100), WASI_EFAULT);
    assert_int_equal(wasi_args_sizes_get(&w, size - 3, 4), WASI_EFAULT);
    assert_int_equal(wasi_args_sizes_get(&w, 0, UINT32_MAX), WASI_EFAULT);
    assert_int_equal(wasi_environ_sizes_get(&w, 0, 4), 0);
    assert_int_equal(get(4), 0);
    assert_int_equal(wasi_environ_get(&w, 8, 100), 0);
}

/* In every way to write to a standard stream. The part that fits is written, and the rest ends the guest. */
static void test_the_limit_of_output(void **state)
{
    char name[] = "/tmp/wl-wasi.XXXXXX";
    int pair[2], file = mkstemp(name);
    struct stat st;

    (void)state;
    unlink(name);
    w.output_left = 10;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    assert_int_equal(wasi_give(&w, pair[0], NULL, false, true), 0);
    assert_int_equal(wasi_give(&w, pair[1], NULL, false, false), 1);
    assert_int_equal(wasi_give(&w, file, NULL, false, true), 2);
    iov(0, 200, 4);
    assert_int_equal(wasi_sock_send(&w, 0, 0, 1, 0, 32), 0);
    assert_int_equal(wasi_fd_write(&w, 0, 0, 1, 32), 0);
    assert_int_equal(w.output_left, 2);
    assert_int_equal(w.ending, WASI_GOES_ON);
    /* Two vectors, the second one only in part. */
    iov(8, 200, 1);
    iov(16, 200, 3);
    assert_int_equal(wasi_fd_write(&w, 2, 8, 2, 32), 0);
    assert_int_equal(get(32), 2);
    assert_int_equal(w.output_left, 0);
    assert_int_equal(w.ending, WASI_SPENT_OUTPUT);
    assert_int_equal(fstat(file, &st), 0);
    assert_int_equal(st.st_size, 2);
    /* Nothing is left, so nothing is written. */
    w.ending = WASI_GOES_ON;
    wasi_sock_send(&w, 0, 0, 1, 0, 32);
    assert_int_equal(w.ending, WASI_SPENT_OUTPUT);
    w.ending = WASI_GOES_ON;
    wasi_fd_pwrite(&w, 2, 0, 1, 0, 32);
    assert_int_equal(w.ending, WASI_SPENT_OUTPUT);
    w.ending = WASI_GOES_ON;
    iov(8, 200, 0);
    assert_int_equal(wasi_fd_write(&w, 2, 8, 1, 32), 0); /* writing nothing is allowed */
    assert_int_equal(w.ending, WASI_GOES_ON);
    assert_int_equal(wasi_fd_allocate(&w, 2, 0, 100), WASI_EBADF);
    assert_int_equal(wasi_fd_filestat_set_size(&w, 2, 100), WASI_EINVAL);
    assert_int_equal(fstat(file, &st), 0);
    assert_int_equal(st.st_size, 2);
    assert_int_equal(wasi_sock_send(&w, 1, 0, 1, 0, 32), 0); /* not a standard stream */
    assert_int_equal(w.ending, WASI_GOES_ON);
    /* A new number for the descriptor does not avoid the limit. */
    assert_int_equal(wasi_fd_renumber(&w, 0, 1), 0);
    wasi_fd_write(&w, 1, 0, 1, 32);
    assert_int_equal(w.ending, WASI_SPENT_OUTPUT);
    w.output_left = UINT64_MAX;
    assert_int_equal(wasi_fd_filestat_set_size(&w, 2, 100), 0);
}

static ssize_t refuse_read(void *arg, void *to, size_t n)
{
    (void)arg;
    (void)to;
    (void)n;
    errno = EIO;
    return -1;
}

static ssize_t write_too_much(void *arg, const void *from, size_t n)
{
    (void)arg;
    (void)from;
    return (ssize_t)n + 7;
}

/* Standard streams that are not descriptors of the host. */
static void test_streams_in_memory(void **state)
{
    static const uint8_t text[] = "abcdefgh";
    struct wasi_bytes in = {text, 8};
    struct wasi_buffer out = {0};
    struct wasi_stream streams[] = {
        wasi_read_from(&in), wasi_write_to(&out), {.read = refuse_read}, {.write = write_too_much}};

    (void)state;
    for (int i = 0; i < 4; i++)
        assert_int_equal(wasi_give_stream(&w, &streams[i]), i);
    iov(0, 200, 3);
    iov(8, 300, 3);
    assert_int_equal(wasi_fd_read(&w, 0, 0, 2, 32), 0);
    assert_int_equal(get(32), 6);
    assert_memory_equal(bytes + 200, "abc", 3);
    assert_memory_equal(bytes + 300, "def", 3);
    assert_int_equal(wasi_fd_read(&w, 0, 0, 2, 32), 0);
    assert_int_equal(get(32), 2);
    assert_int_equal(wasi_fd_read(&w, 0, 0, 2, 32), 0);
    assert_int_equal(get(32), 0);
    for (int i = 0; i < 1000; i++)
        assert_int_equal(wasi_fd_write(&w, 1, 0, 2, 32), 0);
    assert_int_equal(out.n, 6000);
    assert_memory_equal(out.at, "ghcdefgh", 8);
    /* Each has one direction, and no feature that a pipe lacks. */
    assert_int_equal(wasi_fd_write(&w, 0, 0, 2, 32), WASI_EBADF);
    assert_int_equal(wasi_fd_read(&w, 1, 0, 2, 32), WASI_EBADF);
    assert_int_equal(wasi_fd_pread(&w, 0, 0, 1, 0, 32), WASI_ESPIPE);
    assert_int_equal(wasi_fd_seek(&w, 0, 0, 0, 32), WASI_ESPIPE);
    assert_int_equal(wasi_fd_sync(&w, 1), WASI_ENOTCAPABLE);
    assert_int_equal(wasi_fd_datasync(&w, 1), WASI_EINVAL);
    assert_int_equal(wasi_fd_allocate(&w, 1, 0, 10), WASI_EBADF);
    assert_int_equal(wasi_fd_filestat_set_size(&w, 1, 10), WASI_EINVAL);
    assert_int_equal(wasi_fd_readdir(&w, 0, 0, 100, 0, 32), WASI_ENOTDIR);
    assert_int_equal(wasi_sock_recv(&w, 0, 0, 1, 0, 32, 36), WASI_ENOTSOCK);
    assert_int_equal(wasi_path_open(&w, 0, 0, 1000, size_of("x"), 0, WASI_R_FD_READ, 0, 0, 8), WASI_ENOTDIR);
    assert_int_equal(wasi_fd_prestat_get(&w, 0, 64), WASI_EBADF);
    assert_int_equal(wasi_fd_filestat_get(&w, 0, 64), 0);
    assert_int_equal(bytes[80], WASI_UNKNOWN);
    /* The other side fails, or claims too much. */
    assert_int_equal(wasi_fd_read(&w, 2, 0, 1, 32), WASI_EIO);
    assert_int_equal(wasi_fd_write(&w, 3, 0, 2, 32), 0);
    assert_int_equal(get(32), 6);
    /* They are always ready. */
    put(0, 8, 1);
    put(8, 8, 1);
    put(16, 4, 0);
    assert_int_equal(wasi_poll_oneoff(&w, 0, 1000, 1, 32), 0);
    assert_int_equal(get(32), 1);
    /* They count as output. */
    w.output_left = 4;
    iov(0, 200, 3);
    iov(8, 300, 3);
    assert_int_equal(wasi_fd_write(&w, 1, 0, 2, 32), 0);
    assert_int_equal(out.n, 6004);
    assert_int_equal(w.ending, WASI_SPENT_OUTPUT);
    assert_int_equal(wasi_fd_close(&w, 1), 0);
    assert_int_equal(wasi_fd_write(&w, 1, 0, 1, 32), WASI_EBADF);
    free(out.at);
}

/* Flags that the guest sets are not visible outside, where others use the same stream. */
static void test_the_flags_of_a_stream(void **state)
{
    uint32_t written = 0, e;

    (void)state;
    give_pipe();
    iov(0, 200, 30000);
    iov(8, 200, 30000);
    assert_int_equal(wasi_fd_fdstat_set_flags(&w, 0, WASI_FD_NONBLOCK), 0);
    assert_int_equal(wasi_fd_fdstat_set_flags(&w, 1, WASI_FD_NONBLOCK), 0);
    assert_int_equal(wasi_fd_fdstat_set_flags(&w, 1, WASI_FD_NONBLOCK | WASI_FD_APPEND), WASI_ENOTSUP);
    assert_int_equal(fcntl(w.fds[0].host, F_GETFL) & (O_NONBLOCK | O_APPEND), 0);
    assert_int_equal(fcntl(w.fds[1].host, F_GETFL) & (O_NONBLOCK | O_APPEND), 0);
    assert_int_equal(wasi_fd_fdstat_get(&w, 0, 64), 0);
    assert_int_equal(get(64) >> 16, WASI_FD_NONBLOCK);
    assert_int_equal(wasi_fd_read(&w, 0, 0, 1, 32), WASI_EAGAIN);
    while ((e = wasi_fd_write(&w, 1, 0, 2, 32)) == 0) {
        assert_in_range(get(32), 1, 60000);
        written += get(32);
    }
    assert_int_equal(e, WASI_EAGAIN);
    assert_true(written > 0);
    assert_int_equal(wasi_fd_read(&w, 0, 0, 2, 32), 0);
}

/* Data arrives while the host waits for it. */
static int wait_and_write(void *arg, struct pollfd *fds, nfds_t n, const struct timespec *time)
{
    (void)arg;
    if (write(w.fds[1].host, "x", 1) < 0)
        return -1;
    return ppoll(fds, n, time, NULL);
}

static int wait_interrupted(void *arg, struct pollfd *fds, nfds_t n, const struct timespec *time)
{
    (void)arg;
    (void)fds;
    (void)n;
    (void)time;
    errno = EINTR;
    return -1;
}

/* The reverse: a stream that the caller made non-blocking blocks for the guest. */
static void test_a_stream_that_the_caller_made_not_to_block(void **state)
{
    (void)state;
    give_pipe();
    fcntl(w.fds[0].host, F_SETFL, O_NONBLOCK);
    iov(0, 200, 10);
    w.wait = wait_and_write;
    assert_int_equal(wasi_fd_read(&w, 0, 0, 1, 32), 0);
    assert_int_equal(get(32), 1);
    w.wait = wait_interrupted;
    assert_int_equal(wasi_fd_read(&w, 0, 0, 1, 32), WASI_EINTR);
}

static void test_sockets(void **state)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int pair[2], datagrams[2], listening = socket(AF_UNIX, SOCK_STREAM, 0), client = socket(AF_UNIX, SOCK_STREAM, 0);
    socklen_t size = sizeof address;

    (void)state;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    assert_int_equal(socketpair(AF_UNIX, SOCK_DGRAM, 0, datagrams), 0);
    assert_int_equal(bind(listening, (struct sockaddr *)&address, sizeof address.sun_family),
                     0); /* a name that the kernel chooses */
    assert_int_equal(listen(listening, 1), 0);
    assert_int_equal(getsockname(listening, (struct sockaddr *)&address, &size), 0);
    assert_int_equal(wasi_give(&w, pair[0], NULL, false, false), 0);
    assert_int_equal(wasi_give(&w, pair[1], NULL, false, false), 1);
    assert_int_equal(wasi_give(&w, datagrams[0], NULL, false, false), 2);
    assert_int_equal(wasi_give(&w, datagrams[1], NULL, false, false), 3);
    assert_int_equal(wasi_give(&w, listening, NULL, false, false), 4);
    assert_int_equal(wasi_give(&w, open("/dev/null", O_RDWR), NULL, false, false), 5);
    assert_int_equal(wasi_fd_fdstat_get(&w, 0, 64), 0);
    assert_int_equal(bytes[64], WASI_SOCKET_STREAM);
    assert_int_equal(wasi_fd_fdstat_get(&w, 2, 64), 0);
    assert_int_equal(bytes[64], WASI_SOCKET_DGRAM);
    assert_int_equal(wasi_fd_seek(&w, 0, 0, 1, 64), WASI_ESPIPE);
    memcpy(bytes + 200, "abcdef", 6);
    iov(0, 200, 2);
    iov(8, 202, 4);
    iov(16, 300, 3);
    assert_int_equal(wasi_sock_send(&w, 0, 0, 2, 0, 32), 0);
    assert_int_equal(get(32), 6);
    assert_int_equal(wasi_sock_recv(&w, 1, 16, 1, 1, 32, 36), 0); /* peeked */
    assert_memory_equal(bytes + 300, "abc", 3);
    assert_int_equal(wasi_sock_recv(&w, 1, 16, 1, 2, 32, 36), 0); /* and read */
    assert_memory_equal(bytes + 300, "abc", 3);
    assert_int_equal(wasi_fd_read(&w, 1, 16, 1, 32), 0);
    assert_memory_equal(bytes + 300, "def", 3);
    assert_int_equal(wasi_sock_recv(&w, 1, 16, 1, 4, 32, 36), WASI_EINVAL);
    assert_int_equal(wasi_sock_send(&w, 1, 16, 1, 1, 32), WASI_EINVAL);
    assert_int_equal(wasi_sock_recv(&w, 1, 16, 1, 0, 32, sizeof bytes - 1), WASI_EFAULT);
    /* A datagram is cut off. */
    assert_int_equal(wasi_sock_send(&w, 2, 0, 2, 0, 32), 0);
    assert_int_equal(wasi_sock_recv(&w, 3, 16, 1, 0, 32, 36), 0);
    assert_int_equal(get(32), 3);
    assert_int_equal(bytes[36], 1);
    /* A non-blocking socket, and one whose other end is closed. */
    assert_int_equal(wasi_fd_fdstat_set_flags(&w, 1, WASI_FD_NONBLOCK), 0);
    assert_int_equal(wasi_sock_recv(&w, 1, 16, 1, 0, 32, 36), WASI_EAGAIN);
    assert_int_equal(wasi_sock_shutdown(&w, 0, 2), 0);
    assert_int_equal(wasi_sock_shutdown(&w, 0, 0), WASI_EINVAL);
    assert_int_equal(wasi_sock_shutdown(&w, 0, 4), WASI_EINVAL);
    assert_int_equal(wasi_sock_recv(&w, 1, 16, 1, 0, 32, 36), 0);
    assert_int_equal(get(32), 0);
    assert_int_equal(wasi_sock_send(&w, 0, 16, 1, 0, 32), WASI_EPIPE); /* and no signal */
    /* Accepting. */
    assert_int_equal(wasi_fd_fdstat_set_flags(&w, 4, WASI_FD_NONBLOCK), 0);
    assert_int_equal(wasi_sock_accept(&w, 4, 0, 32), WASI_EAGAIN);
    assert_int_equal(connect(client, (struct sockaddr *)&address, size), 0);
    assert_int_equal(wasi_sock_accept(&w, 4, 1, 32), WASI_EINVAL);
    assert_int_equal(wasi_sock_accept(&w, 4, WASI_FD_NONBLOCK, 32), 0);
    assert_int_equal(get(32), 6);
    assert_int_equal(wasi_fd_fdstat_get(&w, 6, 64), 0);
    assert_int_equal(bytes[64], WASI_SOCKET_STREAM);
    assert_int_equal(get(64) >> 16, WASI_FD_NONBLOCK);
    assert_int_equal(wasi_sock_recv(&w, 6, 16, 1, 0, 32, 36), WASI_EAGAIN);
    assert_int_equal(wasi_sock_accept(&w, 6, 0, 32), WASI_ENOTCAPABLE);
    assert_int_equal(wasi_sock_accept(&w, 0, 0, 32), WASI_EINVAL);
    close(client);
    /* A descriptor that is not a socket. */
    assert_int_equal(wasi_sock_accept(&w, 5, 0, 32), WASI_ENOTSOCK);
    assert_int_equal(wasi_sock_recv(&w, 5, 16, 1, 0, 32, 36), WASI_ENOTSOCK);
    assert_int_equal(wasi_sock_send(&w, 5, 16, 1, 0, 32), WASI_ENOTSOCK);
    assert_int_equal(wasi_sock_shutdown(&w, 5, 3), WASI_ENOTSOCK);
    assert_int_equal(wasi_sock_shutdown(&w, 77, 3), WASI_EBADF);
    /* A waiting call can be interrupted. */
    w.wait = wait_interrupted;
    assert_int_equal(wasi_sock_recv(&w, 3, 16, 1, 0, 32, 36), WASI_EINTR);
    assert_int_equal(wasi_fd_read(&w, 3, 16, 1, 32), WASI_EINTR);
    assert_int_equal(wasi_fd_fdstat_set_flags(&w, 4, 0), 0);
    assert_int_equal(wasi_sock_accept(&w, 4, 0, 32), WASI_EINTR);
}

static void *read_all(void *fd)
{
    size_t sum = 0;
    char part[5000];
    ssize_t n;

    while ((n = read(*(int *)fd, part, sizeof part)) > 0)
        sum += (size_t)n;
    return (void *)sum;
}

static int wait_truly(void *arg, struct pollfd *fds, nfds_t n, const struct timespec *time)
{
    (void)arg;
    return ppoll(fds, n, time, NULL);
}

/* A stream that waits takes everything, however little room there is. */
static void test_a_send_that_waits(void **state)
{
    const uint32_t total = WASI_MAX_IOVS * 60000;

    (void)state;
    for (uint32_t i = 0; i < WASI_MAX_IOVS; i++)
        iov(i * 8, 2000, 60000);
    for (int i = 0; i < 3; i++) {
        const int small = 4096;
        int pair[2];
        pthread_t thread;
        void *sum;

        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
        assert_int_equal(setsockopt(pair[0], SOL_SOCKET, SO_SNDBUF, &small, sizeof small), 0);
        assert_int_equal(wasi_give(&w, pair[0], NULL, false, false), 0);
        assert_int_equal(pthread_create(&thread, NULL, read_all, &pair[1]), 0);
        w.wait = i == 1 ? wait_truly : NULL;
        if (i == 2) {
            /* One that does not wait takes a part. */
            assert_int_equal(wasi_fd_fdstat_set_flags(&w, 0, WASI_FD_NONBLOCK), 0);
            assert_int_equal(wasi_sock_send(&w, 0, 0, WASI_MAX_IOVS, 0, 1000), 0);
            assert_in_range(get(1000), 1, total - 1);
        } else {
            assert_int_equal(wasi_sock_send(&w, 0, 0, WASI_MAX_IOVS, 0, 1000), 0);
            assert_int_equal(get(1000), total);
        }
        assert_int_equal(wasi_fd_close(&w, 0), 0);
        assert_int_equal(pthread_join(thread, &sum), 0);
        assert_int_equal((size_t)sum, get(1000));
        close(pair[1]);
    }
}

/* A number that was closed is the next one, among many. */
static void test_numbers_of_descriptors(void **state)
{
    (void)state;
    for (int i = 0; i < 100; i++)
        assert_int_equal(wasi_give(&w, open("/dev/null", O_RDWR), NULL, false, false), i);
    assert_int_equal(wasi_fd_close(&w, 70), 0);
    assert_int_equal(wasi_fd_close(&w, 7), 0);
    assert_int_equal(wasi_fd_renumber(&w, 3, 99), 0);
    for (int i = 0; i < 4; i++)
        assert_int_equal(wasi_give(&w, open("/dev/null", O_RDWR), NULL, false, false), ((int[]){3, 7, 70, 100})[i]);
}

int main(void)
{
#define BARE(f) cmocka_unit_test_setup_teardown(f, set_up_bare, tear_down_bare)
    const struct CMUnitTest tests[] = {
        BARE(test_transfer),
        BARE(test_transfer_bounds),
        BARE(test_strings),
        BARE(test_the_limit_of_output),
        BARE(test_streams_in_memory),
        BARE(test_the_flags_of_a_stream),
        BARE(test_a_stream_that_the_caller_made_not_to_block),
        BARE(test_sockets),
        BARE(test_a_send_that_waits),
        BARE(test_numbers_of_descriptors),
    };

    return cmocka_run_group_tests_name("streams", tests, NULL, NULL);
}
