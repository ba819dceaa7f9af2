/* The command around a translated program: its options, and nothing that the program gets without one. */
#include "runtime.h"

#include "wasi/wasi_hint.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char help[] =
    "[OPTION]... [--] [ARGUMENT]...\n"
    "Run this WebAssembly program, compiled ahead of time, in its sandbox.\n"
    "\n"
    "Options end at -- or at the first word that is none; what follows is the program's.\n"
    "The program sees no folder and no environment variable that is not named here.\n"
    "\n"
    "  --dir HOST[::GUEST][::ro]  let it use the folder HOST, as GUEST (default: HOST); ro: to read only\n"
    "  --env NAME=VALUE           set a variable\n"
    "  --env NAME                 set a variable to the value it has here, if it has one\n"
    "  --argv0 NAME               the name the program sees as its own\n"
    "  --fd N                     let it use the descriptor N of the caller: a socket, a pipe\n"
    "  --deadline SECONDS         stop it after this time\n"
    "  --max-memory SIZE          the most that its memories and tables may have together (default: 4G)\n"
    "  --max-output SIZE          the most it may write to standard output and error together\n"
    "  --max-wasm-stack SIZE      stack for its calls (default: 64M)\n"
    "  --help                     print this\n"
    "\n"
    "Exit status: the program's; 124 the deadline has passed, 125 wrong options or set-up, 134 it was stopped.\n";

static const char *self;

static _Noreturn void usage(const char *what, const char *value, const char *hint)
{
    fprintf(stderr, "%s: %s%s%s; %s\n", self, what, *value ? " " : "", value, hint);
    exit(RUNTIME_SETUP);
}

static uint64_t size_of(const char *option, const char *text)
{
    static const char units[] = "KMG";
    char *end;
    unsigned long long n;
    const char *unit;

    errno = 0;
    n = strtoull(text, &end, 10);
    unit = *end ? strchr(units, *end) : NULL;
    if (errno || end == text || *text == '-' || n == 0 || (*end && (!unit || end[1])))
        usage(option, text, "a size is a number with K, M or G behind it, for example 256M");
    for (int i = unit ? (int)(unit - units) + 1 : 0; i > 0; i--) {
        if (n > UINT64_MAX >> 11)
            usage(option, text, "that is too much");
        n <<= 10;
    }
    return n;
}

static uint64_t milliseconds(const char *text)
{
    char *end;
    double s = strtod(text, &end);

    if (end == text || *end || !(s >= 0.001 && s <= 1e9))
        usage("--deadline", text, "it takes seconds, for example 2.5");
    return (uint64_t)(s * 1000);
}

/* What is needed where the program fails. */
struct given {
    struct hint_folder *folders;
    size_t folders_n;
    const wasi *wasi;
};

static void say_hint(void *arg)
{
    const struct given *given = arg;
    struct hint_run run = {.folders = given->folders,
                           .folders_n = given->folders_n,
                           .args = given->wasi->args,
                           .args_n = given->wasi->args_n,
                           .environ = given->wasi->environ,
                           .environ_n = given->wasi->environ_n};
    char text[HINT_SIZE];

    if (hint_failed(&run, text))
        dprintf(STDERR_FILENO, "%s: %s\n", self, text);
}

static void give_folder(wasi *w, const char *value, struct given *given)
{
    char *text = strdup(value), *guest, *access, hint[HINT_SIZE];
    bool read_only = false;
    int fd;

    if (!text)
        usage("--dir", value, "out of memory");
    guest = strstr(text, "::");
    if (guest) {
        *guest = '\0';
        guest += 2;
        access = strstr(guest, "::");
        if (access) {
            *access = '\0';
            access += 2;
        } else if (!strcmp(guest, "ro")) {
            access = guest;
            guest = text;
        }
        if (access) {
            if (strcmp(access, "ro") != 0)
                usage("--dir", value, "the form is HOST[::GUEST][::ro]");
            read_only = true;
        }
    } else {
        guest = text;
    }
    if (!*text || !*guest)
        usage("--dir", value, "the form is HOST[::GUEST][::ro]");
    if (hint_mapping(false, text, guest, hint))
        usage("cannot use --dir", value, hint);
    fd = open(text, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0 || wasi_give(w, fd, guest, read_only, false) < 0)
        usage("--dir: cannot open the folder", text, strerror(errno));
    given->folders[given->folders_n++] = (struct hint_folder){text, guest}; /* lives as long as the process */
}

static void give_fd(wasi *w, const char *value)
{
    char *end;
    long n = strtol(value, &end, 10);
    int fd = end != value && !*end && n > STDERR_FILENO && n <= INT32_MAX ? dup((int)n) : -1;

    if (fd < 0 || wasi_give(w, fd, NULL, false, false) < 0)
        usage("--fd", value, "it takes the number of an open descriptor of the caller, 3 or more");
}

int main(int argc, char **argv)
{
    wasi w = {.output_left = UINT64_MAX};
    struct runtime r = {.name = guest_name, .stack = UINT64_C(64) << 20, .memory = UINT64_C(4) << 30, .wasi = &w};
    const char **args = calloc((size_t)argc + 2, sizeof *args), **environment = calloc((size_t)argc + 1, sizeof *args);
    struct given given = {.folders = calloc((size_t)argc, sizeof *given.folders), .wasi = &w};
    int i = 1;

    self = guest_name;
    if (!args || !environment || !given.folders)
        usage("out of memory", "", "free some");
    args[0] = guest_name;
    w.args_n = 1;
    wasi_hold_streams();
    if (wasi_give_streams(&w) < 0)
        usage("cannot use a standard stream", "", strerror(errno));
    for (; i < argc && argv[i][0] == '-' && argv[i][1]; i++) {
        static const char *const names[] = {"--dir",        "--env",        "--argv0",          "--fd",  "--deadline",
                                            "--max-memory", "--max-output", "--max-wasm-stack", "--help"};
        enum { DIR_, ENV, ARGV0, FD, DEADLINE, MEMORY, OUTPUT, STACK, HELP, NONE };
        size_t length = strcspn(argv[i], "="), k = 0;
        const char *value = argv[i][length] ? argv[i] + length + 1 : NULL;

        if (!strcmp(argv[i], "--")) {
            i++;
            break;
        }
        while (k < NONE && (strlen(names[k]) != length || strncmp(names[k], argv[i], length) != 0))
            k++;
        if (k == NONE)
            usage("there is no option", argv[i], "see --help; the program's own options go behind --");
        if (k == HELP) {
            printf("Usage: %s %s", self, help);
            return fflush(stdout) == 0 ? 0 : RUNTIME_SETUP;
        }
        if (!value && !(value = argv[++i]))
            usage(names[k], "needs a value", "see --help");
        switch (k) {
        case DIR_:
            give_folder(&w, value, &given);
            break;
        case ENV:
            if (!strchr(value, '=')) {
                const char *here = getenv(value);
                char *both;

                if (!here)
                    break;
                if (asprintf(&both, "%s=%s", value, here) < 0)
                    usage("--env", value, "out of memory");
                value = both; /* lives as long as the process */
            }
            environment[w.environ_n++] = value;
            break;
        case ARGV0:
            args[0] = value;
            break;
        case FD:
            give_fd(&w, value);
            break;
        case DEADLINE:
            r.deadline_ms = milliseconds(value);
            break;
        case MEMORY:
            r.memory = size_of("--max-memory", value);
            break;
        case OUTPUT:
            w.output_left = size_of("--max-output", value);
            break;
        default:
            r.stack = size_of("--max-wasm-stack", value);
            if (r.stack < 1 << 16 || r.stack > UINT64_C(1) << 36)
                usage("--max-wasm-stack", value, "it takes 64K to 64G");
        }
    }
    while (i < argc)
        args[w.args_n++] = argv[i++];
    w.args = args;
    w.environ = environment;
    /* The guest is told of a closed pipe and a file that is too large by an error, as a program is that ignores them.
     */
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN);
    r.failed = say_hint;
    r.failed_arg = &given;
    runtime_run(&r);
    return RUNTIME_SETUP; /* not reached: the guest's end is that of the process */
}
