/* guest-cases PROGRAM DIR CASES: runs each case of a module that hostile.py made, one after the other in this process,
 * and prints how it ended. */
#include "wlpy.h"

#include <stdio.h>
#include <stdlib.h>

enum { MOST = 2000 };

int main(int argc, char **argv)
{
    static const char *args[MOST];
    const struct wlpy_engine_config how = {.size = sizeof how, .stack = 1 << 20};
    const struct wlpy_limits limits = {.size = sizeof limits, .deadline_ms = 60000};
    size_t cases = argc == 4 ? (size_t)atol(argv[3]) : 0;
    struct wlpy_dir folder = {.guest = "/"};
    struct wlpy_program *program = NULL;
    struct wlpy_engine *engine = NULL;
    struct wlpy_err err = {.text = "usage: guest-cases PROGRAM DIR CASES"};

    if (argc != 4 || cases > MOST || wlpy_engine_new(&how, &engine, &err) < 0 ||
        wlpy_program_load_native(engine, argv[1], &program, &err) < 0) {
        fprintf(stderr, "%s\n", err.text);
        return 1;
    }
    folder.host = argv[2];
    for (size_t i = 0; i < MOST; i++)
        args[i] = "x";
    for (size_t i = 1; i <= cases; i++) {
        const struct wlpy_run_config config = {
            .size = sizeof config, .argv = args, .argc = i, .dirs = &folder, .dir_count = 1, .limits = &limits};
        struct wlpy_result result = {.size = sizeof result};

        if (wlpy_run(program, &config, &result, &err) < 0)
            printf("%d %s\n", (int)err.code, err.text);
        else
            printf("%d %s\n", result.status, result.text);
        wlpy_result_free(&result);
    }
    wlpy_program_free(program);
    wlpy_engine_free(engine);
    return 0;
}
