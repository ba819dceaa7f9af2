/* wlpy: Python in a sandbox, as a service. */
#include "lines.h"

#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* What is missing or wrong, as wl-run's exit statuses. */
enum { STATUS_USAGE = 2, MOST_RULES = 64 };

static const char help[] =
    "usage: wlpy mcp [OPTION]...\n"
    "\n"
    "Runs Python in a sandbox for a model: a server of the Model Context Protocol over standard\n"
    "input and output. The code sees no file of this machine, and no network that is not named.\n"
    "\n"
    "  --program FILE       the Python: of wl-make aot --library, or a .wasm file\n"
    "                       [default: python-sandbox.so beside this program]\n"
    "  --deadline SECONDS   the most time that a piece of code may take [default: 30]\n"
    "  --max-memory SIZE    memory of a sandbox [default: 256M]\n"
    "  --max-output SIZE    output of a piece of code [default: 1M]\n"
    "  --max-files SIZE     contents of the files of a sandbox [default: 64M]\n"
    "  --max-sessions N     sessions that exist at once [default: 16]\n"
    "  --net HOST[:PORT]    lets the code connect there; may be repeated\n"
    "  --help, --version\n";

struct options {
    struct sandbox_config sandbox;
    const char *net[MOST_RULES];
    char program[PATH_MAX], cache[PATH_MAX];
};

static int refuse(const char *what, const char *value, const char *hint)
{
    fprintf(stderr, "wlpy: %s%s%s%s%s\n", what, *value ? " " : "", value, *hint ? "; " : "", hint);
    return STATUS_USAGE;
}

/* A number with K, M or G; false: it is none. */
static bool read_size(const char *text, uint64_t *size)
{
    char *end;
    unsigned long long n;

    if (*text < '0' || *text > '9')
        return false;
    errno = 0;
    n = strtoull(text, &end, 10);
    if (errno)
        return false;
    for (const char *unit = "KMG"; *unit && *end; unit++) {
        if (n > UINT64_MAX >> 10)
            return false;
        n <<= 10;
        if (*end == *unit) {
            end++;
            break;
        }
    }
    *size = n;
    return *end == '\0' && n > 0;
}

static int read_options(struct options *o, int argc, char **argv)
{
    enum { PROGRAM = 1, DEADLINE, MEMORY, OUTPUT, FILES, SESSIONS, NET, HELP, VERSION };
    static const struct option list[] = {
        {"program", required_argument, NULL, PROGRAM},   {"deadline", required_argument, NULL, DEADLINE},
        {"max-memory", required_argument, NULL, MEMORY}, {"max-output", required_argument, NULL, OUTPUT},
        {"max-files", required_argument, NULL, FILES},   {"max-sessions", required_argument, NULL, SESSIONS},
        {"net", required_argument, NULL, NET},           {"help", no_argument, NULL, HELP},
        {"version", no_argument, NULL, VERSION},         {0}};
    struct sandbox_config *c = &o->sandbox;
    uint64_t n;

    for (int option; (option = getopt_long(argc, argv, "+", list, NULL)) != -1;) {
        bool well = true;

        switch (option) {
        case PROGRAM:
            c->program = optarg;
            break;
        case DEADLINE: {
            char *end;
            double seconds = strtod(optarg, &end);

            well = end != optarg && !*end && seconds > 0 && seconds < 1e9;
            c->deadline_ms = well ? (uint64_t)(seconds * 1000) + !((uint64_t)(seconds * 1000)) : 0;
            break;
        }
        case MEMORY:
            well = read_size(optarg, &c->memory);
            break;
        case OUTPUT:
            well = read_size(optarg, &c->output);
            break;
        case FILES:
            well = read_size(optarg, &c->files);
            break;
        case SESSIONS:
            well = read_size(optarg, &n) && n <= 100000;
            c->sessions = (size_t)n;
            break;
        case NET:
            well = c->net_count < MOST_RULES;
            if (well)
                o->net[c->net_count++] = optarg;
            break;
        case HELP:
            fputs(help, stdout);
            return -1;
        case VERSION:
            printf("wlpy %s\n", wlpy_version());
            return -1;
        default:
            return STATUS_USAGE; /* (getopt has said what is wrong.) */
        }
        if (!well)
            return refuse("the value of an option is wrong:", optarg, "wlpy mcp --help shows what it can be");
    }
    if (optind < argc)
        return refuse("there is an argument that nothing needs:", argv[optind], "wlpy mcp --help shows the options");
    return 0;
}

/* The Python that was installed with this program. */
static int find_program(struct options *o)
{
    ssize_t n = readlink("/proc/self/exe", o->program, sizeof o->program - 1);
    char *slash;

    if (o->sandbox.program)
        return 0;
    o->program[n > 0 ? n : 0] = '\0';
    slash = strrchr(o->program, '/');
    if (!slash || (size_t)(slash - o->program) + 20 > sizeof o->program)
        return refuse("cannot find the Python", "", "name it by --program");
    strcpy(slash + 1, "python-sandbox.so");
    if (access(o->program, R_OK) < 0)
        return refuse("there is no Python:", o->program, "name one by --program, as wl-make aot --library makes them");
    o->sandbox.program = o->program;
    return 0;
}

/* Where wl-run keeps compiled modules, too. */
static void find_cache(struct options *o)
{
    const char *cache = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
    int n = -1;

    if (cache && *cache == '/')
        n = snprintf(o->cache, sizeof o->cache, "%s/wl-make/compiled", cache);
    else if (home && *home == '/')
        n = snprintf(o->cache, sizeof o->cache, "%s/.cache/wl-make/compiled", home);
    if (n > 0 && (size_t)n < sizeof o->cache)
        o->sandbox.cache_dir = o->cache;
}

static int serve_mcp(const struct options *o)
{
    struct sandbox *sandbox;
    struct wlpy_err err;
    struct mcp m;
    int status;

    if (sandbox_new(&o->sandbox, &sandbox, &err) < 0) {
        refuse(err.text, "", err.hint);
        return (int)err.code;
    }
    if (!mcp_init(&m, sandbox, o->sandbox.deadline_ms))
        return refuse("out of memory", "", "");
    status = lines_serve(&m);
    /* (Calls that nobody waits for may still use them.) */
    if (status == 0) {
        mcp_free(&m);
        sandbox_free(sandbox);
    }
    return status;
}

int main(int argc, char **argv)
{
    struct options o = {.sandbox = {.deadline_ms = 30000,
                                    .memory = 256 << 20,
                                    .output = 1 << 20,
                                    .files = 64 << 20,
                                    .sessions = 16,
                                    .idle_ms = 60000}};
    int r;

    if (argc >= 2 && (!strcmp(argv[1], "--help") || !strcmp(argv[1], "--version")))
        argv--, argc++;
    else if (argc < 2 || strcmp(argv[1], "mcp") != 0)
        return refuse(argc < 2 ? "a command is missing" : "there is no command", argc < 2 ? "" : argv[1],
                      "wlpy --help shows them");
    o.sandbox.net = o.net;
    r = read_options(&o, argc - 1, argv + 1);
    if (r == 0)
        r = find_program(&o);
    if (r != 0)
        return r < 0 ? 0 : r;
    find_cache(&o);
    signal(SIGPIPE, SIG_IGN);
    return serve_mcp(&o);
}
