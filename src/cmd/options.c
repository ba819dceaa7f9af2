#include "cmd/options.h"

#include <errno.h>
#include <limits.h>
#include <stddef.h>
#include <string.h>

enum option_type { FLAG, TEXT, NUMBER, LIST, COLOR, RUNNER };

struct option_info {
    char letter; /* 0: none */
    const char *name, *argument, *help;
    enum option_type type;
    size_t member;
    unsigned commands;
};

#define AT(m) offsetof(struct options, m)
enum {
    COMPOSING = CMD_BUILD | CMD_RUN | CMD_FETCH | CMD_TEST | CMD_CHECK,
    BUILDING = COMPOSING | CMD_APP | CMD_AOT | CMD_PROFILE,
};

static const struct option_info table[] = {
    {'o', "output", "FILE", "write the app to FILE (default: the program's name and .wasm)", TEXT, AT(file), CMD_APP},
    {'o', "output", "FILE", "write the program to FILE (default: the module's name)", TEXT, AT(file), CMD_AOT},
    {'o', "output", "FILE", "write the profile to FILE (default: profile-SERIES.xz)", TEXT, AT(file), CMD_PROFILE},
    {0, "library", NULL, "make a library that runs the program inside another one, and its header", FLAG, AT(library),
     CMD_AOT},
    {0, "profile", "FILE", "compile it with this profile (see profile --native), or with none", TEXT,
     AT(native_profile), CMD_AOT},
    {0, "target-cpu", "NAME", "for this processor, as clang names it, or native (default: any of x86-64)", TEXT,
     AT(target_cpu), CMD_AOT},
    {0, "max-compile-time", "SECONDS", "the most processor time for each process (default: by the module's size)",
     NUMBER, AT(max_compile_time), CMD_AOT},
    {0, "max-compile-memory", "SIZE", "the most memory for each process (default: by the module's size)", TEXT,
     AT(max_compile_memory), CMD_AOT},
    {0, "native", NULL, "one for aot: of a Python's modules as native programs", FLAG, AT(native), CMD_PROFILE},
    {0, "engine", "NAME", "run it by wasmtime or native (compiled ahead of time; the default where that was done)",
     TEXT, AT(engine), CMD_RUN},
    {'r', "requirement", "FILE", "the packages it needs, as pip's requirements", TEXT, AT(requirements), CMD_APP},
    {0, "lock", "FILE", "where their versions and hashes are pinned (default: beside FILE, ending in .lock)", TEXT,
     AT(lock), CMD_APP},
    {0, "without-native", "NAME,...", "packages that work without their compiled modules", LIST, AT(without_native),
     CMD_APP},
    {0, "update", NULL, "resolve the requirements again", FLAG, AT(update), CMD_APP},
    {'m', "module", "NAME", "run the module NAME, as python -m does", TEXT, AT(module), CMD_APP},
    {0, "entry-point", "NAME", "run the console script NAME of a requirement", TEXT, AT(entry_point), CMD_APP},
    {0, "import", "MODULE,...", "import these, too, before the snapshot is taken", LIST, AT(imports), CMD_APP},
    {0, "no-imports", NULL, "not what the program imports as it starts, only what --import names", FLAG, AT(no_imports),
     CMD_APP},
    {0, "include-data", "PATH[:PLACE]", "put a file or folder into the app's folder", LIST, AT(include_data), CMD_APP},
    {0, "strip-source", NULL, "leave the source out, only byte code", FLAG, AT(strip_source), CMD_APP},
    {0, "hash-seed", "N", "the secret of str's hashes: a number or random", TEXT, AT(hash_seed), CMD_APP},
    {0, "python", "PORT", "which Python it gets (default: python/v3.13.5)", TEXT, AT(python), CMD_APP},
    {'j', "jobs", "N", "run at most N jobs at once (default: one a processor)", NUMBER, AT(jobs), BUILDING},
    {'v', "verbose", NULL, "show what the steps print", FLAG, AT(verbose), BUILDING},
    {'q', "quiet", NULL, "show nothing but errors", FLAG, AT(quiet), BUILDING | CMD_CLEAN},
    {'n', "dry-run", NULL, "print the plan, do nothing", FLAG, AT(dry_run), CMD_BUILD | CMD_FETCH | CMD_CLEAN},
    {'k', "keep-going", NULL, "after a failure build what does not need it", FLAG, AT(keep_going),
     CMD_BUILD | CMD_FETCH | CMD_TEST},
    {0, "offline", NULL, "use no network: only what was fetched before", FLAG, AT(offline), BUILDING},
    {0, "flavour", "NAME", "in which flavour: plain (the default) or one that info names", TEXT, AT(flavour),
     CMD_BUILD | CMD_RUN | CMD_INFO | CMD_FETCH | CMD_TEST | CMD_CLEAN | CMD_AOT},
    {0, "source", "FILE", "use FILE as the archive of the port's first source", TEXT, AT(source),
     CMD_BUILD | CMD_RUN | CMD_TEST | CMD_INFO},
    {0, "profile", "FILE", "compile the port with this profile (see profile), or with none", TEXT, AT(profile),
     CMD_BUILD | CMD_RUN | CMD_TEST | CMD_INFO},
    {0, "debug", NULL, "keep names and debug information (DWARF) in what is built", FLAG, AT(debug),
     CMD_BUILD | CMD_RUN | CMD_TEST | CMD_INFO},
    {0, "keep-build", NULL, "keep the build folders of ports that were built well", FLAG, AT(keep_build),
     CMD_BUILD | CMD_TEST},
    {0, "no-sandbox", NULL, "run the steps without bubblewrap", FLAG, AT(no_sandbox),
     CMD_BUILD | CMD_RUN | CMD_TEST | CMD_INFO | CMD_LIST | CMD_APP | CMD_AOT | CMD_PROFILE},
    {0, "output", "DIR", "put results into DIR (default: build-output in the checkout)", TEXT, AT(output),
     COMPOSING | CMD_LIST | CMD_INFO | CMD_OUTDATED | CMD_CLEAN | CMD_DOCTOR},
    {0, "cache-dir", "DIR", "keep sources and artifacts in DIR (default: ~/.cache/wl-make)", TEXT, AT(cache_dir),
     CMD_ALL},
    {0, "ports", "DIR", "look for recipes in DIR too, before the project's own", LIST, AT(ports), CMD_ALL},
    {0, "all", NULL, "everything: results, artifacts, sources, logs", FLAG, AT(clean_all), CMD_CLEAN},
    {0, "all", NULL, "also recipes that others inherit from, and flavours", FLAG, AT(list_all), CMD_LIST},
    {0, "sources", NULL, "fetched sources", FLAG, AT(clean_sources), CMD_CLEAN},
    {0, "store", NULL, "the artifacts of every port", FLAG, AT(clean_store), CMD_CLEAN},
    {0, "json", NULL, "print JSON, for programs", FLAG, AT(json), CMD_OUTDATED},
    {0, "modules", NULL, "the modules of a built Python, and why it lacks others", FLAG, AT(modules), CMD_INFO},
    {0, "own", NULL, "of a Python, too, only the tests of its recipe", FLAG, AT(own), CMD_TEST},
    {0, "suite", "NAME", "of a Python, run the tests of another project: a port suites/NAME, or all", LIST, AT(suites),
     CMD_TEST},
    {0, "deadline", "SECONDS", "give up a file of tests after this time (default: 900)", NUMBER, AT(deadline),
     CMD_TEST},
    {0, "runtime", "NAME", "run the tests by wl-run (the default), native, or a script in runtimes/", TEXT, AT(runtime),
     CMD_TEST},
    {0, "json", "FILE", "write what became of the tests to FILE", TEXT, AT(json_file), CMD_TEST},
    {0, "junit", "FILE", "the same as JUnit XML", TEXT, AT(junit_file), CMD_TEST},
    {0, "dir", "HOST::GUEST", "let the guest use the folder HOST as GUEST (::ro behind it: only read)", RUNNER, 0,
     CMD_RUN},
    {0, "mapdir", "GUEST::HOST", "the old spelling of --dir", RUNNER, 0, CMD_RUN},
    {0, "env", "NAME=VALUE", "set an environment variable of the guest (NAME alone: as it is here)", RUNNER, 0,
     CMD_RUN},
    {0, "argv0", "NAME", "what the guest sees as its program's name", RUNNER, 0, CMD_RUN},
    {0, "quick", NULL, "the first start in a quarter of the time, for slower code", RUNNER, 0, CMD_RUN},
    {0, "color", "WHEN", "auto, always or never (NO_COLOR is respected)", COLOR, AT(color), CMD_ALL},
    {'h', "help", NULL, "show this help", FLAG, AT(help), CMD_ALL},
    {0, "version", NULL, "show the version of the tool", FLAG, AT(version), CMD_HELP},
};

enum { OPTIONS = sizeof table / sizeof *table };

static const struct option_info *find_long(enum command_bit command, const char *name, size_t len)
{
    for (size_t i = 0; i < OPTIONS; i++)
        if ((table[i].commands & command) && strlen(table[i].name) == len && !strncmp(table[i].name, name, len))
            return &table[i];
    return NULL;
}

static const struct option_info *find_letter(enum command_bit command, char letter)
{
    for (size_t i = 0; i < OPTIONS; i++)
        if ((table[i].commands & command) && table[i].letter == letter)
            return &table[i];
    return NULL;
}

static int unknown(enum command_bit command, const char *given, struct wl_err *err)
{
    WL_CLEANUP_FREE char *name = xstrndup(given, strcspn(given, "="));
    size_t best = 3;
    const char *near = NULL;

    wl_err_set(err, WL_E_USAGE, "unknown option %s", name);
    for (size_t i = 0; i < OPTIONS && starts_with(name, "--"); i++) {
        size_t d = edit_distance(name + 2, table[i].name);

        if ((table[i].commands & command) && d < best) {
            best = d;
            near = table[i].name;
        }
    }
    if (near)
        return wl_err_hint(err, "did you mean --%s? --help lists them", near);
    if (command == CMD_RUN)
        return wl_err_hint(err,
                           "the program's own options go behind --, for example: wl-make run python/v3.13.5 -- %s ...; "
                           "--help lists those of run",
                           given);
    return wl_err_hint(err, "--help lists the options");
}

static int set_number(int *to, const char *name, const char *value, struct wl_err *err)
{
    char *end;
    long n;

    errno = 0;
    n = strtol(value, &end, 10);
    if (errno || *end || end == value || n < 1 || n > 1024) {
        wl_err_set(err, WL_E_USAGE, "--%s takes a number from 1 to 1024, not '%s'", name, value);
        return wl_err_hint(err, "for example --%s 2", name);
    }
    *to = (int)n;
    return 0;
}

static int set_color(enum color_when *to, const char *value, struct wl_err *err)
{
    static const char *const names[] = {"auto", "always", "never"};

    for (int i = 0; i < 3; i++)
        if (!strcmp(value, names[i])) {
            *to = (enum color_when)i;
            return 0;
        }
    wl_err_set(err, WL_E_USAGE, "--color takes auto, always or never, not '%s'", value);
    return wl_err_hint(err, "for example --color never");
}

static int set(struct options *o, const struct option_info *info, const char *value, struct wl_err *err)
{
    void *member = (char *)o + info->member;

    switch (info->type) {
    case FLAG:
        *(bool *)member = true;
        return 0;
    case TEXT:
        if (!*value) {
            wl_err_set(err, WL_E_USAGE, "--%s takes a %s, not nothing", info->name,
                       !strcmp(info->argument, "NAME") ? "name" : "path");
            return wl_err_hint(err, "--help says what it is");
        }
        free(*(char **)member);
        *(char **)member = xstrdup(value);
        return 0;
    case NUMBER:
        return set_number(member, info->name, value, err);
    case LIST:
        strv_add(member, value);
        return 0;
    case COLOR:
        return set_color(member, value, err);
    case RUNNER:
        strv_addf(&o->runner, info->argument ? "--%s=%s" : "--%s", info->name, value);
        return 0;
    }
    return 0;
}

static int needs_value(const struct option_info *info, struct wl_err *err)
{
    wl_err_set(err, WL_E_USAGE, "--%s needs a value: --%s %s", info->name, info->name, info->argument);
    return wl_err_hint(err, "--help lists the options");
}

/* "--name", "--name=value", "--name value". */
static int take_long(struct options *o, enum command_bit command, int argc, char **argv, int *i, struct wl_err *err)
{
    const char *name = argv[*i] + 2;
    size_t len = strcspn(name, "=");
    const struct option_info *info = find_long(command, name, len);

    if (!info)
        return unknown(command, argv[*i], err);
    if (!info->argument) {
        if (name[len]) {
            wl_err_set(err, WL_E_USAGE, "--%s takes no value", info->name);
            return wl_err_hint(err, "--help lists the options");
        }
        return set(o, info, "", err);
    }
    if (name[len])
        return set(o, info, name + len + 1, err);
    if (*i + 1 >= argc)
        return needs_value(info, err);
    return set(o, info, argv[++*i], err);
}

/* "-v", "-kv", "-j2", "-j 2". */
static int take_letters(struct options *o, enum command_bit command, int argc, char **argv, int *i, struct wl_err *err)
{
    for (const char *p = argv[*i] + 1; *p; p++) {
        const struct option_info *info = find_letter(command, *p);
        char given[3] = {'-', *p, '\0'};
        int r;

        if (!info)
            return unknown(command, given, err);
        if (info->argument) {
            if (p[1])
                return set(o, info, p + 1, err);
            if (*i + 1 >= argc)
                return needs_value(info, err);
            return set(o, info, argv[++*i], err);
        }
        r = set(o, info, "", err);
        if (r < 0)
            return r;
    }
    return 0;
}

int options_parse(struct options *o, enum command_bit command, int argc, char **argv, struct wl_err *err)
{
    for (int i = 0; i < argc; i++) {
        int r = 0;

        if (!strcmp(argv[i], "--")) {
            while (++i < argc)
                strv_add(command == CMD_RUN ? &o->guest : &o->args, argv[i]);
        } else if (command == CMD_RUN && o->args.n == 1 && argv[i][0] != '-') {
            /* run PORT script.py ...: from the first word on, all is the guest's. */
            for (; i < argc; i++)
                strv_add(&o->guest, argv[i]);
        } else if (starts_with(argv[i], "--")) {
            r = take_long(o, command, argc, argv, &i, err);
        } else if (argv[i][0] == '-' && argv[i][1]) {
            r = take_letters(o, command, argc, argv, &i, err);
        } else {
            strv_add(&o->args, argv[i]);
        }
        if (r < 0)
            return r;
    }
    return 0;
}

/* The first word that is no option, read as the options of these commands are. */
static int first_word(int argc, char **argv, enum command_bit commands)
{
    for (int i = 0; i < argc; i++) {
        const struct option_info *info;
        size_t len;

        if (argv[i][0] != '-' || !argv[i][1])
            return i;
        if (!strcmp(argv[i], "--"))
            return argc;
        if (starts_with(argv[i], "--")) {
            len = strcspn(argv[i] + 2, "=");
            info = find_long(commands, argv[i] + 2, len);
            i += info && info->argument && !argv[i][2 + len];
        } else {
            info = find_letter(commands, argv[i][strlen(argv[i]) - 1]);
            i += info && info->argument;
        }
    }
    return argc;
}

int options_first_word(int argc, char **argv, enum command_bit (*command_of)(const char *word))
{
    /* One name can be an option with a value of one command and without of another: who knows which is the command. */
    for (int i = 0; i < argc; i++) {
        enum command_bit command = command_of(argv[i]);

        if (command && first_word(argc, argv, command) == i)
            return i;
    }
    return first_word(argc, argv, CMD_ALL);
}

void options_free(struct options *o)
{
    free(o->source);
    free(o->profile);
    free(o->flavour);
    free(o->output);
    free(o->cache_dir);
    free(o->native_profile);
    free(o->max_compile_memory);
    free(o->target_cpu);
    free(o->engine);
    free(o->runtime);
    free(o->json_file);
    free(o->junit_file);
    free(o->file);
    free(o->python);
    free(o->module);
    free(o->entry_point);
    free(o->requirements);
    free(o->lock);
    free(o->hash_seed);
    strv_free(&o->imports);
    strv_free(&o->include_data);
    strv_free(&o->without_native);
    strv_free(&o->suites);
    strv_free(&o->ports);
    strv_free(&o->runner);
    strv_free(&o->args);
    strv_free(&o->guest);
    *o = (struct options){0};
}

void options_help(FILE *to, enum command_bit command)
{
    for (size_t i = 0; i < OPTIONS; i++) {
        WL_CLEANUP_FREE char *left = NULL;
        char letter[5] = "    ";

        if (!(table[i].commands & command))
            continue;
        if (table[i].letter)
            snprintf(letter, sizeof letter, "-%c, ", table[i].letter);
        left = xasprintf("%s--%s%s%s", letter, table[i].name, table[i].argument ? " " : "",
                         table[i].argument ? table[i].argument : "");
        fprintf(to, "  %-24s %s\n", left, table[i].help);
    }
}
