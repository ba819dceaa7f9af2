#include "options.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char help[] =
    "usage: wlpy mcp [OPTION]...\n"
    "       wlpy serve [OPTION]...\n"
    "\n"
    "Runs Python in a sandbox: mcp for a model, as a server of the Model Context Protocol over standard\n"
    "input and output; serve over HTTP. The code sees no file of this machine, and no network that is\n"
    "not named.\n"
    "\n"
    "  --program FILE       the Python: of wl-make aot --library, or a .wasm file\n"
    "                       [default: ../lib/wlpy/python-sandbox.so, as seen from this program]\n"
    "  --deadline SECONDS   the most time that a piece of code may take [default: 30]\n"
    "  --max-memory SIZE    memory of a sandbox [default: 256M]\n"
    "  --max-output SIZE    output of a piece of code [default: 1M]\n"
    "  --max-files SIZE     contents of the files of a sandbox [default: 64M]\n"
    "  --max-sessions N     sessions that exist at once [default: 16; serve: 1000]\n"
    "  --net HOST[:PORT]    lets the code connect there; may be repeated\n"
    "\n"
    "serve:\n"
    "  --listen ADDRESS     ADDRESS:PORT, or the path of a Unix socket [default: 127.0.0.1:8080]\n"
    "  --host NAME          a name by which requests may call the server, besides localhost and addresses;\n"
    "                       may be repeated; not needed with a token\n"
    "  --token-file FILE    a token that requests must bring; needed where others can connect\n"
    "  --workers N          pieces of code that run at once [default: the number of processors]\n"
    "  --queue N            requests that may wait; more get the status 429 [default: 100]\n"
    "  --max-stored SIZE    files of LibreChat that outlive their sandboxes [default: 1G]\n"
    "  --log                a line of JSON on standard error for each request\n"
    "\n"
    "  --help, --version\n";

int refuse(const char *what, const char *value, const char *hint)
{
    fprintf(stderr, "wlpy: %s%s%s%s%s\n", what, *value ? " " : "", value, *hint ? "; " : "", hint);
    return STATUS_USAGE;
}

/* A number with K, M or G; false: it is none. */
static bool read_size(const char *text, uint64_t *size)
{
    static const char units[] = "KMG";
    const char *unit;
    char *end;
    unsigned long long n;
    unsigned shift = 0;

    if (*text < '0' || *text > '9')
        return false;
    errno = 0;
    n = strtoull(text, &end, 10);
    unit = *end ? strchr(units, *end) : NULL;
    if (unit) {
        shift = 10 * ((unsigned)(unit - units) + 1);
        end++;
    }
    *size = n << shift;
    return !errno && !*end && n > 0 && n <= UINT64_MAX >> shift;
}

static bool read_number(const char *text, uint64_t most, unsigned *number)
{
    uint64_t n;
    bool well = read_size(text, &n) && n <= most;

    *number = well ? (unsigned)n : 0;
    return well;
}

static bool read_seconds(const char *text, uint64_t *ms)
{
    char *end;
    double seconds = strtod(text, &end);

    if (end == text || *end || !(seconds > 0 && seconds < 1e9))
        return false;
    *ms = (uint64_t)(seconds * 1000) ? (uint64_t)(seconds * 1000) : 1;
    return true;
}

/* The first line of a file. */
static bool read_token(struct options *o, const char *file)
{
    FILE *from = fopen(file, "r");
    /* (A part of a token is another one.) */
    bool well = from && fgets(o->token, sizeof o->token, from) && (strpbrk(o->token, "\r\n") || feof(from));

    if (from)
        fclose(from);
    o->token[strcspn(o->token, "\r\n")] = '\0';
    o->server.token = o->token;
    return well && *o->token;
}

enum {
    PROGRAM = 1,
    DEADLINE,
    MEMORY,
    OUTPUT,
    FILES,
    SESSIONS,
    NET,
    LISTEN,
    HOST,
    TOKEN,
    WORKERS,
    QUEUE,
    STORED,
    LOG,
    HELP,
    VERSION
};

/* The options that only one command has follow NET. */
static const struct option list[] = {{"program", required_argument, NULL, PROGRAM},
                                     {"deadline", required_argument, NULL, DEADLINE},
                                     {"max-memory", required_argument, NULL, MEMORY},
                                     {"max-output", required_argument, NULL, OUTPUT},
                                     {"max-files", required_argument, NULL, FILES},
                                     {"max-sessions", required_argument, NULL, SESSIONS},
                                     {"net", required_argument, NULL, NET},
                                     {"listen", required_argument, NULL, LISTEN},
                                     {"host", required_argument, NULL, HOST},
                                     {"token-file", required_argument, NULL, TOKEN},
                                     {"workers", required_argument, NULL, WORKERS},
                                     {"queue", required_argument, NULL, QUEUE},
                                     {"max-stored", required_argument, NULL, STORED},
                                     {"log", no_argument, NULL, LOG},
                                     {"help", no_argument, NULL, HELP},
                                     {"version", no_argument, NULL, VERSION},
                                     {0}};

/* False: the value is wrong. */
static bool set(struct options *o, int option, const char *value)
{
    struct sandbox_config *c = &o->sandbox;
    unsigned n;

    switch (option) {
    case PROGRAM:
        c->program = value;
        return true;
    case DEADLINE:
        return read_seconds(value, &c->deadline_ms);
    case MEMORY:
        return read_size(value, &c->memory);
    case OUTPUT:
        return read_size(value, &c->output);
    case FILES:
        return read_size(value, &c->files);
    case SESSIONS:
        if (!read_number(value, 1000000, &n))
            return false;
        c->sessions = n;
        return true;
    case NET:
        if (c->net_count == MOST_RULES)
            return false;
        o->net[c->net_count++] = value;
        return true;
    case LISTEN:
        o->server.listen = value;
        return true;
    case HOST:
        if (o->server.host_count == MOST_RULES || !*value)
            return false;
        o->hosts[o->server.host_count++] = value;
        return true;
    case TOKEN:
        return read_token(o, value);
    case WORKERS:
        return read_number(value, 1000, &o->server.workers);
    case QUEUE:
        return read_number(value, 1000000, &o->server.queue);
    case STORED:
        return read_size(value, &o->server.stored);
    default:
        o->server.log = true;
        return true;
    }
}

static int read_all(struct options *o, int argc, char **argv)
{
    for (int option; (option = getopt_long(argc, argv, "+", list, NULL)) != -1;) {
        if (option == HELP)
            return fputs(help, stdout), -1;
        if (option == VERSION)
            return printf("wlpy %s\n", wlpy_version()), -1;
        if (option == '?')
            return STATUS_USAGE; /* (getopt has said what is wrong.) */
        if (option > NET && !o->http)
            return refuse("only serve has the option", list[option - 1].name, "wlpy --help shows the options");
        if (!set(o, option, optarg)) {
            char what[64];

            snprintf(what, sizeof what, "cannot use the value of --%s:", list[option - 1].name);
            return refuse(what, optarg, "wlpy --help shows what it can be");
        }
    }
    if (optind < argc)
        return refuse("there is an argument that nothing needs:", argv[optind], "wlpy --help shows the options");
    return 0;
}

/* The Python that was installed with this program: PREFIX/lib/wlpy has it, if PREFIX/bin has the program. */
static int find_program(struct options *o)
{
    static const char place[] = "lib/wlpy/python-sandbox.so";
    ssize_t n = readlink("/proc/self/exe", o->program, sizeof o->program - 1);
    char *slash;

    if (o->sandbox.program)
        return 0;
    for (int i = 0; i < 2; i++) {
        o->program[n > 0 ? n : 0] = '\0';
        slash = strrchr(o->program, '/');
        n = slash ? slash - o->program : 0;
    }
    if (slash) {
        const size_t room = (size_t)(o->program + sizeof o->program - (slash + 1));

        if ((size_t)snprintf(slash + 1, room, "%s", place) >= room)
            slash = NULL;
    }
    if (!slash)
        return refuse("cannot find the Python", "", "name it by --program");
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

int options_read(struct options *o, int argc, char **argv)
{
    const char *command = argc > 1 ? argv[1] : "";
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    int r;

    o->http = !strcmp(command, "serve");
    o->sandbox = (struct sandbox_config){.deadline_ms = 30000,
                                         .memory = 256 << 20,
                                         .output = 1 << 20,
                                         .files = 64 << 20,
                                         .sessions = o->http ? 1000 : 16,
                                         .net = o->net,
                                         .idle_ms = 60000};
    o->server = (struct http_config){.listen = "127.0.0.1:8080",
                                     .hosts = o->hosts,
                                     .stored = 1 << 30,
                                     .workers = processors > 0 ? (unsigned)processors : 1,
                                     .queue = 100};
    if (!strcmp(command, "--help") || !strcmp(command, "--version"))
        return read_all(o, argc, argv);
    if (!o->http && strcmp(command, "mcp") != 0)
        return refuse(*command ? "there is no command" : "a command is missing", command, "wlpy --help shows them");
    r = read_all(o, argc - 1, argv + 1);
    if (r == 0)
        r = find_program(o);
    find_cache(o);
    o->server.deadline_ms = o->sandbox.deadline_ms;
    o->server.names = o->sandbox.net_count != 0;
    return r;
}
