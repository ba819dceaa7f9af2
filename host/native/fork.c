/* Copies of a guest between two calls. Everything that it has is in its memory then: the stack is empty, and the tables
 * are as they were at the start, or it cannot be copied. The memory is written to a file in memory, which all copies,
 * and the guest itself, map from then on: a page is copied when it is written to. A copy that is over is restored for
 * the next one (recycle.c), which then has to map nothing and takes few page faults. */
#include "core/written.h"
#include "native/run.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static int map(const struct run *r, const struct frozen *f)
{
    void *at = mmap(r->ranges[0], f->size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_FIXED, f->fd, 0);

    return at == MAP_FAILED ? -1 : 0;
}

/* NULL with errno. */
static struct frozen *copy_memory(struct guest_memory m)
{
    struct frozen *f = malloc(sizeof *f);
    int fd = memfd_create("wlpy-session", MFD_CLOEXEC);
    void *image = MAP_FAILED;

    if (f && fd >= 0 && written_save(fd, m.base, m.size, m.size) == 0)
        image = mmap(NULL, m.size, PROT_READ, MAP_SHARED, fd, 0);
    if (image != MAP_FAILED) {
        *f = (struct frozen){.fd = fd, .image = image, .size = m.size, .users = 1, .current = true};
        return f;
    }
    if (fd >= 0)
        close(fd);
    free(f);
    return NULL;
}

static int freeze(struct run *r, struct err *err)
{
    if (r->frozen)
        return 0;
    if (r->guest->changes_tables || r->ranges_n != 1)
        return err_set(err, ERR_MODULE, "cannot copy a session of %s: the module changes its tables", r->runtime->name);
    r->frozen = copy_memory(wasi_memory(r->runtime->wasi));
    if (!r->frozen)
        return err_set(err, ERR_SETUP, "cannot copy the memory of a session: %s", strerror(errno));
    /* (If that fails, it keeps pages of its own, which takes memory and nothing else.) */
    if (map(r, r->frozen) == 0)
        r->remapped = true;
    return 0;
}

static int take_memory(struct run *copy, const struct run *from, struct err *err)
{
    struct frozen *f = from->frozen;
    uint64_t more = f->size - copy->start_size;

    if (f->size < copy->start_size || copy->ranges_n != 1)
        return err_set(err, ERR_SETUP, "cannot copy a session of %s: its memory is not its own", from->runtime->name);
    if (copy->used + more > copy->runtime->limits->memory)
        return err_set(err, ERR_SETUP, "cannot copy a session of %s: " ERR_TEXT_MEMORY, from->runtime->name);
    if (map(copy, f) < 0)
        return err_set(err, ERR_SETUP, "cannot map the memory of a session: %s", strerror(errno));
    copy->base = f;
    recycle_use(f);
    copy->used += more;
    copy->guest->resize(copy->instance, f->size);
    /* What it is restored to when it is over. */
    copy->start_size = f->size;
    copy->start_used = copy->used;
    if (copy->kept_instance)
        memcpy(copy->kept_instance, copy->instance, copy->guest->instance_size);
    return 0;
}

struct run *runtime_fork(struct run *from, const struct runtime *runtime, struct err *err)
{
    struct run *copy = NULL;
    struct end end;
    int r = freeze(from, err);

    if (r == 0) {
        copy = run_open(from->program, from->frozen, runtime, err);
        r = copy ? run_enter(copy, ENTER_NOTHING, &end, err) : -ERR_SETUP;
    }
    if (r == 0 && (end.kind != END_EXITED || end.left))
        r = err_set(err, ERR_SETUP, "cannot copy a session of %s: the copy did not start: %s", runtime->name, end.text);
    if (r == 0 && copy->base != from->frozen)
        r = take_memory(copy, from, err);
    if (r == 0)
        return copy;
    runtime_close(copy);
    return NULL;
}
