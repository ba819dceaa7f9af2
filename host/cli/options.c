#include "cli/options.h"

#include "cli/hint.h"
#include "cli/values.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ALL (OF_WL_RUN | OF_NATIVE | OF_MAKE_RUN)
#define AT(member) offsetof(struct run_options, member)
static int out_of_memory(struct err *err)
{
    return err_set(err, ERR_SETUP, "out of memory");
}

static int bad_value(const struct run_option *option, const char *value, const char *form, struct err *err)
{
    err_set(err, ERR_SETUP, "cannot use --%s %s", option->name, *value ? value : "\"\"");
    return err_hint(err, "the form is --%s %s", option->name, form);
}

/* ---- what the options do ---- */

static int set_flag(struct run_options *o, const struct run_option *option, const char *value, struct err *err)
{
    (void)value;
    (void)err;
    *(bool *)((char *)o + option->at) = true;
    return 0;
}

static int set_text(struct run_options *o, const struct run_option *option, const char *value, struct err *err)
{
    if (!*value)
        return bad_value(option, value, option->argument, err);
    *(const char **)((char *)o + option->at) = value;
    return 0;
}

static int set_argv0(struct run_options *o, const struct run_option *option, const char *value, struct err *err)
{
    (void)option;
    (void)err;
    o->argv0 = value;
    return 0;
}

static int set_no_cache(struct run_options *o, const struct run_option *option, const char *value, struct err *err)
{
    (void)option;
    (void)value;
    (void)err;
    o->cache_dir = NULL;
    return 0;
}

static const char *size_text(char text[32], uint64_t n)
{
    static const char units[] = "\0KMG";
    int unit = 0;

    while (unit < 3 && n && n % 1024 == 0) {
        n /= 1024;
        unit++;
    }
    snprintf(text, 32, "%" PRIu64 "%.1s", n, units + unit);
    return text;
}

static int set_size(struct run_options *o, const struct run_option *option, const char *value, struct err *err)
{
    char form[128], least[32], most[32];
    uint64_t n;

    if (parse_size(value, &n) && n >= option->min && n <= option->max) {
        *(uint64_t *)((char *)o + option->at) = n;
        return 0;
    }
    if (option->max < INT64_MAX)
        snprintf(form, sizeof form, "SIZE, from %s to %s", size_text(least, option->min), size_text(most, option->max));
    else if (option->min > 1)
        snprintf(form, sizeof form, "SIZE, from %s on", size_text(least, option->min));
    else
        snprintf(form, sizeof form, "SIZE, for example 256M");
    return bad_value(option, value, form, err);
}

static int set_stack(struct run_options *o, const struct run_option *option, const char *value, struct err *err)
{
    static const char setting[] = "max-wasm-stack=";

    if (strncmp(value, setting, sizeof setting - 1) != 0) {
        err_set(err, ERR_SETUP, "cannot use -W %s", value);
        return err_hint(err, "the form is -W max-wasm-stack=SIZE; no other setting is known");
    }
    return set_size(o, option, value + sizeof setting - 1, err);
}

static int set_deadline(struct run_options *o, const struct run_option *option, const char *value, struct err *err)
{
    uint64_t ms;

    if (!parse_seconds(value, &ms) || ms < option->min || ms > option->max)
        return bad_value(option, value, "SECONDS, for example 2.5", err);
    o->limits.deadline_ms = ms;
    return 0;
}

static int set_whole_seconds(struct run_options *o, const struct run_option *option, const char *value, struct err *err)
{
    uint64_t n;

    if (!parse_number(value, &n) || n < option->min || n > option->max)
        return bad_value(option, value, "SECONDS, a whole number from 1 on", err);
    *(uint64_t *)((char *)o + option->at) = n;
    return 0;
}

static int set_fd(struct run_options *o, const struct run_option *option, const char *value, struct err *err)
{
    uint64_t n;
    int *fds;

    if (!parse_number(value, &n) || n < option->min || n > option->max)
        return bad_value(option, value, "N, the number of an open descriptor of the caller, 3 or more", err);
    fds = realloc(o->fds, (o->fds_n + 1) * sizeof *fds);
    if (!fds)
        return out_of_memory(err);
    o->fds = fds;
    o->fds[o->fds_n++] = (int)n;
    return 0;
}

static int set_count(struct run_options *o, const struct run_option *option, const char *value, struct err *err)
{
    uint64_t n;

    if (!parse_number(value, &n) || n < option->min || n > option->max)
        return bad_value(option, value, "N, a whole number from 1 on", err);
    *(uint64_t *)((char *)o + option->at) = n;
    return 0;
}

/* As set_count(), from 0 on. */
static int set_number(struct run_options *o, const struct run_option *option, const char *value, struct err *err)
{
    char form[64];
    uint64_t n;

    if (parse_number(value, &n) && n <= option->max) {
        *(uint64_t *)((char *)o + option->at) = n;
        return 0;
    }
    snprintf(form, sizeof form, "N, a whole number from 0 to %" PRIu64, option->max);
    return bad_value(option, value, form, err);
}

/* Checks a rule and keeps it. */
static int add_rule(const struct run_option *option, const char *rule, const char ***list, size_t *n,
                    int (*add)(struct net_policy *p, const char *rule, char why[NET_WHY_SIZE]), struct err *err)
{
    const char **more = realloc(*list, (*n + 1) * sizeof *more);
    struct net_policy *p = net_policy_new();
    char why[NET_WHY_SIZE];
    int r = 0;

    if (more)
        *list = more;
    if (!more || !p) {
        r = out_of_memory(err);
    } else if (add(p, rule, why) < 0) {
        err_set(err, ERR_SETUP, "cannot use --%s=%s", option->name, rule);
        r = err_hint(err, "%s", why);
    } else {
        more[(*n)++] = rule;
    }
    net_policy_free(p);
    return r;
}

static int set_net(struct run_options *o, const struct run_option *option, const char *value, struct err *err)
{
    return add_rule(option, value ? value : "*", &o->net, &o->net_n, net_policy_allow, err);
}

static int set_net_listen(struct run_options *o, const struct run_option *option, const char *value, struct err *err)
{
    return add_rule(option, value, &o->net_listen, &o->net_listen_n, net_policy_listen, err);
}

/* The parts of HOST[::GUEST][::ro]. */
struct parts {
    const char *host, *guest;
    size_t host_size, guest_size;
    bool read_only;
};

static bool split_folder(const char *value, struct parts *p)
{
    const char *colons = strstr(value, "::"), *second = colons ? colons + 2 : value;
    const char *mark = colons ? strstr(second, "::") : NULL;

    /* HOST::ro has the mark but no second name. */
    if (colons && !strcmp(second, "ro")) {
        mark = colons;
        second = value;
    }
    *p = (struct parts){.host = value,
                        .host_size = colons ? (size_t)(colons - value) : strlen(value),
                        .guest = second,
                        .guest_size = mark ? (size_t)(mark - second) : strlen(second),
                        .read_only = mark};
    return p->host_size && p->guest_size && (!mark || !strcmp(mark, "::ro"));
}

static int add_folder(struct run_options *o, const struct run_option *option, const char *value, const struct parts *p,
                      struct err *err)
{
    struct folder *folders = realloc(o->folders, (o->folders_n + 1) * sizeof *folders);
    char hint[HINT_SIZE], *host, *guest;

    if (!folders)
        return out_of_memory(err);
    o->folders = folders;
    host = keep_text(&o->texts, p->host, p->host_size);
    guest = keep_text(&o->texts, p->guest, p->guest_size);
    if (!host || !guest)
        return out_of_memory(err);
    if (hint_mapping(!strcmp(option->name, "mapdir"), host, guest, hint)) {
        err_set(err, ERR_SETUP, "cannot use --%s %s", option->name, value);
        return err_hint(err, "%s", hint);
    }
    o->folders[o->folders_n++] = (struct folder){host, guest, p->read_only};
    return 0;
}

static int set_dir(struct run_options *o, const struct run_option *option, const char *value, struct err *err)
{
    struct parts p;

    return split_folder(value, &p) ? add_folder(o, option, value, &p, err)
                                   : bad_value(option, value, option->argument, err);
}

static int set_dir_ro(struct run_options *o, const struct run_option *option, const char *value, struct err *err)
{
    struct parts p;

    if (!split_folder(value, &p))
        return bad_value(option, value, option->argument, err);
    p.read_only = true;
    return add_folder(o, option, value, &p, err);
}

static int set_mapdir(struct run_options *o, const struct run_option *option, const char *value, struct err *err)
{
    const char *colons = strstr(value, "::");
    struct parts p;
    char hint[HINT_SIZE];

    if (!colons && hint_mapping(true, value, value, hint)) {
        err_set(err, ERR_SETUP, "cannot use --mapdir %s", value);
        return err_hint(err, "%s", hint);
    }
    if (!colons || colons == value || !colons[2])
        return bad_value(option, value, option->argument, err);
    p = (struct parts){
        .guest = value, .guest_size = (size_t)(colons - value), .host = colons + 2, .host_size = strlen(colons + 2)};
    return add_folder(o, option, value, &p, err);
}

/* The entry that sets the variable, or NULL. */
static const char *find_variable(char **environment, const char *name, size_t size)
{
    for (; environment && *environment; environment++)
        if (!strncmp(*environment, name, size) && (*environment)[size] == '=')
            return *environment;
    return NULL;
}

/* value: NAME=VALUE, or the NAME of a variable of the host's environment. */
static int add_env(struct run_options *o, const char *value, struct err *err)
{
    size_t name = strcspn(value, "=");
    const char **env, *entry = value[name] ? value : find_variable(o->environment, value, name);

    if (!entry)
        return 0;
    for (size_t i = 0; i < o->env_n; i++)
        if (!strncmp(o->env[i], value, name) && o->env[i][name] == '=') {
            o->env[i] = entry; /* the last one counts */
            return 0;
        }
    env = realloc(o->env, (o->env_n + 1) * sizeof *env);
    if (!env)
        return out_of_memory(err);
    o->env = env;
    o->env[o->env_n++] = entry;
    return 0;
}

static int set_env(struct run_options *o, const struct run_option *option, const char *value, struct err *err)
{
    if (!*value || *value == '=')
        return bad_value(option, value, "NAME or NAME=VALUE", err);
    return add_env(o, value, err);
}

static int set_secret(struct run_options *o, const struct run_option *option, const char *value, struct err *err)
{
    const bool of_file = !strcmp(option->name, "secret-file");
    struct run_secret *more = realloc(o->secrets, (o->secrets_n + 1) * sizeof *more);
    const size_t name = strcspn(value, "=@");
    int r;

    if (!more)
        return out_of_memory(err);
    o->secrets = more;
    r = secret_parse(&more[o->secrets_n], value, of_file, find_variable(o->environment, value, name), err);
    o->secrets_n += r == 0;
    return r;
}

/* ---- the table ---- */

/* tests/docs/check-docs.sh reads this table: an option starts a line with its name and its letter. */
const struct run_option run_options[] = {
    {"dir", 0, "HOST[::GUEST][::ro]", "let it use the directory HOST, as GUEST (default: HOST); ro: to read only", ALL,
     .set = set_dir},
    {"dir-ro", 0, "HOST[::GUEST]", "the same as --dir HOST::GUEST::ro", ALL, .set = set_dir_ro},
    {"mapdir", 0, "GUEST::HOST", "the same as --dir HOST::GUEST, as old wasmtime spelled it", ALL, .set = set_mapdir},
    {"env", 0, "NAME[=VALUE]", "set a variable; NAME alone: to the value it has here, if it has one", ALL,
     .set = set_env},
    {"argv0", 0, "NAME", "the name the program sees as its own", ALL, .set = set_argv0},
    {"fd", 0, "N", "let it use the descriptor N of the caller: a socket, a pipe", ALL, .set = set_fd, .min = 3,
     .max = INT32_MAX},
    {"net", 0, "HOST[:PORTS]", "let it connect to that host; --net alone: to every public address", ALL, .set = set_net,
     .optional = true},
    {"net-listen", 0, "ADDRESS:PORT", "let it listen there", ALL, .set = set_net_listen},
    {"net-log", 0, "FILE", "write a line to FILE (- for standard error) for each refusal", ALL, .set = set_text,
     .at = AT(net_log)},
    {"secret", 0, "NAME[=VALUE]@HOST[:PORT]",
     "let it use VALUE (default: of the variable NAME here) at http://HOST only", OF_WL_RUN, .set = set_secret},
    {"secret-file", 0, "NAME=FILE@HOST[:PORT]", "the same, with the value in FILE", OF_WL_RUN, .set = set_secret},
    {"max-sockets", 0, "N", "the most sockets it may have at once (default: 1024)", ALL, .set = set_count,
     .at = AT(net_limits.sockets), .min = 1, .max = 65000},
    {"max-listening", 0, "N", "the most of them that may listen at once (default: 64)", ALL, .set = set_count,
     .at = AT(net_limits.listening), .min = 1, .max = 65000},
    {"max-lookups", 0, "N", "the most names it may look up", ALL, .set = set_count, .at = AT(net_limits.lookups),
     .min = 1, .max = INT32_MAX},
    {"max-received", 0, "SIZE", "the most it may receive from the network", ALL, .set = set_size,
     .at = AT(net_limits.received), .min = 1, .max = INT64_MAX},
    {"max-sent", 0, "SIZE", "the most it may send to the network", ALL, .set = set_size, .at = AT(net_limits.sent),
     .min = 1, .max = INT64_MAX},
    {"max-threads", 0, "N", "the most threads it may start besides its first, at most 256 (default: 64)", ALL,
     .set = set_number, .at = AT(limits.threads), .max = LIMITS_MAX_THREADS},
    {"max-processes", 0, "N", "the most processes of itself it may have besides its first, at most 256 (default: 8)",
     ALL, .set = set_number, .at = AT(limits.processes), .max = LIMITS_MAX_PROCESSES},
    {"no-terminal", 0, NULL, "do not let it change the settings of the terminal, as prompts and editors do", ALL,
     .set = set_flag, .at = AT(no_terminal)},
    {"deadline", 0, "SECONDS", "stop it after this time", ALL, .set = set_deadline, .min = 1,
     .max = LIMITS_MAX_DEADLINE_MS},
    {"max-memory", 0, "SIZE", "the most that its memory, tables and stacks of threads take together (default: 4G)", ALL,
     .set = set_size, .at = AT(limits.memory), .min = 1, .max = INT64_MAX},
    {"max-output", 0, "SIZE", "the most it may write to standard output and error together", ALL, .set = set_size,
     .at = AT(limits.output), .min = 1, .max = INT64_MAX},
    {"max-wasm-stack", 0, "SIZE", "native stack for its calls (default: 16M; native programs 64M)", ALL,
     .set = set_size, .at = AT(limits.stack), .min = LIMITS_MIN_STACK, .max = LIMITS_MAX_STACK},
    {"max-compile-memory", 0, "SIZE", "the most memory that compiling it may take (default: 4G)", OF_WL_RUN,
     .set = set_size, .at = AT(limits.compile_memory), .min = LIMITS_MIN_COMPILE_MEMORY, .max = INT64_MAX},
    {"max-compile-time", 0, "SECONDS", "the most processor time that compiling it may take (default: 300)", OF_WL_RUN,
     .set = set_whole_seconds, .at = AT(limits.compile_seconds), .min = 1, .max = LIMITS_MAX_COMPILE_SECONDS},
    {"snapshot", 0, "FILE", "call wizer.initialize instead of _start, then write the module as it is to FILE",
     OF_WL_RUN, .set = set_text, .at = AT(snapshot)},
    {"entry", 0, "NAME", "call NAME for that", OF_WL_RUN, .set = set_text, .at = AT(entry)},
    {"quick", 0, NULL, "compile in a quarter of the time, to slower code: for what runs once and briefly",
     OF_WL_RUN | OF_MAKE_RUN, .set = set_flag, .at = AT(quick)},
    {"cache-dir", 0, "DIR", "keep compiled modules in DIR (default: ~/.cache/wl-make/compiled)", OF_WL_RUN,
     .set = set_text, .at = AT(cache_dir)},
    {"no-cache", 0, NULL, "compile every time", OF_WL_RUN, .set = set_no_cache},
    {"verbose", 'v', NULL, "tell more; of a program that was stopped, the calls it was in", OF_WL_RUN, .set = set_flag,
     .at = AT(verbose)},
    {"help", 'h', NULL, "print this", OF_WL_RUN | OF_NATIVE, .set = set_flag, .at = AT(help)},
    {"version", 'V', NULL, "print the version", OF_WL_RUN, .set = set_flag, .at = AT(version)},
};
const size_t run_options_n = sizeof run_options / sizeof *run_options;

/* Old wasmtime's spelling of --max-wasm-stack, which is not in --help. */
static const struct run_option old_stack = {.name = "max-wasm-stack",
                                            .letter = 'W',
                                            .argument = "max-wasm-stack=SIZE",
                                            .help = "",
                                            .of = OF_WL_RUN,
                                            .set = set_stack,
                                            .at = AT(limits.stack),
                                            .min = LIMITS_MIN_STACK,
                                            .max = LIMITS_MAX_STACK};

const struct run_option *run_options_find(enum run_options_of of, const char *name, size_t size)
{
    for (const struct run_option *r = run_options; r < run_options + run_options_n; r++)
        if (r->of & of && !strncmp(r->name, name, size) && !r->name[size])
            return r;
    return NULL;
}

const struct run_option *run_options_letter(enum run_options_of of, char letter)
{
    for (const struct run_option *r = run_options; r < run_options + run_options_n; r++)
        if (r->of & of && r->letter == letter)
            return r;
    return old_stack.of & of && old_stack.letter == letter ? &old_stack : NULL;
}

int run_options_set(struct run_options *o, const struct run_option *option, const char *value, struct err *err)
{
    return option->set(o, option, value, err);
}

int run_options_default_cache(struct run_options *o, struct err *err)
{
    const char *cache = find_variable(o->environment, "XDG_CACHE_HOME", 14),
               *home = find_variable(o->environment, "HOME", 4), *base = NULL, *rest = NULL;
    char *joined;

    /* Its specification says that a relative XDG_CACHE_HOME is to be ignored. */
    if (cache && cache[15] == '/') {
        base = cache + 15;
        rest = "/wl-make/compiled";
    } else if (home && home[5] == '/') {
        base = home + 5;
        rest = "/.cache/wl-make/compiled";
    }
    if (!base)
        return 0;
    if (asprintf(&joined, "%s%s", base, rest) < 0)
        return out_of_memory(err);
    o->cache_dir = keep_text(&o->texts, joined, strlen(joined));
    free(joined);
    return o->cache_dir ? 0 : out_of_memory(err);
}

int run_options_pass_terminal(struct run_options *o, struct err *err)
{
    static const char *const names[] = {"TERM", "COLORTERM"};
    int r = 0;

    for (size_t i = 0; r == 0 && i < sizeof names / sizeof *names; i++) {
        const size_t size = strlen(names[i]);
        bool is_set = false;

        for (size_t k = 0; k < o->env_n; k++)
            is_set |= !strncmp(o->env[k], names[i], size) && o->env[k][size] == '=';
        if (!is_set)
            r = add_env(o, names[i], err);
    }
    return r;
}

void run_options_init(struct run_options *o, enum run_options_of of, char **environment)
{
    *o = (struct run_options){.of = of, .environment = environment, .limits = LIMITS_DEFAULTS};
    o->limits.threads = LIMITS_DEFAULT_THREADS;
    o->limits.processes = LIMITS_DEFAULT_PROCESSES;
    if (of == OF_NATIVE)
        o->limits.stack = LIMITS_DEFAULT_NATIVE_STACK;
}

void run_options_free(struct run_options *o)
{
    free_texts(o->texts);
    free(o->folders);
    free(o->fds);
    free(o->env);
    free(o->args);
    for (size_t i = 0; i < o->secrets_n; i++)
        free(o->secrets[i].name);
    free(o->secrets);
    free(o->net);
    free(o->net_listen);
    *o = (struct run_options){0};
}
