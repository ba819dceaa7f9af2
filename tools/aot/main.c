/* aot makes native programs and libraries of modules, in three steps, each a command of its own:
 *
 *     translate MODULE NAME        the objects of the module's code, in the directory "translation"
 *     host SOURCES                 those of the host, in the directory "host"
 *     link TRANSLATION HOST NAME   of these two, "program" or "guest.so"
 *
 * A translation depends on the host by its interface only, the headers in host/abi, and the host's objects on no
 * module. All files are created in the current directory. */
#include "aot.h"

#include <ctype.h>
#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

/* The limits of a process's processor time, memory and file size: a fixed part, and a part for each MB of the
 * module, or of the objects that are linked. A Python takes a tenth of them on a fast machine. */
enum { SECONDS = 600, SECONDS_MB = 300, FILE_LEAST_MB = 16, FILE_MB = 64 };
#define MEMORY (UINT64_C(4) << 30)
#define MEMORY_MB (UINT64_C(256) << 20)

/* A C file for each half MB, so that a Python keeps many processors busy and a small module is compiled at once. */
enum { PART = 1 << 19, PARTS = 24, MOST_PARTS = 1000 };

static const char usage[] =
    "usage: aot [OPTION...] translate MODULE NAME\n"
    "       aot [OPTION...] host SOURCES\n"
    "       aot [OPTION...] link TRANSLATION HOST NAME\n"
    "makes, in the current directory, the objects \"translation\" of a module, the objects \"host\" of the directory\n"
    "host/, and of these two an executable \"program\", which calls itself NAME. Options that say what the result is\n"
    "must be the same for all three.\n\n"
    "  --library            the result is the library \"guest.so\"\n"
    "  --wabt DIR           the directory of wasm2c (port toolchain/wabt)\n"
    "  --musl DIR           link this C library into the program (port toolchain/musl); default: the machine's\n"
    "  --share DIR          the headers of host/abi and the profiles; default: those beside this program\n"
    "  --cc COMMAND         the compiler, a clang\n"
    "  --target NAME        the machine that the result is for: x86_64-linux or aarch64-linux (default: this one)\n"
    "  --sysroot DIR        that machine's C library, for what contains no other\n"
    "  --profdata PROGRAM   its llvm-profdata\n"
    "  --cpu NAME           compile for this processor (clang's name) and similar ones\n"
    "  --profile FILE       use this profile instead of the stored ones; none: use no profile\n"
    "  --counters           make a program that counts calls for such a profile\n"
    "  --opt -ON            optimisation of the module's code (-O2)\n"
    "  --no-lto             compile each file by itself\n"
    "  --host-cflags WORDS  more options for compiling the host's files\n"
    "  --parts N            the number of C files that wasm2c writes (by the module's size, at most 24)\n"
    "  -j N                 the number of parallel jobs, if MAKEFLAGS names no jobserver\n"
    "  --max-seconds N      limit the processor time of each process\n"
    "  --max-memory N       limit the memory of each process, in bytes\n"
    "  --status-fd N        write lines about the progress to this descriptor\n";

enum option_value {
    LIBRARY = 256,
    WABT,
    MUSL,
    SHARE,
    CC,
    TARGET,
    SYSROOT,
    PROFDATA,
    CPU,
    PROFILE,
    COUNTERS,
    OPT,
    NO_LTO,
    HOST_CFLAGS,
    PARTS_N,
    MAX_SECONDS,
    MAX_MEMORY,
    STATUS_FD,
    HELP
};

static const struct option options[] = {
    {"library", no_argument, NULL, LIBRARY},
    {"wabt", required_argument, NULL, WABT},
    {"musl", required_argument, NULL, MUSL},
    {"share", required_argument, NULL, SHARE},
    {"cc", required_argument, NULL, CC},
    {"target", required_argument, NULL, TARGET},
    {"sysroot", required_argument, NULL, SYSROOT},
    {"profdata", required_argument, NULL, PROFDATA},
    {"cpu", required_argument, NULL, CPU},
    {"profile", required_argument, NULL, PROFILE},
    {"counters", no_argument, NULL, COUNTERS},
    {"opt", required_argument, NULL, OPT},
    {"no-lto", no_argument, NULL, NO_LTO},
    {"host-cflags", required_argument, NULL, HOST_CFLAGS},
    {"parts", required_argument, NULL, PARTS_N},
    {"max-seconds", required_argument, NULL, MAX_SECONDS},
    {"max-memory", required_argument, NULL, MAX_MEMORY},
    {"status-fd", required_argument, NULL, STATUS_FD},
    {"help", no_argument, NULL, HELP},
    {0},
};

struct settings {
    struct build build;
    char **profiles;
    size_t profiles_n;
    bool default_profiles;
    int jobs;
    uint64_t max_seconds, max_memory;
};

static uint64_t number(const char *text, uint64_t most)
{
    char *rest;
    unsigned long long n;

    errno = 0;
    n = strtoull(text, &rest, 10);
    if (!isdigit((unsigned char)*text) || *rest || errno || n > most)
        end("%s is not a number from 0 to %llu", text, (unsigned long long)most);
    return n;
}

static void add_profile(struct settings *s, const char *file)
{
    s->default_profiles = false;
    if (!strcmp(file, "none"))
        return;
    s->profiles = need(realloc(s->profiles, (s->profiles_n + 2) * sizeof *s->profiles));
    s->profiles[s->profiles_n++] = text("%s", file);
    s->profiles[s->profiles_n] = NULL;
}

static void take_option(struct settings *s, int option)
{
    struct build *b = &s->build;

    switch (option) {
    case LIBRARY:
        b->library = true;
        break;
    case WABT:
        b->wabt = optarg;
        break;
    case MUSL:
        b->musl = optarg;
        break;
    case SHARE:
        b->share = optarg;
        break;
    case CC:
        b->cc = optarg;
        break;
    case TARGET:
        b->target = optarg;
        break;
    case SYSROOT:
        b->sysroot = optarg;
        break;
    case PROFDATA:
        b->profdata = optarg;
        break;
    case CPU:
        b->cpu = optarg;
        break;
    case PROFILE:
        add_profile(s, optarg);
        break;
    case COUNTERS:
        b->counters = true;
        break;
    case OPT:
        b->opt = optarg;
        break;
    case NO_LTO:
        b->lto = "";
        break;
    case HOST_CFLAGS:
        b->host_cflags = optarg;
        break;
    case PARTS_N:
        b->parts = (unsigned)number(optarg, MOST_PARTS);
        break;
    case 'j':
        s->jobs = (int)number(optarg, INT_MAX);
        break;
    case MAX_SECONDS:
        s->max_seconds = number(optarg, INT_MAX);
        break;
    case MAX_MEMORY:
        s->max_memory = number(optarg, INT64_MAX);
        break;
    case STATUS_FD:
        report_to((int)number(optarg, INT_MAX));
        break;
    case HELP:
        fputs(usage, stdout);
        exit(0);
    default:
        fputs(usage, stderr);
        exit(2);
    }
}

/* The directory with headers and profiles in the artifact that this program belongs to. */
static char *share_beside_program(void)
{
    char self[PATH_MAX];
    ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);

    for (int i = 0; n > 0 && i < 2; i++)
        while (n > 0 && self[--n] != '/')
            ;
    if (n <= 0)
        end("cannot find the headers beside this program; name their directory with --share");
    return text("%.*s/share/aot", (int)n, self);
}

/* Sets a limit for this program and all programs that it starts. A lower limit stays. */
static void limit(int what, uint64_t most, uint64_t hard)
{
    struct rlimit now, wanted = {most, hard};

    if (getrlimit(what, &now) == 0) {
        if (now.rlim_max < wanted.rlim_max)
            wanted.rlim_max = now.rlim_max;
        if (now.rlim_cur < wanted.rlim_cur)
            wanted.rlim_cur = now.rlim_cur;
    }
    if (wanted.rlim_cur > wanted.rlim_max)
        wanted.rlim_cur = wanted.rlim_max;
    if (setrlimit(what, &wanted) < 0)
        end("cannot set the limits of processes: %s", strerror(errno));
}

static void set_limits(const struct settings *s, size_t size)
{
    uint64_t mb = (size >> 20) + 1, file = (FILE_LEAST_MB + FILE_MB * mb) << 20;
    uint64_t seconds = s->max_seconds ? s->max_seconds : SECONDS + SECONDS_MB * mb;
    uint64_t memory = s->max_memory ? s->max_memory : MEMORY + MEMORY_MB * mb;

    limit(RLIMIT_CORE, 0, 0);
    limit(RLIMIT_CPU, seconds, seconds + 10);
    limit(RLIMIT_AS, memory, memory);
    limit(RLIMIT_FSIZE, file, file);
}

/* The bytes of a directory's objects. */
static size_t size_of(const char *directory)
{
    char **files = files_in(directory, ".o");
    struct stat st;
    size_t size = 0;

    for (size_t i = 0; files[i]; i++)
        if (stat(files[i], &st) == 0)
            size += (size_t)st.st_size;
    return size;
}

/* The name becomes a string of the assembler and is printed, so the caller must make it harmless. */
static void check_name(const char *name)
{
    for (const char *p = name; *p; p++)
        if (!isalnum((unsigned char)*p) && !strchr("._-", *p))
            end("%s is not a name of letters, digits and . _ -", name);
}

static void validate(const struct build *b, const char *module)
{
    char *argv[] = {text("%s/bin/wasm-validate", b->wabt), (char *)module, NULL};
    char *refusal = text("%s is not a valid module, or uses a proposal that wasm2c lacks", b->name);

    commands_run(&(struct command){argv, NULL, false}, 1, refusal);
    free(argv[0]);
    free(refusal);
}

static void translate_module(struct settings *s, char **argv)
{
    struct build *b = &s->build;
    struct functions f;
    struct module m;
    struct image i;
    struct fit fit;
    uint8_t *bytes;
    size_t n;

    b->name = argv[1];
    check_name(b->name);
    b->orders = files_in(text("%s/profiles", b->share), ".start");
    b->profiles = s->default_profiles ? files_in(text("%s/profiles", b->share), ".xz")
                  : s->profiles       ? s->profiles
                                      : get(0, sizeof *b->profiles);
    bytes = read_file(argv[0], &n);
    set_limits(s, n);
    if (!b->parts)
        b->parts = n / PART < PARTS ? (unsigned)(n / PART) + 1 : PARTS;
    report_phase("checking the module");
    module_read(&m, b->name, bytes, n);
    fit_check(&m, &fit);
    validate(b, argv[0]);
    report_phase("translating to C");
    functions_read(&m, &f);
    rewrite(&m, &f, &i);
    b->constant_table = table_write(&m, &f);
    glue_write(&m, &f, &fit, &i, b);
    translate(b);
}

static void compile_host(struct settings *s, char **argv)
{
    report_phase("compiling the host");
    host_compile(&s->build, argv[0]);
}

static void link_objects(struct settings *s, char **argv)
{
    s->build.name = argv[2];
    check_name(s->build.name);
    set_limits(s, size_of(argv[0]) + size_of(argv[1]));
    report_phase("linking");
    link_program(&s->build, argv[0], argv[1]);
}

static const struct {
    const char *name;
    int arguments;
    bool wabt; /* is needed */
    void (*run)(struct settings *s, char **argv);
} steps[] = {
    {"translate", 2, true, translate_module}, {"host", 1, true, compile_host}, {"link", 3, false, link_objects}};

int main(int argc, char **argv)
{
    struct settings s = {.default_profiles = true, .jobs = 1, .build = {.cc = "clang", .profdata = "llvm-profdata"}};
    struct build *b = &s.build;
    int option;

    b->opt = "-O2";
    b->lto = "-flto=thin -fuse-ld=lld";
    b->host_cflags = "";
    while ((option = getopt_long(argc, argv, "j:", options, NULL)) >= 0)
        take_option(&s, option);
    argv += optind;
    argc -= optind;
    for (size_t i = 0; argc && i < sizeof steps / sizeof *steps; i++) {
        if (strcmp(argv[0], steps[i].name) != 0 || argc - 1 != steps[i].arguments || (steps[i].wabt && !b->wabt))
            continue;
        if (!b->share)
            b->share = share_beside_program();
        commands_jobs(s.jobs);
        steps[i].run(&s, argv + 1);
        return 0;
    }
    take_option(&s, '?');
    return 2;
}
