#include "cli/compile_aside.h"

#include "core/atomic_file.h"
#include "core/compiler.h"
#include "wlpy.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

bool compile_aside_is_asked(int argc, char **argv)
{
    return argc == COMPILER_ARGUMENTS && !strcmp(argv[1], COMPILER_ASKED);
}

/* A lower limit that exists already stays. (RLIM_INFINITY is the largest number.) */
static void limit(int resource, rlim_t soft, rlim_t hard)
{
    struct rlimit r;

    if (getrlimit(resource, &r) < 0)
        return;
    if (soft < r.rlim_cur)
        r.rlim_cur = soft;
    if (hard < r.rlim_max)
        r.rlim_max = hard;
    setrlimit(resource, &r);
}

/* What the process has at its start: bytes of addresses, and of those what can be written to. (Sanitizers have
 * terabytes.)
 */
static void own_size(uint64_t *addresses, uint64_t *data)
{
    unsigned long pages, writable;
    FILE *f = fopen("/proc/self/statm", "re");

    *addresses = *data = 0;
    if (f && fscanf(f, "%lu %*u %*u %*u %*u %lu", &pages, &writable) == 2) {
        *addresses = (uint64_t)pages * (uint64_t)sysconf(_SC_PAGESIZE);
        *data = (uint64_t)writable * (uint64_t)sysconf(_SC_PAGESIZE);
    }
    if (f)
        fclose(f);
}

/* Memory is what can be written to; the addresses that threads' allocators only reserve come on top of it. */
static void set_limits(uint64_t memory, uint64_t seconds)
{
    const uint64_t reserved = UINT64_C(1) << 30, each = UINT64_C(160) << 20;
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    uint64_t addresses, data;

    own_size(&addresses, &data);
    limit(RLIMIT_CORE, 0, 0);
    limit(RLIMIT_CPU, seconds, seconds + 5);
    limit(RLIMIT_DATA, data + memory, data + memory);
    addresses += memory + reserved + each * (uint64_t)(cores > 0 ? cores : 1);
    limit(RLIMIT_AS, addresses, addresses);
}

static int refuse(struct wlpy_err *err, const char *what)
{
    err->code = WLPY_E_SETUP;
    snprintf(err->text, sizeof err->text, "%s: %s", what, strerror(errno));
    return -WLPY_E_SETUP;
}

/* Standard input to standard output. */
static int compile(const char *settings, const char *name, struct wlpy_err *err)
{
    const struct wlpy_engine_config config = {
        .size = sizeof config, .quick = strchr(settings, 'q'), .unstoppable = !strchr(settings, 's')};
    struct wlpy_engine *engine;
    struct stat st;
    void *wasm = MAP_FAILED, *code = NULL;
    size_t size;
    int r;

    if (fstat(STDIN_FILENO, &st) == 0 && st.st_size > 0)
        wasm = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, STDIN_FILENO, 0);
    if (wasm == MAP_FAILED)
        return refuse(err, "cannot read the module to compile");
    r = wlpy_engine_new(&config, &engine, err);
    if (r < 0)
        return r;
    r = wlpy_compile(engine, name, wasm, (size_t)st.st_size, &code, &size, err);
    if (r == 0 && write_all(STDOUT_FILENO, code, size) < 0)
        r = refuse(err, "cannot write the compiled module");
    free(code);
    wlpy_engine_free(engine);
    return r;
}

int compile_aside(char **argv)
{
    struct wlpy_err err = {0};
    char text[sizeof err.text + sizeof err.hint + 32];
    int n;

    /* Nobody would read what it makes. */
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != (pid_t)strtol(argv[5], NULL, 10))
        return WLPY_E_SETUP;
    syscall(SYS_close_range, STDERR_FILENO + 1, ~0U, 0);
    set_limits(strtoull(argv[3], NULL, 10), strtoull(argv[4], NULL, 10));
    if (compile(argv[2], argv[6], &err) == 0)
        return write_all(STDERR_FILENO, (char[]){COMPILER_DONE}, 1) < 0 ? WLPY_E_SETUP : 0;
    n = snprintf(text, sizeof text, "%d\n%s\n%s\n%c", (int)err.code, err.text, err.hint, COMPILER_REFUSED);
    return write_all(STDERR_FILENO, text, (size_t)n) < 0 ? WLPY_E_SETUP : (int)err.code;
}
