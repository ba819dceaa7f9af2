/* wl-make: starts what an earlier run has recorded (launch.h), or the tool.
 *
 * It has no libc (sys.h): initializing one takes longer than everything that happens here. */
#include "launch/launch.h"

#include "launch/sys.h"

#include <linux/close_range.h>
#include <linux/fcntl.h>
#include <stdbool.h>

enum { MAX_WORDS = 1 << 16, MAX_QUESTION = 1 << 16, MAX_PATH = 4096, EXIT_TOOLCHAIN = 6 };

/* ---- text ---- */

static size_t length(const char *s)
{
    size_t n = 0;

    while (s[n])
        n++;
    return n;
}

static bool equal(const char *a, const char *b, size_t n)
{
    for (; n; n--)
        if (*a++ != *b++)
            return false;
    return true;
}

/* What follows the prefix, or NULL. */
static char *after(char *s, const char *prefix)
{
    size_t n = length(prefix);

    for (size_t i = 0; i < n; i++)
        if (s[i] != prefix[i])
            return NULL;
    return s + n;
}

static bool is(char *s, const char *text)
{
    char *rest = after(s, text);

    return rest && !*rest;
}

/* Text in a buffer. What does not fit sets full. */
struct text {
    char *s;
    size_t n, size;
    bool full;
};

static void add(struct text *t, const char *s)
{
    while (*s && t->n < t->size)
        t->s[t->n++] = *s++;
    t->full |= t->n == t->size;
}

/* Ends it with a zero byte, which the next text follows. */
static void end(struct text *t)
{
    if (t->n < t->size)
        t->s[t->n++] = '\0';
    t->full |= t->n == t->size;
}

/* ---- the process ---- */

struct process {
    int argc;
    char **argv, **envp;
    /* Variables; "": not set. */
    char *root, *path, *sdk, *script, *cache_home, *home;
    char dir[MAX_PATH]; /* of this program; "": unknown */
};

static void read_environment(struct process *p)
{
    static char none[] = "";
    struct {
        const char *name;
        char **value;
    } wanted[] = {
        {"WL_MAKE_ROOT=", &p->root},         {"PATH=", &p->path},
        {"WASI_SDK_ROOT=", &p->sdk},         {LAUNCH_SCRIPT_VARIABLE "=", &p->script},
        {"XDG_CACHE_HOME=", &p->cache_home}, {"HOME=", &p->home},
    };
    enum { WANTED = sizeof wanted / sizeof *wanted };

    for (size_t i = 0; i < WANTED; i++)
        *wanted[i].value = none;
    for (char **e = p->envp; *e; e++)
        for (size_t i = 0; i < WANTED; i++) {
            char *value = after(*e, wanted[i].name);

            if (value && *wanted[i].value == none)
                *wanted[i].value = value;
        }
}

static void find_own_directory(struct process *p)
{
    long n = sys_call(__NR_readlinkat, AT_FDCWD, (long)"/proc/self/exe", (long)p->dir, sizeof p->dir - 1, 0);

    while (n > 0 && p->dir[n - 1] != '/')
        n--;
    p->dir[n > 1 ? n - 1 : 0] = '\0';
}

/* Returns only if it fails. */
static void execute(const char *program, char **argv, char **envp)
{
    sys_call(__NR_execve, (long)program, (long)argv, (long)envp, 0, 0);
}

/* ---- a record ---- */

static bool is_directory(const char *wanted)
{
    char now[MAX_PATH];
    long n;

    if (!*wanted)
        return true;
    n = sys_call(__NR_getcwd, (long)now, sizeof now, 0, 0, 0);
    return n > 0 && (size_t)n == length(wanted) + 1 && equal(now, wanted, (size_t)n);
}

/* The kernel finds a file faster from a directory that is open. */
static uint64_t fingerprint_of(const char *base, const char *paths, const char *end)
{
    uint64_t fingerprint = LAUNCH_HASH_INIT;
    long dir = sys_call(__NR_openat, AT_FDCWD, (long)base, O_PATH | O_DIRECTORY | O_CLOEXEC, 0, 0);

    for (; paths < end; paths += length(paths) + 1) {
        struct statx s;
        long r = sys_call(__NR_statx, dir, (long)paths, 0, STATX_BASIC_STATS, (long)&s);

        fingerprint = launch_add_file(fingerprint, r < 0 ? NULL : &s);
    }
    sys_call(__NR_close, dir, 0, 0, 0, 0);
    return fingerprint;
}

/* Lets the program inherit the descriptor that a word of the command gives it, if it is such a word. */
static void pass_descriptor(char *word)
{
    const char *digits = after(word, LAUNCH_FD_OPTION);
    long fd = 0;

    if (!digits)
        return;
    for (; *digits; digits++)
        fd = fd * 10 + (*digits - '0');
    sys_call(__NR_fcntl, fd, F_SETFD, 0, 0, 0);
}

/* Becomes the program: with default signals, as the tool would start it, and without the caller's
 * descriptors, except those that options give it. */
static void start_program(const struct process *p, char *command, const char *command_end, int guest)
{
    static char *argv[MAX_WORDS];
    uint64_t no_signals = 0;
    struct {
        void *handler;
        unsigned long flags;
        void *restorer;
        uint64_t mask;
    } default_action = {0};
    size_t n = 0;

    for (char *word = command; word < command_end; word += length(word) + 1)
        if (n < MAX_WORDS)
            argv[n++] = word;
    for (int i = guest; i < p->argc; i++)
        if (n < MAX_WORDS)
            argv[n++] = p->argv[i];
    if (n == 0 || n == MAX_WORDS)
        return;
    argv[n] = NULL;
    if (sys_call(__NR_close_range, 3, ~0U, CLOSE_RANGE_CLOEXEC, 0, 0) < 0)
        return; /* before Linux 5.11; the tool has another way */
    enum { SIGNAL_CHILD = 17, SET_MASK = 2 };
    for (char *word = command; word < command_end; word += length(word) + 1)
        pass_descriptor(word);
    sys_call(__NR_rt_sigaction, SIGNAL_CHILD, (long)&default_action, 0, sizeof no_signals, 0);
    sys_call(__NR_rt_sigprocmask, SET_MASK, (long)&no_signals, 0, sizeof no_signals, 0);
    execute(argv[0], argv, p->envp);
}

/* Starts what the file records, if it answers the question and nothing has changed. guest: the index of the guest's
 * first word. */
static void try_record(const struct process *p, const char *file, const struct text *question, int guest)
{
    static char record[LAUNCH_MAX_SIZE] __attribute__((aligned(8)));
    const struct launch_header *h = (const struct launch_header *)record;
    long fd = sys_call(__NR_openat, AT_FDCWD, (long)file, O_RDONLY | O_CLOEXEC | O_NOFOLLOW, 0, 0), n;
    char *directory, *command, *base, *paths;

    if (fd < 0)
        return;
    n = sys_call(__NR_read, fd, (long)record, sizeof record, 0, 0);
    sys_call(__NR_close, fd, 0, 0, 0, 0);
    if (n < (long)sizeof *h || h->size != (size_t)n || record[n - 1] || !is(record, LAUNCH_MAGIC) ||
        sizeof *h + (uint64_t)h->question + h->directory + h->command + h->base + h->paths != (size_t)n ||
        h->question != question->n || !h->directory || !h->command || !h->base)
        return;
    directory = record + sizeof *h + h->question;
    command = directory + h->directory;
    base = command + h->command;
    paths = base + h->base;
    if (!equal(record + sizeof *h, question->s, question->n) || directory[h->directory - 1] || base[-1] || paths[-1] ||
        !is_directory(directory) || fingerprint_of(base, paths, record + n) != h->fingerprint)
        return;
    start_program(p, command, base, guest);
}

/* ---- the command line ---- */

/* The cache's directory, unless --cache-dir names another one. */
static void add_default_cache(const struct process *p, struct text *t)
{
    bool is_given = *p->cache_home == '/';

    add(t, is_given ? p->cache_home : p->home);
    add(t, is_given ? "/wl-make" : "/.cache/wl-make");
}

/* The question is the command line up to the guest's words, and what else decides what it means. */
static void begin_question(const struct process *p, struct text *question)
{
    const char *const parts[] = {p->root, p->path, p->dir, *p->script ? "script" : ""};
    uint32_t user = (uint32_t)sys_call(__NR_getuid, 0, 0, 0, 0, 0);
    char digits[16];
    size_t n = sizeof digits;

    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        add(question, parts[i]);
        end(question);
    }
    digits[--n] = '\0';
    do
        digits[--n] = (char)('0' + user % 10);
    while (user /= 10);
    add(question, digits + n);
    end(question);
}

static int find_run(const struct process *p)
{
    for (int i = 1; i < p->argc && !is(p->argv[i], "--"); i++)
        if (is(p->argv[i], "run"))
            return i;
    return p->argc;
}

/* Tries the records of the command line. Only the tool knows where the guest's words begin, since only it knows which
 * options take a value. So every place is tried that can be it: after "--", before a word that is not an option, and at
 * the end. There is a record for at most one of them. (A "--" that is a value ends the search too early; then the tool
 * is started.) */
static void try_records(const struct process *p)
{
    static char question_buffer[MAX_QUESTION], file_buffer[MAX_PATH];
    struct text question = {.s = question_buffer, .size = sizeof question_buffer};
    int run = find_run(p);
    const char *cache = NULL;

    if (run == p->argc || *p->sdk || !*p->dir)
        return;
    begin_question(p, &question);
    for (int i = 1; i < p->argc && !question.full; i++) {
        struct text file = {.s = file_buffer, .size = sizeof file_buffer};
        char *word = p->argv[i], *value = after(word, "--cache-dir="), name[LAUNCH_NAME_SIZE];
        bool is_end = is(word, "--");

        add(&question, word);
        end(&question);
        if (value)
            cache = value;
        else if (is(word, "--cache-dir") && i + 1 < p->argc)
            cache = p->argv[i + 1];
        if (i <= run || (!is_end && i + 1 < p->argc && p->argv[i + 1][0] == '-'))
            continue;
        if (cache)
            add(&file, cache);
        else
            add_default_cache(p, &file);
        add(&file, "/identity/");
        launch_name(name, launch_hash(LAUNCH_HASH_INIT, question.s, question.n));
        add(&file, name);
        end(&file);
        if (!file.full && !question.full)
            try_record(p, file.s, &question, i + 1);
        if (is_end)
            return;
    }
}

/* ---- the tool ---- */

static void start_script(struct process *p)
{
    static char *argv[MAX_WORDS];
    static char shell[] = "/bin/sh", path[MAX_PATH];
    struct text copy = {.s = path, .size = sizeof path};

    if (p->argc + 2 > MAX_WORDS)
        return;
    add(&copy, p->script);
    end(&copy);
    if (copy.full)
        return;
    argv[0] = shell;
    argv[1] = path;
    for (int i = 1; i <= p->argc; i++)
        argv[i + 1] = p->argv[i];
    *p->script = '\0';
    execute(shell, argv, p->envp);
}

static void start_tool(const struct process *p)
{
    static char path[MAX_PATH];
    struct text program = {.s = path, .size = sizeof path};

    add(&program, p->dir);
    add(&program, "/wl-make-tool");
    end(&program);
    if (!program.full)
        execute(program.s, p->argv, p->envp);
}

void start(int argc, char **argv)
{
    static const char failure[] = "wl-make: error: cannot start wl-make-tool, which belongs into the directory of "
                                  "wl-make; build or install both again\n";
    static struct process p;

    p.argc = argc;
    p.argv = argv;
    p.envp = p.argv + p.argc + 1;
    read_environment(&p);
    find_own_directory(&p);
    try_records(&p);
    if (*p.script)
        start_script(&p);
    start_tool(&p);
    sys_call(__NR_write, 2, (long)failure, sizeof failure - 1, 0, 0);
    for (;;)
        sys_call(__NR_exit_group, EXIT_TOOLCHAIN, 0, 0, 0, 0);
}
