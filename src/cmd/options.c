#include "cmd/options.h"

#include "cmd/command.h"

#include <errno.h>
#include <string.h>

enum { MAX_JOBS = 1024 };

static const char *const colors[] = {"auto", "always", "never", NULL};

/* The options that commands share, and the bit for each; 0: all commands take it. */
static const struct {
    unsigned bit;
    struct option_spec spec;
} shared[] = {
#define AT(m) .member = offsetof(struct options, m)
    {SHARED_JOBS,
     {'j', "jobs", "run at most N jobs at once (default: one per processor)", "N", OPTION_NUMBER, AT(jobs),
      .max = MAX_JOBS}},
    {SHARED_VERBOSE, {'v', "verbose", "show the output of the steps", NULL, OPTION_FLAG, AT(verbose)}},
    {SHARED_QUIET, {'q', "quiet", "print only errors", NULL, OPTION_FLAG, AT(quiet)}},
    {SHARED_DRY_RUN, {'n', "dry-run", "print the plan and do nothing", NULL, OPTION_FLAG, AT(dry_run)}},
    {SHARED_KEEP_GOING,
     {'k', "keep-going", "after a failure, continue with what does not depend on it", NULL, OPTION_FLAG,
      AT(keep_going)}},
    {SHARED_OFFLINE,
     {0, "offline", "do not use the network: only what was fetched before", NULL, OPTION_FLAG, AT(offline)}},
    {SHARED_OFFLINE,
     {0, "remote", "use the remote store at URL, or none (default: that of the configuration)", "URL", OPTION_TEXT,
      AT(remote)}},
    {SHARED_FLAVOUR,
     {0, "flavour", "which flavour of the port: plain (the default) or one that info shows", "NAME", OPTION_TEXT,
      AT(flavour)}},
    {SHARED_PACKAGES,
     {0, "with", "add a package of PyPI to the Python, as pip names it; may be repeated", "PACKAGE", OPTION_LIST,
      AT(with)}},
    {SHARED_PACKAGES,
     {'r', "requirement", "add the packages of this file, pip's requirements", "FILE", OPTION_TEXT, AT(requirement)}},
    {SHARED_PACKAGES,
     {0, "import", "import this module before the snapshot is taken; may be repeated", "MODULE", OPTION_LIST,
      AT(imports)}},
    {SHARED_PACKAGES, {0, "update", "resolve the packages again", NULL, OPTION_FLAG, AT(update)}},
    {SHARED_SOURCE,
     {0, "source", "use FILE as the archive of the port's first source", "FILE", OPTION_TEXT, AT(source)}},
    {SHARED_PROFILE,
     {0, "profile", "compile the port with the profile FILE (see profile), or with none", "FILE", OPTION_TEXT,
      AT(profile)}},
    {SHARED_DEBUG,
     {0, "debug", "keep names and debug information (DWARF) in what is built", NULL, OPTION_FLAG, AT(debug)}},
    {SHARED_KEEP_BUILD,
     {0, "keep-build", "keep the build directories of successful builds", NULL, OPTION_FLAG, AT(keep_build)}},
    {SHARED_NO_SANDBOX, {0, "no-sandbox", "run the steps without bubblewrap", NULL, OPTION_FLAG, AT(no_sandbox)}},
    {SHARED_OUTPUT,
     {0, "output", "put results into DIR (default: build-output in the checkout)", "DIR", OPTION_TEXT, AT(output)}},
    {0,
     {0, "cache-dir", "keep sources and artifacts in DIR (default: ~/.cache/wl-make)", "DIR", OPTION_TEXT,
      AT(cache_dir)}},
    {0, {0, "ports", "look for recipes in DIR too, before the project's own", "DIR", OPTION_LIST, AT(ports)}},
    {0,
     {0, "color", "auto, always or never (NO_COLOR is respected)", "WHEN", OPTION_CHOICE, AT(color),
      .choices = colors}},
    {0, {'h', "help", "show this help", NULL, OPTION_FLAG, AT(help)}},
#undef AT
};

enum { SHARED_COUNT = sizeof shared / sizeof *shared };

/* An option that a command takes. */
struct option {
    struct option_spec spec;
    bool is_own; /* its member is in the command's own struct */
};

static size_t count_specs(const struct option_spec *s)
{
    size_t n = 0;

    while (s && s[n].name)
        n++;
    return n;
}

/* Goes over the options of a command: its own, those of another table, the shared ones. *i counts from 0. */
static bool next_option(const struct command *c, size_t *i, struct option *o)
{
    size_t own = count_specs(c->options), more = 0;

    *o = (struct option){.is_own = true};
    if (*i < own) {
        o->spec = c->options[(*i)++];
        return true;
    }
    while (c->more_options && c->more_options(more, &o->spec))
        if (own + more++ == *i) {
            ++*i;
            return true;
        }
    for (size_t k = *i - own - more; k < SHARED_COUNT; k++)
        if (!shared[k].bit || (c->shared & shared[k].bit)) {
            *i = own + more + k + 1;
            *o = (struct option){.spec = shared[k].spec};
            return true;
        }
    return false;
}

static bool find_long(const struct command *c, const char *name, size_t len, struct option *o)
{
    for (size_t i = 0; next_option(c, &i, o);)
        if (strlen(o->spec.name) == len && !strncmp(o->spec.name, name, len))
            return true;
    return false;
}

static bool find_letter(const struct command *c, char letter, struct option *o)
{
    for (size_t i = 0; next_option(c, &i, o);)
        if (o->spec.letter == letter)
            return true;
    return false;
}

static int unknown(const struct command *c, const char *given, struct wl_err *err)
{
    WL_CLEANUP_FREE char *name = xstrndup(given, strcspn(given, "="));
    const char *nearest = NULL;
    struct option option;
    size_t best = 3;

    wl_err_set(err, WL_E_USAGE, "unknown option %s", name);
    for (size_t i = 0; starts_with(name, "--") && next_option(c, &i, &option);) {
        size_t distance = edit_distance(name + 2, option.spec.name);

        if (distance < best) {
            best = distance;
            nearest = option.spec.name;
        }
    }
    if (nearest)
        return wl_err_hint(err, "did you mean --%s? wl-make %s --help lists the options", nearest, c->name);
    if (c->has_guest)
        return wl_err_hint(err,
                           "the program's own options come after --, for example: wl-make %s python/v3.13.5 -- %s ...; "
                           "wl-make %s --help lists the others",
                           c->name, given, c->name);
    return wl_err_hint(err, "wl-make %s --help lists the options", c->name);
}

static int set_number(int *to, const struct option_spec *s, const char *value, struct wl_err *err)
{
    const int least = s->or_none ? 0 : 1;
    char *end;
    long n;

    errno = 0;
    n = strtol(value, &end, 10);
    if (errno || *end || end == value || n < least || n > s->max) {
        wl_err_set(err, WL_E_USAGE, "--%s takes a number from %d to %d, not '%s'", s->name, least, s->max, value);
        return wl_err_hint(err, "for example --%s 2", s->name);
    }
    *to = n ? (int)n : OPTION_NONE;
    return 0;
}

static int set_choice(int *to, const struct option_spec *s, const char *value, struct wl_err *err)
{
    WL_CLEANUP_STR struct str names = {0};

    for (int i = 0; s->choices[i]; i++) {
        if (!strcmp(value, s->choices[i])) {
            *to = i + 1;
            return 0;
        }
        str_addf(&names, "%s%s", i == 0 ? "" : s->choices[i + 1] ? ", " : " or ", s->choices[i]);
    }
    wl_err_set(err, WL_E_USAGE, "--%s takes %s, not '%s'", s->name, names.s, value);
    return wl_err_hint(err, "for example --%s %s", s->name, s->choices[0]);
}

static int set(struct options *o, const struct option *option, const char *value, struct wl_err *err)
{
    const struct option_spec *s = &option->spec;
    void *member = (char *)(option->is_own ? o->own : o) + s->member;
    int r;

    switch (s->kind) {
    case OPTION_FLAG:
        *(bool *)member = true;
        return 0;
    case OPTION_TEXT:
        if (!*value) {
            wl_err_set(err, WL_E_USAGE, "--%s %s: the value is empty", s->name, s->argument);
            return wl_err_hint(err, "wl-make %s --help describes the option", o->command->name);
        }
        free(*(char **)member);
        *(char **)member = xstrdup(value);
        return 0;
    case OPTION_LIST:
        strv_add(member, value);
        return 0;
    case OPTION_NUMBER:
        return set_number(member, s, value, err);
    case OPTION_CHOICE:
        return set_choice(member, s, value, err);
    case OPTION_FORWARD:
        r = s->check ? s->check(s, value, err) : 0;
        if (r < 0)
            return r;
        strv_addf(member, s->argument && value ? "--%s=%s" : "--%s", s->name, value);
        return 0;
    }
    return 0;
}

static int needs_value(const struct options *o, const struct option_spec *s, struct wl_err *err)
{
    wl_err_set(err, WL_E_USAGE, "--%s needs a value: --%s %s", s->name, s->name, s->argument);
    return wl_err_hint(err, "wl-make %s --help lists the options", o->command->name);
}

/* "--name", "--name=value", "--name value". */
static int parse_long(struct options *o, int argc, char **argv, int *i, struct wl_err *err)
{
    const char *name = argv[*i] + 2;
    size_t len = strcspn(name, "=");
    struct option option;

    if (!find_long(o->command, name, len, &option))
        return unknown(o->command, argv[*i], err);
    if (option.spec.optional)
        return set(o, &option, name[len] ? name + len + 1 : NULL, err);
    if (!option.spec.argument) {
        if (name[len]) {
            wl_err_set(err, WL_E_USAGE, "--%s takes no value", option.spec.name);
            return wl_err_hint(err, "wl-make %s --help lists the options", o->command->name);
        }
        return set(o, &option, "", err);
    }
    if (name[len])
        return set(o, &option, name + len + 1, err);
    if (*i + 1 >= argc)
        return needs_value(o, &option.spec, err);
    return set(o, &option, argv[++*i], err);
}

/* "-v", "-kv", "-j2", "-j 2". */
static int parse_letters(struct options *o, int argc, char **argv, int *i, struct wl_err *err)
{
    for (const char *p = argv[*i] + 1; *p; p++) {
        char given[3] = {'-', *p, '\0'};
        struct option option;
        int r;

        if (!find_letter(o->command, *p, &option))
            return unknown(o->command, given, err);
        if (option.spec.argument) {
            if (p[1])
                return set(o, &option, p + 1, err);
            if (*i + 1 >= argc)
                return needs_value(o, &option.spec, err);
            return set(o, &option, argv[++*i], err);
        }
        r = set(o, &option, "", err);
        if (r < 0)
            return r;
    }
    return 0;
}

int options_parse(struct options *o, const struct command *c, int argc, char **argv, struct wl_err *err)
{
    *o = (struct options){.command = c, .own = xcalloc(1, c->options_size)};
    for (int i = 0; i < argc; i++) {
        int r = 0;

        if (!strcmp(argv[i], "--")) {
            while (++i < argc)
                strv_add(c->has_guest ? &o->guest : &o->args, argv[i]);
        } else if (c->has_guest && o->args.n == 1 && argv[i][0] != '-') {
            while (i < argc)
                strv_add(&o->guest, argv[i++]);
        } else if (starts_with(argv[i], "--")) {
            r = parse_long(o, argc, argv, &i, err);
        } else if (argv[i][0] == '-' && argv[i][1]) {
            r = parse_letters(o, argc, argv, &i, err);
        } else {
            strv_add(&o->args, argv[i]);
        }
        if (r < 0)
            return r;
    }
    return 0;
}

void options_free(struct options *o)
{
    struct option option;

    for (size_t i = 0; o->command && next_option(o->command, &i, &option);) {
        void *member = (char *)(option.is_own ? o->own : o) + option.spec.member;

        if (option.spec.kind == OPTION_TEXT) {
            free(*(char **)member);
            *(char **)member = NULL;
        } else if (option.spec.kind == OPTION_LIST || option.spec.kind == OPTION_FORWARD) {
            strv_free(member);
        }
    }
    strv_free(&o->args);
    strv_free(&o->guest);
    free(o->own);
    *o = (struct options){0};
}

/* How many words the option takes, for a command: 1, or 2 if the next word is its value. 0: the command does not know
 * it. */
static int option_words(const struct command *c, const char *word)
{
    struct option option;
    size_t len = strlen(word);

    if (!starts_with(word, "--"))
        return !find_letter(c, word[len - 1], &option) ? 0 : option.spec.argument ? 2 : 1;
    len = strcspn(word + 2, "=");
    return !find_long(c, word + 2, len, &option)                             ? 0
           : option.spec.argument && !option.spec.optional && !word[2 + len] ? 2
                                                                             : 1;
}

/* The first word that is not an option, where options are those of the first command in the list that knows them. */
static int first_word(int argc, char **argv, const struct command *const *list)
{
    for (int i = 0; i < argc; i++) {
        int words = 0;

        if (argv[i][0] != '-' || !argv[i][1])
            return i;
        if (!strcmp(argv[i], "--"))
            return argc;
        for (const struct command *const *c = list; *c && !words; c++)
            words = option_words(*c, argv[i]);
        i += words == 2;
    }
    return argc;
}

int options_first_word(int argc, char **argv, const struct command *const *commands)
{
    /* An option may take a value for one command and none for another. So a word is the command only if the options
     * before it, read as that command's, lead to it. */
    for (int i = 0; i < argc; i++)
        for (const struct command *const *c = commands; *c; c++)
            if (!strcmp((*c)->name, argv[i]) && first_word(argc, argv, (const struct command *const[]){*c, NULL}) == i)
                return i;
    return first_word(argc, argv, commands);
}

/* "-j, --jobs N", or "    --quick". */
static char *spelling(const struct option_spec *s)
{
    char letter[5] = "    ";

    if (s->letter)
        snprintf(letter, sizeof letter, "-%c, ", s->letter);
    return xasprintf("%s--%s%s%s%s", letter, s->name,
                     s->optional   ? "[="
                     : s->argument ? " "
                                   : "",
                     s->argument ? s->argument : "", s->optional ? "]" : "");
}

void options_help(FILE *to, const struct command *c)
{
    struct option option;
    size_t width = 0;

    for (size_t i = 0; next_option(c, &i, &option);) {
        WL_CLEANUP_FREE char *left = spelling(&option.spec);

        width = strlen(left) > width ? strlen(left) : width;
    }
    for (size_t i = 0; next_option(c, &i, &option);) {
        WL_CLEANUP_FREE char *left = spelling(&option.spec);

        fprintf(to, "  %-*s  %s\n", (int)width, left, option.spec.help);
    }
}

static void list_spelling(FILE *to, const char *dashes, const char *name, const struct option_spec *s)
{
    fprintf(to, "%s%s\t%s\t", dashes, name, s->argument && !s->optional ? s->argument : "");
    for (size_t i = 0; s->choices && s->choices[i]; i++)
        fprintf(to, "%s%s", i ? " " : "", s->choices[i]);
    fputc('\n', to);
}

void options_list(FILE *to, const struct command *c)
{
    struct option option;

    for (size_t i = 0; next_option(c, &i, &option);) {
        list_spelling(to, "--", option.spec.name, &option.spec);
        if (option.spec.letter)
            list_spelling(to, "-", (const char[]){option.spec.letter, '\0'}, &option.spec);
    }
}
