#include "cli/hint.h"

#include "cli/options.h"

#include <dirent.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* (Cuts off a name that is too long.) */
static void put(char text[HINT_SIZE], const char *form, ...) __attribute__((format(printf, 2, 3)));

static void put(char text[HINT_SIZE], const char *form, ...)
{
    va_list values;

    va_start(values, form);
    vsnprintf(text, HINT_SIZE, form, values);
    va_end(values);
}

static bool is_folder(const char *path)
{
    struct stat st;

    return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

static bool is_file(const char *path)
{
    struct stat st;

    return stat(path, &st) == 0 && S_ISREG(st.st_mode);
}

/* The mark ":ro" or ":rw" at the end, as other programs take it, or NULL. */
static const char *mark_of(const char *guest)
{
    size_t n = strlen(guest);

    return n > 3 && (!strcmp(guest + n - 3, ":ro") || !strcmp(guest + n - 3, ":rw")) ? guest + n - 3 : NULL;
}

/* The form with one colon, "HOST:GUEST". */
static bool hint_one_colon(bool swapped, const char *value, char text[HINT_SIZE])
{
    const char *mark = mark_of(value), *colon = strchr(value, ':');
    size_t end = mark ? (size_t)(mark - value) : strlen(value);

    if (!colon || colon == value || colon + 1 >= value + end || is_folder(value))
        return false;
    put(text, "put two colons between the names: %s %.*s::%.*s%s", swapped ? "--mapdir" : "--dir", (int)(colon - value),
        value, (int)(value + end - colon - 1), colon + 1, mark && mark[2] == 'o' && !swapped ? "::ro" : "");
    return true;
}

bool hint_mapping(bool swapped, const char *host, const char *guest, char text[HINT_SIZE])
{
    const char *mark = mark_of(guest), *option = swapped ? "--mapdir" : "--dir";

    if (!strcmp(host, guest))
        return hint_one_colon(swapped, host, text);
    if (mark) {
        put(text, "put two colons before ro: --dir %s::%.*s%s", host, (int)(mark - guest), guest,
            mark[2] == 'o' ? "::ro" : "");
        return true;
    }
    if (is_folder(host))
        return false;
    if (is_file(host)) {
        put(text, "%s is a file; share the directory it is in", host);
        return true;
    }
    if (is_folder(guest) && strcmp(guest, "/") != 0) {
        put(text, "%s takes %s, and there is no directory %s here: name one that exists, or swap the names (%s %s::%s)",
            option, swapped ? "GUEST::HOST" : "HOST::GUEST", host, option, swapped ? host : guest,
            swapped ? guest : host);
        return true;
    }
    return false;
}

/* A path of the guest's without "/" and "." at its start; relative paths are relative to the root. */
static const char *from_root(const char *path)
{
    while (*path == '/' || (*path == '.' && (path[1] == '/' || !path[1])))
        path++;
    return path;
}

/* Finds the file of this machine for a path of the guest: it is in the directory whose name is the longest prefix of
 * the path, or in the last of several. False: it is in none. */
static bool find_here(const struct run_options *run, const char *path, char here[PATH_MAX])
{
    const struct folder *best = NULL;
    size_t best_n = 0;

    path = from_root(path);
    for (size_t i = 0; i < run->folders_n; i++) {
        const char *name = from_root(run->folders[i].guest);
        size_t n = strlen(name);

        while (n && name[n - 1] == '/')
            n--;
        if ((n && (strncmp(path, name, n) != 0 || (path[n] && path[n] != '/'))) || (best && n < best_n))
            continue;
        best = &run->folders[i];
        best_n = n;
    }
    return best && snprintf(here, PATH_MAX, "%s/%s", best->host, from_root(path + best_n)) < PATH_MAX;
}

static bool is_shared(const struct run_options *run, const char *path)
{
    char here[PATH_MAX];
    struct stat st;

    return find_here(run, path, here) && stat(here, &st) == 0;
}

/* The guest's name for a file of this machine; false: the guest has no directory with it. */
static bool find_there(const struct run_options *run, const char *path, char there[PATH_MAX])
{
    char *real = realpath(path, NULL);
    bool found = false;

    for (size_t i = run->folders_n; real && i-- > 0 && !found;) {
        char *folder = realpath(run->folders[i].host, NULL);
        size_t n = folder ? strlen(folder) : 0;

        if (n && !strncmp(real, folder, n) && (real[n] == '/' || folder[n - 1] == '/')) {
            const char *guest = from_root(run->folders[i].guest);
            size_t end = strlen(guest);

            while (end && guest[end - 1] == '/')
                end--;
            found =
                snprintf(there, PATH_MAX, "%s%.*s/%s", end ? "/" : "", (int)end, guest, from_root(real + n)) < PATH_MAX;
        }
        free(folder);
    }
    free(real);
    return found && is_shared(run, there);
}

static bool hint_unshared(const struct run_options *run, char text[HINT_SIZE])
{
    char there[PATH_MAX];

    for (size_t i = 1; i < run->args_n; i++) {
        const char *arg = run->args[i], *slash = strrchr(arg, '/'), *name = slash ? slash + 1 : arg;
        bool folder = is_folder(arg);

        if (*arg == '-' || !*name || (!folder && !is_file(arg)) || is_shared(run, arg))
            continue;
        if (find_there(run, arg, there))
            put(text, "%.400s is %.400s for the program, in the directory it is given", arg, there);
        else if (folder)
            snprintf(text, HINT_SIZE,
                     "the program sees only the directories it is given: share this one with --dir %s::/data, and name "
                     "it /data",
                     arg);
        else
            snprintf(text, HINT_SIZE,
                     "the program sees only the directories it is given: share one with --dir %.*s::/data, and name "
                     "the file /data/%s",
                     slash == arg ? 1
                     : slash      ? (int)(slash - arg)
                                  : 1,
                     slash ? arg : ".", name);
        return true;
    }
    return false;
}

static bool has_variable(const struct run_options *run, const char *name)
{
    size_t n = strlen(name);

    for (size_t i = 0; i < run->env_n; i++)
        if (!strncmp(run->env[i], name, n) && run->env[i][n] == '=')
            return true;
    return false;
}

static bool has_library(const char *folder)
{
    DIR *dir = opendir(folder);
    bool found = false;

    for (const struct dirent *e = dir ? readdir(dir) : NULL; e && !found; e = readdir(dir))
        found = !strncmp(e->d_name, "python3", 7);
    if (dir)
        closedir(dir);
    return found;
}

/* A plain Python, whose library is in a directory beside it. */
static bool hint_library(const struct run_options *run, char text[HINT_SIZE])
{
    const char *name = run->args_n ? strrchr(run->args[0], '/') : NULL;
    char here[PATH_MAX];

    name = name ? name + 1 : run->args_n ? run->args[0] : "";
    if (strcmp(name, "python.wasm") != 0 || has_variable(run, "PYTHONHOME") || has_variable(run, "PYTHONPATH"))
        return false;
    if (!find_here(run, "/usr/local/lib", here)) {
        put(text, "Python does not find its library: share the directory usr/local beside bin/, with --dir "
                  ".../usr/local::/usr/local");
        return true;
    }
    if (has_library(here))
        return false;
    snprintf(text, HINT_SIZE,
             "Python looks for its library in /usr/local/lib, which is %.600s here: share your directory under another "
             "name, for example /data",
             here);
    return true;
}

bool hint_failed(const struct run_options *run, char text[HINT_SIZE])
{
    return hint_library(run, text) || hint_unshared(run, text);
}
