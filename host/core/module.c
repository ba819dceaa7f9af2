#include "core/module.h"

#include "core/atomic_file.h"
#include "core/err.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 8U
#endif

int memory_file(const char *name)
{
    /* Some systems (vm.memfd_noexec) require a file to say that it is not executable; older kernels do not know the
     * flag. */
    int fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_NOEXEC_SEAL);

    return fd < 0 && errno == EINVAL ? memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING) : fd;
}

static int no_room(struct err *err)
{
    return err_set(err, ERR_SETUP, "cannot hold the module in memory: %s", strerror(errno));
}

/* Reads size bytes to *at. 0, or -1 with errno; 0 there: the file ended before. */
static int read_all(int fd, uint8_t *at, size_t size)
{
    while (size) {
        ssize_t n = read(fd, at, size);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0) {
            if (n == 0)
                errno = 0;
            return -1;
        }
        at += n;
        size -= (size_t)n;
    }
    return 0;
}

/* Fills in m from a complete file in memory. */
static int seal(struct module_bytes *m, int fd, size_t size, struct err *err)
{
    void *at = MAP_FAILED;

    if (fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL) == 0)
        at = mmap(NULL, size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (at == MAP_FAILED) {
        no_room(err);
        close(fd);
        return -ERR_SETUP;
    }
    *m = (struct module_bytes){fd, at, size};
    return 0;
}

int module_read(struct module_bytes *m, int fd, const struct stat *before, const char *file, struct err *err)
{
    size_t size = (size_t)before->st_size;
    struct stat after;
    int held, e = 0;
    bool whole;
    void *at;

    if (before->st_size < 8 || size > MODULE_MAX_BYTES) {
        err_set(err, ERR_MODULE, "cannot run %s: it %s", file,
                size > MODULE_MAX_BYTES ? "has more than 1 GiB" : "is not a WebAssembly file");
        return err_hint(err, "name a .wasm file");
    }
    held = memory_file("module");
    at = held < 0 || ftruncate(held, (off_t)size) < 0 ? MAP_FAILED
                                                      : mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, held, 0);
    if (at == MAP_FAILED) {
        no_room(err);
        if (held >= 0)
            close(held);
        return -ERR_SETUP;
    }
    whole = read_all(fd, at, size) == 0;
    if (!whole)
        e = errno;
    munmap(at, size);
    if (whole && fstat(fd, &after) == 0 && after.st_size == before->st_size &&
        !memcmp(&after.st_mtim, &before->st_mtim, sizeof after.st_mtim) &&
        !memcmp(&after.st_ctim, &before->st_ctim, sizeof after.st_ctim))
        return seal(m, held, size, err);
    close(held);
    err_set(err, ERR_MISSING, "cannot read %s: %s", file, e ? strerror(e) : "it changed meanwhile");
    return e ? -ERR_MISSING : err_hint(err, "run it again when nothing writes to it");
}

int module_hold(struct module_bytes *m, const uint8_t *bytes, size_t size, struct err *err)
{
    int fd = memory_file("module");

    if (fd < 0 || write_all(fd, bytes, size) < 0) {
        no_room(err);
        if (fd >= 0)
            close(fd);
        return -ERR_SETUP;
    }
    return seal(m, fd, size, err);
}

void module_release(struct module_bytes *m)
{
    if (!m->at)
        return;
    munmap((void *)m->at, m->size);
    close(m->fd);
    *m = (struct module_bytes){.fd = -1};
}
