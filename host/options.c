#include "options.h"

#include "err.h"
#include "snapshot.h"
#include "wasi/wasi_hint.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char options_help[] =
    "Usage: wl-run [OPTION]... MODULE.wasm [--] [ARGUMENT]...\n"
    "Run a WebAssembly (WASI) program in a sandbox.\n"
    "\n"
    "What follows MODULE is the program's, whatever it looks like; one -- right behind MODULE is dropped.\n"
    "The program sees no folder and no environment variable that is not named here.\n"
    "\n"
    "  --dir HOST[::GUEST][::ro]  let it use the folder HOST, as GUEST (default: HOST); ro: to read only\n"
    "  --dir-ro HOST[::GUEST]     the same as --dir HOST::GUEST::ro\n"
    "  --mapdir GUEST::HOST       the same as --dir HOST::GUEST, as old wasmtime spelled it\n"
    "  --env NAME=VALUE           set a variable\n"
    "  --env NAME                 set a variable to the value it has here, if it has one\n"
    "  --argv0 NAME               the name the program sees as its own (default: MODULE without its folder)\n"
    "  --max-wasm-stack SIZE      native stack for its calls (default: 16M)\n"
    "  --max-memory SIZE          the most that its memory and tables may take together (default: 4G)\n"
    "  --max-compile-memory SIZE  the most memory that compiling it may take (default: 4G)\n"
    "  --max-compile-time SECONDS the most processor time that compiling it may take (default: 300)\n"
    "  --snapshot FILE            call wizer.initialize instead of _start, then write the module as it is to FILE\n"
    "  --entry NAME               call NAME for that\n"
    "  --quick                    compile in a quarter of the time, to slower code: for what runs once and briefly\n"
    "  --cache-dir DIR            keep compiled modules in DIR (default: ~/.cache/wl-make/compiled)\n"
    "  --no-cache                 compile every time\n"
    "  -v, --verbose              tell more; of a program that was stopped, the calls it was in\n"
    "  -h, --help                 print this\n"
    "  -V, --version              print the version\n"
    "\n"
    "Exit status: the program's; 125 wrong options or set-up, 126 not a program that can be run, 127 no such file,\n"
    "134 the program was stopped (a trap).\n";

enum kind {
    DIR_RW,
    DIR_RO,
    MAPDIR,
    ENV,
    ARGV0,
    STACK,
    MEMORY,
    COMPILE_MEMORY,
    COMPILE_TIME,
    CACHE_DIR,
    WASM,
    NO_CACHE,
    QUICK,
    SNAPSHOT,
    ENTRY,
    VERBOSE,
    HELP,
    VERSION
};

static const struct {
    const char *name;
    enum kind kind;
    bool value;
} known[] = {
    {"--dir", DIR_RW, true},
    {"--dir-ro", DIR_RO, true},
    {"--mapdir", MAPDIR, true},
    {"--env", ENV, true},
    {"--argv0", ARGV0, true},
    {"--max-wasm-stack", STACK, true},
    {"--max-memory", MEMORY, true},
    {"--max-compile-memory", COMPILE_MEMORY, true},
    {"--max-compile-time", COMPILE_TIME, true},
    {"-W", WASM, true},
    {"--cache-dir", CACHE_DIR, true},
    {"--no-cache", NO_CACHE, false},
    {"--quick", QUICK, false},
    {"--snapshot", SNAPSHOT, true},
    {"--entry", ENTRY, true},
    {"--verbose", VERBOSE, false},
    {"-v", VERBOSE, false},
    {"--help", HELP, false},
    {"-h", HELP, false},
    {"--version", VERSION, false},
    {"-V", VERSION, false},
};

static int oom(struct wlpy_err *err)
{
    return err_set(err, WLPY_E_SETUP, "out of memory");
}

/* A copy of n bytes that lives as long as the options do; NULL if there is no memory. */
static char *keep(struct options *o, const char *s, size_t n)
{
    char **owned = realloc(o->owned, (o->owned_count + 1) * sizeof *owned);
    char *copy = owned ? strndup(s, n) : NULL;

    if (owned)
        o->owned = owned;
    if (copy)
        o->owned[o->owned_count++] = copy;
    return copy;
}

bool parse_size(const char *text, uint64_t *bytes)
{
    char *end;
    unsigned shift = 0;
    unsigned long long n;

    if (*text < '0' || *text > '9')
        return false;
    errno = 0;
    n = strtoull(text, &end, 10);
    switch (*end) {
    case 'k':
    case 'K':
        shift = 10;
        break;
    case 'm':
    case 'M':
        shift = 20;
        break;
    case 'g':
    case 'G':
        shift = 30;
        break;
    }
    if (shift) {
        end++;
        if (!strcmp(end, "iB") || !strcmp(end, "B"))
            end += strlen(end);
    }
    if (errno || *end || n > UINT64_MAX >> shift)
        return false;
    *bytes = (uint64_t)n << shift;
    return true;
}

static int bad_value(const char *option, const char *value, const char *form, struct wlpy_err *err)
{
    err_set(err, WLPY_E_SETUP, "cannot use %s %s", option, value);
    return err_hint(err, "the form is %s %s", option, form);
}

static int add_mount(struct options *o, enum kind kind, const char *value, struct wlpy_err *err)
{
    struct wlpy_mount *mounts = realloc(o->mounts, (o->config.mount_count + 1) * sizeof *mounts), *m;
    const char *split = strstr(value, "::"), *second = split ? split + 2 : value, *mark = strstr(second, "::");
    char hint[HINT_SIZE];
    size_t first_size = split ? (size_t)(split - value) : strlen(value), second_size;
    char *a, *b;

    if (!mounts)
        return oom(err);
    o->config.mounts = o->mounts = mounts;
    if (!split || kind == MAPDIR)
        mark = NULL;
    if (split && kind != MAPDIR && !strcmp(second, "ro")) {
        /* HOST::ro: the mark and no name. */
        mark = split;
        second = value;
    }
    second_size = mark ? (size_t)(mark - second) : strlen(second);
    if (kind == MAPDIR && !split && hint_mapping(true, value, value, hint)) {
        err_set(err, WLPY_E_SETUP, "cannot use --mapdir %s", value);
        return err_hint(err, "%s", hint);
    }
    if (!first_size || !second_size || (mark && strcmp(mark, "::ro") != 0) || (kind == MAPDIR && !split))
        return kind == MAPDIR   ? bad_value("--mapdir", value, "GUEST::HOST", err)
               : kind == DIR_RO ? bad_value("--dir-ro", value, "HOST[::GUEST]", err)
                                : bad_value("--dir", value, "HOST[::GUEST][::ro]", err);
    a = keep(o, value, first_size);
    b = keep(o, second, second_size);
    if (!a || !b)
        return oom(err);
    if (hint_mapping(kind == MAPDIR, kind == MAPDIR ? b : a, kind == MAPDIR ? a : b, hint)) {
        err_set(err, WLPY_E_SETUP, "cannot use %s %s", kind == MAPDIR ? "--mapdir" : "--dir", value);
        return err_hint(err, "%s", hint);
    }
    m = &o->mounts[o->config.mount_count++];
    m->host = kind == MAPDIR ? b : a;
    m->guest = kind == MAPDIR ? a : b;
    m->read_only = kind == DIR_RO || mark;
    return 0;
}

/* The entry that sets the variable, or NULL. */
static const char *find_variable(char **environment, const char *name, size_t size)
{
    for (; environment && *environment; environment++)
        if (!strncmp(*environment, name, size) && (*environment)[size] == '=')
            return *environment;
    return NULL;
}

static int add_env(struct options *o, const char *value, char **environment, struct wlpy_err *err)
{
    size_t name = strcspn(value, "=");
    const char **env, *entry = value[name] ? value : find_variable(environment, value, name);

    if (name == 0)
        return bad_value("--env", value, "NAME or NAME=VALUE", err);
    if (!entry)
        return 0;
    for (size_t i = 0; i < o->config.envc; i++)
        if (!strncmp(o->env[i], value, name) && o->env[i][name] == '=') {
            o->env[i] = entry; /* the last one counts */
            return 0;
        }
    env = realloc(o->env, (o->config.envc + 1) * sizeof *env);
    if (!env)
        return oom(err);
    o->env = env;
    o->env[o->config.envc++] = entry;
    o->config.env = env;
    return 0;
}

static int set_stack(struct options *o, const char *option, const char *value, struct wlpy_err *err)
{
    uint64_t bytes;

    if (!parse_size(value, &bytes) || bytes < WLPY_MIN_STACK || bytes > WLPY_MAX_STACK)
        return bad_value(option, value, "SIZE, from 64K to 4G", err);
    o->config.limits.stack = (size_t)bytes;
    return 0;
}

static bool parse_seconds(const char *text, uint64_t *seconds)
{
    size_t n = strspn(text, "0123456789");

    if (n == 0 || n > 9 || text[n])
        return false;
    *seconds = strtoull(text, NULL, 10);
    return *seconds > 0;
}

static int apply(struct options *o, enum kind kind, const char *value, char **environment, struct wlpy_err *err)
{
    switch (kind) {
    case DIR_RW:
    case DIR_RO:
    case MAPDIR:
        return add_mount(o, kind, value, err);
    case ENV:
        return add_env(o, value, environment, err);
    case ARGV0:
        o->argv[0] = value;
        return 0;
    case STACK:
        return set_stack(o, "--max-wasm-stack", value, err);
    case WASM:
        if (!strncmp(value, "max-wasm-stack=", 15))
            return set_stack(o, "-W max-wasm-stack", value + 15, err);
        return bad_value("-W", value, "max-wasm-stack=SIZE; no other setting is known", err);
    case MEMORY:
        if (!parse_size(value, &o->config.limits.memory) || !o->config.limits.memory ||
            o->config.limits.memory > INT64_MAX)
            return bad_value("--max-memory", value, "SIZE, for example 256M", err);
        return 0;
    case COMPILE_MEMORY:
        if (!parse_size(value, &o->config.limits.compile_memory) ||
            o->config.limits.compile_memory < WLPY_MIN_COMPILE_MEMORY || o->config.limits.compile_memory > INT64_MAX)
            return bad_value("--max-compile-memory", value, "SIZE, at least 64M", err);
        return 0;
    case COMPILE_TIME:
        if (!parse_seconds(value, &o->config.limits.compile_seconds))
            return bad_value("--max-compile-time", value, "SECONDS, a whole number from 1 on", err);
        return 0;
    case CACHE_DIR:
        if (!*value)
            return bad_value("--cache-dir", "\"\"", "DIR", err);
        o->config.cache_dir = value;
        return 0;
    case NO_CACHE:
        o->config.cache_dir = NULL;
        return 0;
    case SNAPSHOT:
    case ENTRY:
        if (!*value)
            return bad_value(kind == ENTRY ? "--entry" : "--snapshot", "\"\"", kind == ENTRY ? "NAME" : "FILE", err);
        *(kind == ENTRY ? &o->config.entry : &o->config.snapshot) = value;
        return 0;
    case QUICK:
        o->config.quick = true;
        return 0;
    case VERBOSE:
        o->verbose = true;
        return 0;
    case HELP:
        o->help = true;
        return 0;
    case VERSION:
        o->version = true;
        return 0;
    }
    return 0;
}

static int option(struct options *o, char **argv, int *i, char **environment, struct wlpy_err *err)
{
    const char *arg = argv[*i], *equals = !strncmp(arg, "--", 2) ? strchr(arg, '=') : NULL;
    size_t size = equals ? (size_t)(equals - arg) : strlen(arg);

    for (size_t k = 0; k < sizeof known / sizeof known[0]; k++) {
        const char *value = NULL;

        if (strncmp(known[k].name, arg, size) != 0 || known[k].name[size])
            continue;
        if (known[k].value) {
            value = equals ? equals + 1 : argv[*i + 1];
            if (!value) {
                err_set(err, WLPY_E_SETUP, "%s needs a value", known[k].name);
                return err_hint(err, "see wl-run --help");
            }
            if (!equals)
                ++*i;
        } else if (equals) {
            err_set(err, WLPY_E_SETUP, "%s takes no value", known[k].name);
            return err_hint(err, "see wl-run --help");
        }
        return apply(o, known[k].kind, value, environment, err);
    }
    err_set(err, WLPY_E_SETUP, "there is no option %.*s", (int)(size < 200 ? size : 200), arg);
    return err_hint(err, "see wl-run --help; the program's own options go behind the module");
}

static int default_cache(struct options *o, char **environment, struct wlpy_err *err)
{
    const char *cache = find_variable(environment, "XDG_CACHE_HOME", 14), *home = find_variable(environment, "HOME", 4),
               *base = NULL, *rest = NULL;
    char *joined;

    /* A relative XDG_CACHE_HOME is to be ignored, says its specification. */
    if (cache && cache[15] == '/') {
        base = cache + 15;
        rest = "/wl-make/compiled";
    } else if (home && home[5] == '/') {
        base = home + 5;
        rest = "/.cache/wl-make/compiled";
    }
    if (!base)
        return 0; /* then there is none */
    if (asprintf(&joined, "%s%s", base, rest) < 0)
        return oom(err);
    o->config.cache_dir = keep(o, joined, strlen(joined));
    free(joined);
    return o->config.cache_dir ? 0 : oom(err);
}

int options_parse(struct options *o, int argc, char **argv, char **environment, struct wlpy_err *err)
{
    int i = 1, r;

    memset(o, 0, sizeof *o);
    memset(err, 0, sizeof *err);
    o->argv = calloc((size_t)argc + 1, sizeof *o->argv);
    if (!o->argv)
        return oom(err);
    r = default_cache(o, environment, err);
    for (; r == 0 && i < argc && argv[i][0] == '-' && argv[i][1]; i++) {
        if (!strcmp(argv[i], "--")) {
            i++;
            break;
        }
        r = option(o, argv, &i, environment, err);
    }
    if (r < 0 || o->help || o->version)
        return r;
    if (o->config.snapshot && !o->config.entry)
        o->config.entry = SNAPSHOT_ENTRY;
    if (o->config.entry && !o->config.snapshot) {
        err_set(err, WLPY_E_SETUP, "--entry goes with --snapshot");
        return err_hint(err, "see wl-run --help");
    }
    if (i >= argc) {
        err_set(err, WLPY_E_SETUP, "no module is named");
        return err_hint(err, "the form is wl-run [OPTION]... MODULE.wasm [ARGUMENT]...");
    }
    o->config.module = argv[i++];
    if (!o->argv[0]) {
        const char *slash = strrchr(o->config.module, '/');

        o->argv[0] = slash ? slash + 1 : o->config.module;
    }
    if (i < argc && !strcmp(argv[i], "--"))
        i++;
    for (o->config.argc = 1; i < argc; i++)
        o->argv[o->config.argc++] = argv[i];
    o->config.argv = o->argv;
    o->config.interrupts = true;
    o->config.backtrace = o->verbose;
    return 0;
}

void options_free(struct options *o)
{
    for (size_t i = 0; i < o->owned_count; i++)
        free(o->owned[i]);
    free(o->owned);
    free(o->mounts);
    free(o->env);
    free(o->argv);
    memset(o, 0, sizeof *o);
}
