#include "core/written.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

/* From <linux/fs.h> of Linux 6.7; the machine's headers may be older. See Documentation/admin-guide/mm/pagemap.rst. */
struct scan {
    uint64_t size, flags, start, end, walk_end, vec, vec_len, max_pages;
    uint64_t inverted, mask, any_of, returned;
};
struct region {
    uint64_t start, end, categories;
};
#define SCAN _IOWR('f', 16, struct scan)
enum { IS_FILE = 1 << 2, IS_PRESENT = 1 << 3, IS_SWAPPED = 1 << 4 };

struct found {
    bool (*each)(void *arg, uint64_t at, uint64_t n);
    void *arg;
};

/* Asks the kernel for the pages that were written; false, and *can false, if the kernel cannot say. */
static bool ask(const struct found *f, int fd, const uint8_t *memory, uint64_t size, bool *can)
{
    struct region found[256];
    struct scan s = {.size = sizeof s,
                     .start = (uintptr_t)memory,
                     .end = (uintptr_t)memory + size,
                     .vec = (uintptr_t)found,
                     .vec_len = sizeof found / sizeof *found,
                     .inverted = IS_FILE,
                     .mask = IS_FILE,
                     .any_of = IS_PRESENT | IS_SWAPPED,
                     .returned = IS_FILE};
    bool well = true;

    *can = true;
    while (well && s.start < s.end) {
        int n = ioctl(fd, SCAN, &s);

        if (n < 0) {
            *can = s.start != (uintptr_t)memory;
            return false;
        }
        for (int i = 0; well && i < n; i++)
            well = f->each(f->arg, found[i].start - (uintptr_t)memory, found[i].end - found[i].start);
        s.start = s.walk_end;
    }
    return well;
}

/* Looks at each page's entry. */
static bool look(const struct found *f, int fd, const uint8_t *memory, uint64_t size)
{
    const uint64_t present = UINT64_C(1) << 63, swapped = UINT64_C(1) << 62, of_file = UINT64_C(1) << 61;
    uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE), entries[512], own_n = 0, done = 0;
    bool well = true;

    while (well && done < size) {
        uint64_t left = (size - done) / page, n = left < 512 ? left : 512;
        off_t at = (off_t)(((uintptr_t)memory + done) / page * sizeof *entries);

        well = pread(fd, entries, n * sizeof *entries, at) == (ssize_t)(n * sizeof *entries);
        for (uint64_t i = 0; well && i < n; i++, done += page) {
            bool own = (entries[i] & (present | swapped)) && !(entries[i] & of_file);

            if (own)
                own_n += page;
            if (own && done + page < size)
                continue;
            if (own_n)
                well = f->each(f->arg, own ? done + page - own_n : done - own_n, own_n);
            own_n = 0;
        }
    }
    return well;
}

bool written_find(const uint8_t *memory, uint64_t size, bool (*each)(void *arg, uint64_t at, uint64_t n), void *arg)
{
    const struct found f = {each, arg};
    /* (Opened each time: the descriptor stays bound to the memory of the process that opened it, even after a fork.) */
    int fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
    bool can = true, well;

    if (fd < 0)
        return false;
    well = ask(&f, fd, memory, size, &can) || (!can && look(&f, fd, memory, size));
    close(fd);
    return well;
}

static bool is_zero(const uint8_t *at, size_t n)
{
    return at[0] == 0 && memcmp(at, at + 1, n - 1) == 0;
}

int written_save(int fd, const uint8_t *memory, uint64_t size, uint64_t room)
{
    enum { PIECE = 1 << 16 };

    if (ftruncate(fd, (off_t)room) < 0)
        return -1;
    for (uint64_t at = 0; at < size; at += PIECE) {
        size_t n = is_zero(memory + at, PIECE) ? PIECE : 0;

        while (n < PIECE) {
            ssize_t some = pwrite(fd, memory + at + n, PIECE - n, (off_t)(at + n));

            if (some < 0 && errno != EINTR)
                return -1;
            n += some > 0 ? (size_t)some : 0;
        }
    }
    return 0;
}
