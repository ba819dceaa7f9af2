/* A guest that makes calls of WASI preview 1, in an order that a seed chooses, in its directory, and prints the result
 * of each: `wasi-calls SEED ROUNDS CALLS`. Values that naturally differ between hosts (inodes, the times of the clock,
 * the order of a directory) are left out, so that two hosts that behave the same print the same. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef uint32_t u32;
typedef uint64_t u64;

#define CALL(name) __attribute__((import_module("wasi_snapshot_preview1"), import_name(#name))) u32 wasi_##name
CALL(fd_advise)(u32, u64, u64, u32);
CALL(fd_close)(u32);
CALL(fd_datasync)(u32);
CALL(fd_fdstat_get)(u32, void *);
CALL(fd_fdstat_set_flags)(u32, u32);
CALL(fd_filestat_get)(u32, void *);
CALL(fd_filestat_set_size)(u32, u64);
CALL(fd_filestat_set_times)(u32, u64, u64, u32);
CALL(fd_pread)(u32, const void *, u32, u64, u32 *);
CALL(fd_prestat_get)(u32, void *);
CALL(fd_prestat_dir_name)(u32, char *, u32);
CALL(fd_pwrite)(u32, const void *, u32, u64, u32 *);
CALL(fd_read)(u32, const void *, u32, u32 *);
CALL(fd_readdir)(u32, void *, u32, u64, u32 *);
CALL(fd_renumber)(u32, u32);
CALL(fd_seek)(u32, u64, u32, u64 *);
CALL(fd_sync)(u32);
CALL(fd_tell)(u32, u64 *);
CALL(fd_write)(u32, const void *, u32, u32 *);
CALL(path_create_directory)(u32, const char *, u32);
CALL(path_filestat_get)(u32, u32, const char *, u32, void *);
CALL(path_filestat_set_times)(u32, u32, const char *, u32, u64, u64, u32);
CALL(path_link)(u32, u32, const char *, u32, u32, const char *, u32);
CALL(path_open)(u32, u32, const char *, u32, u32, u64, u64, u32, u32 *);
CALL(path_readlink)(u32, const char *, u32, char *, u32, u32 *);
CALL(path_remove_directory)(u32, const char *, u32);
CALL(path_rename)(u32, const char *, u32, u32, const char *, u32);
CALL(path_symlink)(const char *, u32, u32, const char *, u32);
CALL(path_unlink_file)(u32, const char *, u32);
CALL(poll_oneoff)(const void *, void *, u32, u32 *);
CALL(sock_accept)(u32, u32, u32 *);
CALL(sock_recv)(u32, const void *, u32, u32, u32 *, uint16_t *);
CALL(sock_send)(u32, const void *, u32, u32, u32 *);
CALL(sock_shutdown)(u32, u32);

enum { READ = 1 << 1, WRITE = 1 << 6, WRITING = WRITE | 1 << 8 | 1 << 22 };
#define ALL ((UINT64_C(1) << 30) - 1)

static u64 state;

static u32 below(u32 n)
{
    state = state * 6364136223846793005u + 1442695040888963407u;
    return (u32)(state >> 33) % n;
}

/* A path: its bytes and its printed form. */
struct path {
    const char *text;
    u32 size;
};
#define P(text)                                                                                                        \
    {                                                                                                                  \
        text, sizeof text - 1                                                                                          \
    }

static const struct path paths[] = {
    P("a"),     P("a"),         P("b"),        P("b"),        P("c"),       P("d"),       P("a/b"),   P("a/b"),
    P("a/c"),   P("b/a"),       P("a/b/c"),    P("b/c/d"),    P("l"),       P("l"),       P("m"),     P("l/a"),
    P("m/b"),   P("a/l"),       P("a//b"),     P("./a"),      P("a/./b"),   P("a/../b"),  P("."),     P("b/../a/b"),
    P(".."),    P("../x"),      P("a/../.."),  P("l/../.."),  P("/a"),      P("/"),       P(""),      P("a\0b"),
    P("\0"),    P("a\xc3\xbf"), P("\xc3\xa4"), P("a/b/../c"), P("nothing"), P("../r0/a"), P("..a"),   P("nothing/a"),
    P("a/..b"), P("..."),       P("l/../m"),   P("a/l/b"),    P("no/../a"), P("l/b/c"),   P("m/a/l"), P("b/l/a"),
};
static const struct path targets[] = {P("a"),       P("b"),    P("a/b"),  P("."),    P(".."),   P("../.."),
                                      P("l"),       P("m"),    P("a/"),   P("../a"), P(""),     P("/etc"),
                                      P("nothing"), P("a\0b"), P("b/.."), P("./b"),  P("../b"), P("a/../../x")};

static struct path any(void)
{
    return paths[below(sizeof paths / sizeof *paths)];
}

static void show(struct path p)
{
    printf(" '");
    for (u32 i = 0; i < p.size; i++)
        if (p.text[i] < ' ' || p.text[i] > '~')
            printf("\\%02x", (unsigned char)p.text[i]);
        else
            putchar(p.text[i]);
    putchar('\'');
}

/* Descriptors have our own numbers, because hosts number them differently. 0 is the directory of the round. */
enum { SLOTS = 7, NONE = 999 };
static u32 slots[SLOTS];

/* 0: it does not exist, or it is a directory; otherwise its rights to read and write. */
static u32 may(u32 slot)
{
    uint8_t stat[24];

    if (wasi_fd_fdstat_get(slots[slot], stat) || stat[0] == 3)
        return 0;
    return stat[8] & (READ | WRITE);
}

/* Mostly one that may be open. */
static u32 descriptor(void)
{
    return below(8) ? 1 + below(SLOTS - 1) : 0;
}

/* One that a round may lose. */
static u32 other(void)
{
    return 1 + below(SLOTS - 1);
}

static u32 folder(void)
{
    return below(5) ? 0 : descriptor();
}

static void show_stat(const uint8_t *s)
{
    u64 links, size, mtim;

    memcpy(&links, s + 24, 8);
    memcpy(&size, s + 32, 8);
    memcpy(&mtim, s + 48, 8);
    printf(" type %u links %llu size %lld", s[16], s[16] == 3 ? 0 : links, s[16] == 3 ? 0 : size);
    /* A time that this program has set. */
    if (mtim < 10000000000000)
        printf(" mtim %llu", mtim);
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Reads a directory starting at a cookie, with a buffer of that size. *second: the cookie after the first entry. */
static u32 read_on(u32 fd, u64 cookie, u32 size, char names[][32], u32 most, u32 *n, u64 *second)
{
    static uint8_t buffer[1 << 15];
    u32 used, e;

    *n = 0;
    do {
        e = wasi_fd_readdir(slots[fd], buffer, size, cookie, &used);
        for (u32 at = 0, length; !e && at + 24 <= used && *n < most; at += 24 + length) {
            memcpy(&length, buffer + at + 16, 4);
            if (at + 24 + length > used)
                break;
            memcpy(&cookie, buffer + at, 8);
            snprintf(names[*n], sizeof *names, "%.*s:%u", (int)length, (char *)buffer + at + 24, buffer[at + 20]);
            if ((*n)++ == 0)
                *second = cookie;
        }
    } while (!e && used == size && *n < most);
    return e;
}

static u32 read_folder(u32 fd, u32 size)
{
    static char names[200][32], again[200][32];
    char *list[200];
    u32 n, shown = 0, rest, same = 0;
    u64 second = 0;
    u32 e = read_on(fd, 0, size, names, 200, &n, &second);

    if (e == 0 && n > 1 && read_on(fd, second, size, again, 200, &rest, &second) == 0) {
        for (u32 i = 0; i < rest && i + 1 < n; i++)
            same += !strcmp(again[i], names[i + 1]);
        if (same != rest || same != n - 1)
            printf(" but %u and %u from the second on", rest, same);
    }
    for (u32 i = 0; i < n; i++)
        if (strncmp(names[i], ".:", 2) != 0 && strncmp(names[i], "..:", 3) != 0)
            list[shown++] = names[i];
    qsort(list, shown, sizeof *list, by_name);
    for (u32 i = 0; i < shown; i++)
        printf(" %s", list[i]);
    return e;
}

static u32 poll_descriptor(u32 fd, u32 tag)
{
    uint8_t in[96] = {0}, out[64] = {0};
    u64 late = 60000000000; /* a file is ready at once */
    u32 n = 0, clock = 1, e;

    in[0] = 1;
    in[8] = (uint8_t)tag;
    memcpy(in + 16, &slots[fd], 4);
    in[48] = 2;
    memcpy(in + 64, &clock, 4);
    memcpy(in + 72, &late, 8);
    e = wasi_poll_oneoff(in, out, 2, &n);
    for (u32 i = 0; e == 0 && i < n; i++)
        if (out[32 * i] == 1)
            printf(" error %u type %u", out[32 * i + 8] | out[32 * i + 9] << 8, out[32 * i + 10]);
    return e;
}

static const u64 rights[] = {ALL, ALL, ALL & ~(u64)WRITING, ALL & ~(u64)READ};
static const u64 sizes[] = {0, 1, 3, 5, 100, 4096, 70000, INT64_MAX, UINT64_MAX, UINT64_C(1) << 63};

static u64 size_of(void)
{
    return sizes[below(sizeof sizes / sizeof *sizes)];
}

/* A size to which files here may grow. */
static u64 small(void)
{
    u64 n = size_of();

    return n == INT64_MAX ? 7 : n;
}

static u32 transfer(u32 which, u32 fd)
{
    static char text[] = "some bytes to write";
    char room[8] = {0};
    const struct {
        const void *at;
        u32 size;
    } iov = {which & 1 ? text : room, 1 + below(7)};
    u32 done = 0, e;
    u64 at = sizes[below(7)];

    printf(" %u", iov.size);
    if (which >= 2)
        printf(" at %llu", at);
    e = which == 0   ? wasi_fd_read(fd, &iov, 1, &done)
        : which == 1 ? wasi_fd_write(fd, &iov, 1, &done)
        : which == 2 ? wasi_fd_pread(fd, &iov, 1, at, &done)
                     : wasi_fd_pwrite(fd, &iov, 1, at, &done);
    if (!e)
        printf(" gives %u '%s'", done, room);
    return e;
}

/* Puts it into the first free slot; without one, closes it again. */
static void keep(u32 fd)
{
    for (u32 i = 1; i < SLOTS; i++)
        if (slots[i] == NONE) {
            slots[i] = fd;
            printf(" gives %u", i);
            return;
        }
    if (wasi_fd_close(fd))
        printf(" and is not closed");
}

static u32 open_path(void)
{
    u32 dir = folder(), follow = below(4) ? 1 : 0, create = below(2) ? 0 : below(16),
        flags = below(3) ? 0 : below(2) * 4 + below(2), fd = 0, e;
    u64 base = rights[below(sizeof rights / sizeof *rights)];
    struct path p = any();

    /* libwasmtime allows writing to a file that it creates or truncates, whatever rights were requested. */
    if (create & 9)
        base |= WRITING;

    e = wasi_path_open(slots[dir], follow, p.text, p.size, create, base, ALL, flags, &fd);
    printf("path_open %u %u", dir, follow);
    show(p);
    printf(" create %u rights %llx flags %u", create, base, flags);
    if (!e)
        keep(fd);
    return e;
}

/* Calls that make no sense for a file or a directory. */
static u32 call_odd(u32 fd)
{
    static const char *const names[] = {"sock_accept",   "sock_recv",      "sock_send",
                                        "sock_shutdown", "fd_prestat_get", "fd_prestat_dir_name"};
    u32 k = below(6), n = 0, host = slots[fd];
    uint8_t bytes[8];
    uint16_t flags;

    printf("%s %u", names[k], fd);
    switch (k) {
    case 0:
        return wasi_sock_accept(host, 0, &n);
    case 1:
        return wasi_sock_recv(host, bytes, 0, 0, &n, &flags);
    case 2:
        return wasi_sock_send(host, bytes, 0, 0, &n);
    case 3:
        return wasi_sock_shutdown(host, 3);
    case 4:
        return wasi_fd_prestat_get(host, bytes);
    default:
        return wasi_fd_prestat_dir_name(host, (char *)bytes, below(9));
    }
}

static u32 one_call(void)
{
    uint8_t bytes[64] = {0};
    u32 fd = descriptor(), e, n = 0, k;
    struct path p = any(), q = any();
    u64 at = 0;
    char text[64];

#define WITH_PATH(name, dir) (printf(#name " %u", dir), show(p), wasi_##name(slots[dir], p.text, p.size))
    switch (below(48)) {
    case 0 ... 9:
        return open_path();
    case 10 ... 11:
        fd = folder();
        return WITH_PATH(path_create_directory, fd);
    case 12 ... 13:
        fd = folder();
        return WITH_PATH(path_remove_directory, fd);
    case 14 ... 15:
        fd = folder();
        return WITH_PATH(path_unlink_file, fd);
    case 16 ... 18:
        k = folder();
        fd = folder();
        printf("path_rename %u", k);
        show(p);
        printf(" %u", fd);
        show(q);
        return wasi_path_rename(slots[k], p.text, p.size, slots[fd], q.text, q.size);
    case 19 ... 20:
        k = folder();
        fd = folder();
        n = below(8) ? 0 : below(2);
        printf("path_link %u %u", k, n);
        show(p);
        printf(" %u", fd);
        show(q);
        return wasi_path_link(slots[k], n, p.text, p.size, slots[fd], q.text, q.size);
    case 21 ... 23:
        p = targets[below(sizeof targets / sizeof *targets)];
        if (below(2))
            q = (struct path)P("l");
        fd = folder();
        printf("path_symlink");
        show(p);
        printf(" %u", fd);
        show(q);
        return wasi_path_symlink(p.text, p.size, slots[fd], q.text, q.size);
    case 24 ... 25:
        fd = folder();
        k = below(4) ? sizeof text : below(4);
        printf("path_readlink %u", fd);
        show(p);
        printf(" %u", k);
        e = wasi_path_readlink(slots[fd], p.text, p.size, text, k, &n);
        if (!e)
            show((struct path){text, n});
        return e;
    case 26 ... 28:
        fd = folder();
        k = below(2);
        printf("path_filestat_get %u %u", fd, k);
        show(p);
        e = wasi_path_filestat_get(slots[fd], k, p.text, p.size, bytes);
        if (!e)
            show_stat(bytes);
        return e;
    case 29:
        fd = folder();
        k = below(2);
        n = 1 + below(15);
        printf("path_filestat_set_times %u %u", fd, k);
        show(p);
        printf(" %u", n);
        return wasi_path_filestat_set_times(slots[fd], k, p.text, p.size, 1000000000000, 2000000000000, n);
    case 30:
        n = 1 + below(15);
        printf("fd_filestat_set_times %u %u", fd, n);
        return wasi_fd_filestat_set_times(slots[fd], 3000000000000, 4000000000000, n);
    case 31 ... 32:
        at = small();
        printf("fd_filestat_set_size %u %lld", fd, at);
        return wasi_fd_filestat_set_size(slots[fd], at);
    case 33:
        at = size_of();
        n = below(6);
        printf("fd_advise %u %lld %u", fd, at, n);
        return wasi_fd_advise(slots[fd], 1, at, n);
    case 34:
        fd = other();
        printf("fd_close %u", fd);
        e = wasi_fd_close(slots[fd]);
        if (!e)
            slots[fd] = NONE;
        return e;
    case 35:
        fd = other();
        k = other();
        printf("fd_renumber %u %u", fd, k);
        e = wasi_fd_renumber(slots[fd], slots[k]);
        if (!e && fd != k)
            slots[fd] = NONE;
        return e;
    case 36:
        printf("fd_filestat_get %u", fd);
        e = wasi_fd_filestat_get(slots[fd], bytes);
        if (!e)
            show_stat(bytes);
        return e;
    case 37:
        printf("fd_fdstat_get %u", fd);
        e = wasi_fd_fdstat_get(slots[fd], bytes);
        if (!e)
            printf(" type %u flags %u", bytes[0], bytes[0] == 3 ? 0 : bytes[2]);
        return e;
    case 38:
        n = below(2) * 4 + below(2);
        printf("fd_fdstat_set_flags %u %u", fd, n);
        if (!may(fd))
            return NONE;
        return wasi_fd_fdstat_set_flags(slots[fd], n);
    case 39:
        n = below(2) ? 1 << 15 : 64 + below(200); /* the longest name and its header are 56 */
        printf("fd_readdir %u %u", fd, n);
        return read_folder(fd, n);
    case 40:
        at = small();
        n = below(3);
        printf("fd_seek %u %lld %u", fd, at, n);
        e = wasi_fd_seek(slots[fd], at, n, &at);
        if (!e)
            printf(" gives %lld", at);
        return e;
    case 41:
        printf("fd_tell %u", fd);
        e = wasi_fd_tell(slots[fd], &at);
        if (!e)
            printf(" gives %lld", at);
        return e;
    case 42:
        k = below(2);
        printf("%s %u", k ? "fd_sync" : "fd_datasync", fd);
        if (!may(fd))
            return NONE;
        return k ? wasi_fd_sync(slots[fd]) : wasi_fd_datasync(slots[fd]);
    case 43:
        k = 1 + below(2);
        printf("poll_oneoff %u %u", fd, k);
        if (!(may(fd) & (k == 1 ? READ : WRITE)))
            return NONE;
        return poll_descriptor(fd, k);
    case 44:
        return call_odd(fd);
    default:
        k = below(4);
        fd = below(3) ? other() : fd;
        printf("%s %u", k == 0 ? "fd_read" : k == 1 ? "fd_write" : k == 2 ? "fd_pread" : "fd_pwrite", fd);
        return transfer(k, slots[fd]);
    }
}

int main(int argc, char **argv)
{
    u32 seed = argc > 1 ? (u32)atoi(argv[1]) : 0, rounds = argc > 2 ? (u32)atoi(argv[2]) : 1,
        calls = argc > 3 ? (u32)atoi(argv[3]) : 100;

    for (u32 round = 0; round < rounds; round++) {
        char name[16];
        u32 e, size = (u32)snprintf(name, sizeof name, "r%u", round);

        state = (u64)seed << 32 | round;
        for (u32 i = 0; i < SLOTS; i++) {
            if (round > 0 && slots[i] != NONE)
                wasi_fd_close(slots[i]);
            slots[i] = NONE;
        }
        e = wasi_path_create_directory(3, name, size);
        e |= wasi_path_open(3, 1, name, size, 2, ALL & ~(u64)WRITING, ALL, 0, &slots[0]);
        printf("-- seed %u round %u: %u\n", seed, round, e);
        if (e)
            return 1;
        /* Otherwise most calls would fail because there is no directory. */
        e = wasi_path_create_directory(slots[0], "a", 1) + wasi_path_create_directory(slots[0], "b", 1) +
            wasi_path_create_directory(slots[0], "a/b", 3);
        for (u32 i = 0; !e && i < 4; i++)
            e = wasi_path_open(slots[0], 1, i < 2 ? "c" : "a/c", i < 2 ? 1 : 3, 1, ALL, ALL, 0, &slots[i + 1]);
        if (e)
            return 2;
        for (u32 i = 0; i < calls; i++) {
            e = one_call();
            printf(" -> %u\n", e);
        }
    }
    return 0;
}
