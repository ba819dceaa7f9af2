/* test_both PROGRAM OTHER: guests of both engines in one process, whose handlers of faults call each other: guests.so
 * and guests.wasm, in either order. (Without cmocka, which handles these signals itself.) */
#include "wlpy.h"

#include <stdio.h>
#include <string.h>

/* What guests/guests.wat does with 2 to 5 arguments. */
static const int ends[] = {134, 134, 134, 124};

static struct wlpy_program *load(struct wlpy_engine *engine, const char *file, struct wlpy_err *err)
{
    struct wlpy_program *program = NULL;

    (strstr(file, ".so") ? wlpy_program_load_native : wlpy_program_load)(engine, file, &program, err);
    return program;
}

static int run(struct wlpy_program *program, int what, struct wlpy_err *err)
{
    static const char *const argv[] = {"", "", "", "", ""};
    const struct wlpy_limits limits = {.size = sizeof limits, .deadline_ms = what == 3 ? 40 : 0};
    const struct wlpy_run_config config = {
        .size = sizeof config, .argv = argv, .argc = (size_t)what + 2, .limits = &limits};
    struct wlpy_result result = {.size = sizeof result};
    int r = wlpy_run(program, &config, &result, err);

    wlpy_result_free(&result);
    return r < 0 ? r : result.status;
}

int main(int argc, char **argv)
{
    const struct wlpy_engine_config how = {.size = sizeof how, .stack = 1 << 20};
    struct wlpy_program *program[2] = {NULL};
    struct wlpy_engine *engine;
    struct wlpy_err err = {.text = ""};

    if (argc != 3 || wlpy_engine_new(&how, &engine, &err) < 0)
        return 1;
    for (int i = 0; i < 6; i++) {
        /* (The second engine begins when the first has run.) */
        if (i < 2)
            program[i] = load(engine, argv[i + 1], &err);
        for (int what = 0; what < 4; what++) {
            int status = program[i % 2] ? run(program[i % 2], what, &err) : -1;

            if (status == ends[what])
                continue;
            fprintf(stderr, "%s, round %d: the guest %d ended with %d: %s\n", argv[i % 2 + 1], i, what, status,
                    err.text);
            return 1;
        }
    }
    wlpy_program_free(program[0]);
    wlpy_program_free(program[1]);
    wlpy_engine_free(engine);
    return 0;
}
