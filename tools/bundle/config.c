/* The settings of wl-cc. */
#include "driver.h"

#include "files.h"

#include <ctype.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#ifndef WL_LLVM
#define WL_LLVM "22"
#endif

#define CONFIG_FILE "wl-cc.conf"

/* A setting: its name in the file, and where it goes. In the environment, it is WL_CC_ and the name in capitals. */
struct setting {
    const char *name;
    char **text;
    struct words *words;
};

static bool is_file(const char *path)
{
    return access(path, R_OK) == 0;
}

/* The path by which the program was found, as the shell or execvp() does it. */
static char *found_as(const char *invoked)
{
    const char *path = getenv("PATH");
    struct words dirs = {NULL, 0};

    if (strchr(invoked, '/') || !path)
        return text_of("%s", invoked);
    for (size_t n; *path; path += n + (path[n] == ':')) {
        n = strcspn(path, ":");
        words_addf(&dirs, "%.*s/%s", n ? (int)n : 1, n ? path : ".", invoked);
        if (access(dirs.list[dirs.n - 1], X_OK) == 0)
            return dirs.list[dirs.n - 1];
    }
    return text_of("%s", invoked);
}

/* The file of settings: the one that the environment names, or the one beside the program; a link to the program is
 * looked at before the program itself, so that one artifact serves several settings. NULL: there is none. */
static char *config_file(const char *invoked)
{
    char *named = getenv("WL_CC_CONFIG"), *path, *beside, real[PATH_MAX];

    if (named && *named)
        return named;
    path = found_as(invoked);
    for (int i = 0; i < 2; i++) {
        if (i && !realpath("/proc/self/exe", real))
            break;
        if (i)
            path = real;
        beside = text_of("%.*s" CONFIG_FILE, (int)(base_of(path) - path), path);
        if (is_file(beside))
            return beside;
    }
    return NULL;
}

static void set(const struct setting *s, const char *value)
{
    if (s->text)
        *s->text = text_of("%s", value);
    else
        words_split(s->words, value);
}

static void read_line(const struct setting *settings, const char *path, size_t number, char *line)
{
    char *equals = strchr(line, '='), *end, *value;
    const struct setting *s = settings;

    line += strspn(line, " \t");
    if (*line == '#' || !*line)
        return;
    if (!equals)
        fail("%s:%zu: this line is no setting: NAME = VALUE", path, number);
    for (end = equals; end > line && isspace((unsigned char)end[-1]); end--)
        continue;
    value = equals + 1 + strspn(equals + 1, " \t");
    *end = '\0';
    for (end = value + strlen(value); end > value && isspace((unsigned char)end[-1]); end--)
        end[-1] = '\0';
    while (s->name && strcmp(s->name, line) != 0)
        s++;
    if (!s->name)
        fail("%s:%zu: there is no setting %s", path, number, line);
    set(s, value);
}

static void read_settings(const struct setting *settings, const char *path)
{
    uint8_t *bytes;
    struct error e;
    size_t n, number = 1;
    char *line;

    if (file_read(path, &bytes, &n, &e) < 0)
        fail("%s", e.text);
    bytes[n] = '\0';
    line = (char *)bytes;
    for (char *end; line < (char *)bytes + n; line = end + 1, number++) {
        end = line + strcspn(line, "\n");
        *end = '\0';
        read_line(settings, path, number, line);
    }
    free(bytes);
}

static void read_environment(const struct setting *settings)
{
    for (const struct setting *s = settings; s->name; s++) {
        char *name = text_of("WL_CC_%s", s->name), *value;

        for (char *c = name; *c; c++)
            *c = *c == '+' ? 'X' : (char)toupper((unsigned char)*c);
        value = getenv(name);
        if (value && *value) {
            if (s->words)
                *s->words = (struct words){NULL, 0};
            set(s, value);
        }
        free(name);
    }
}

void config_read(struct config *c, const char *invoked)
{
    const struct setting settings[] = {
        {"cc", &c->cc, NULL},           {"c++", &c->cxx, NULL},       {"ld", &c->ld, NULL},
        {"strip", &c->strip, NULL},     {"target", &c->target, NULL}, {"sysroot", &c->sysroot, NULL},
        {"libcxx", &c->libcxx, NULL},   {"cflags", NULL, &c->cflags}, {"cxxflags", NULL, &c->cxxflags},
        {"ldflags", NULL, &c->ldflags}, {"shared", NULL, &c->shared}, {NULL, NULL, NULL},
    };
    char *file = config_file(invoked);

    *c = (struct config){.cc = "clang-" WL_LLVM,
                         .cxx = "clang++-" WL_LLVM,
                         .ld = "wasm-ld-" WL_LLVM,
                         .strip = "llvm-strip-" WL_LLVM,
                         .target = "wasm32-wasip1"};
    if (file)
        read_settings(settings, file);
    read_environment(settings);
}

void compiler(const struct config *c, bool cxx, bool exceptions, struct words *argv)
{
    if (!c->sysroot)
        fail("no sysroot is set: set WL_CC_SYSROOT, or write `sysroot = DIRECTORY` into " CONFIG_FILE " beside wl-cc");
    words_add(argv, cxx ? c->cxx : c->cc);
    /* The same source gives the same object whichever package this clang comes from: its version is not written. */
    words_add(argv, "-Qn");
    words_addf(argv, "--target=%s", c->target);
    words_addf(argv, "--sysroot=%s", c->sysroot);
    if (c->libcxx && exceptions) {
        words_add(argv, "-fwasm-exceptions");
        words_add(argv, "-nostdinc++");
        words_add(argv, "-isystem");
        words_addf(argv, "%s/include/c++/v1", c->libcxx);
    }
    words_add_all(argv, &c->cflags);
    if (cxx)
        words_add_all(argv, &c->cxxflags);
}
