/* formula PYTHON EXPRESSION [NAME=VALUE]...: evaluates an expression of Python in a sandbox, and prints its value.
 *
 * PYTHON is a Python that has its library inside: a .wasm file, or a native program (.so). The expression may come from
 * anybody: it gets 256 MiB, two seconds, 64 KiB of output, and nothing of this machine. */
#include <wlpy.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Runs inside the sandbox. The expression is data for it, and so are the values. */
static const char code[] = "import math, sys\n"
                           "names = {name: float(value) for name, value in (a.split('=', 1) for a in sys.argv[2:])}\n"
                           "print(eval(sys.argv[1], vars(math) | names))\n";

static int fail(const struct wlpy_err *err)
{
    fprintf(stderr, "formula: %s\n%s%s", err->text, err->hint, *err->hint ? "\n" : "");
    return (int)err->code;
}

static int load(struct wlpy_engine *engine, const char *file, struct wlpy_program **python, struct wlpy_err *err)
{
    const char *ending = strrchr(file, '.');

    if (ending && !strcmp(ending, ".so"))
        return wlpy_program_load_native(engine, file, python, err);
    return wlpy_program_load(engine, file, python, err);
}

static int evaluate(struct wlpy_program *python, const char *const *words, size_t n, struct wlpy_err *err)
{
    const struct wlpy_limits limits = {
        .size = sizeof limits, .memory = 256 << 20, .output = 64 << 10, .deadline_ms = 2000};
    struct wlpy_run_config config = {
        .size = sizeof config, .out = {.kind = WLPY_MEMORY}, .err = {.kind = WLPY_MEMORY}, .limits = &limits};
    struct wlpy_result result = {.size = sizeof result};
    const char **argv = wlpy_python_argv(WLPY_CODE | WLPY_ISOLATED, code, words, n, &config.argc);
    int status;

    config.argv = argv;
    if (wlpy_run(python, &config, &result, err) < 0) {
        status = fail(err);
    } else {
        if (result.end != WLPY_EXITED)
            fprintf(stderr, "formula: the expression was stopped: %s\n", result.text);
        fwrite(result.out, 1, result.out_size, stdout);
        fwrite(result.err, 1, result.err_size, stderr);
        status = result.status;
    }
    wlpy_result_free(&result);
    free(argv);
    return status;
}

int main(int argc, char **argv)
{
    /* A .wasm file is compiled the first time. (Quickly here; a program that runs for long leaves that out.) */
    const struct wlpy_engine_config how = {.size = sizeof how, .quick = true, .cache_dir = "compiled"};
    struct wlpy_engine *engine = NULL;
    struct wlpy_program *python = NULL;
    struct wlpy_err err;
    int status;

    if (argc < 3) {
        fprintf(stderr, "usage: formula PYTHON EXPRESSION [NAME=VALUE]...\n");
        return 2;
    }
    if (wlpy_engine_new(&how, &engine, &err) < 0 || load(engine, argv[1], &python, &err) < 0)
        status = fail(&err);
    else
        status = evaluate(python, (const char *const *)argv + 2, (size_t)argc - 2, &err);
    wlpy_program_free(python);
    wlpy_engine_free(engine);
    return status;
}
