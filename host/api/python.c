/* What Pythons are started with, and what they write when an exception ends them. */
#include "wlpy.h"

#include <stdlib.h>
#include <string.h>

const char **wlpy_python_argv(int what, const char *text, const char *const *args, size_t n, size_t *argc)
{
    const int kind = what & ~WLPY_ISOLATED;
    const bool well = text && argc && (args || !n) && n < SIZE_MAX / sizeof(char *) - 8;
    const char **argv = well ? malloc((n + 5) * sizeof *argv) : NULL;
    size_t k = 0;

    if (argc)
        *argc = 0;
    if (!argv)
        return NULL;
    argv[k++] = "python";
    if (what & WLPY_ISOLATED)
        argv[k++] = "-I";
    if (kind != WLPY_FILE)
        argv[k++] = kind == WLPY_MODULE ? "-m" : "-c";
    argv[k++] = text;
    for (size_t i = 0; i < n; i++)
        argv[k++] = args[i];
    argv[k] = NULL;
    *argc = k;
    return argv;
}

/* ---- exceptions ---- */

struct text {
    const char *at, *end;
};

static bool begins(const struct text *t, const char *with)
{
    size_t n = strlen(with);

    return (size_t)(t->end - t->at) >= n && memcmp(t->at, with, n) == 0;
}

static void next_line(struct text *t)
{
    const char *end = memchr(t->at, '\n', (size_t)(t->end - t->at));

    t->at = end ? end + 1 : t->end;
}

/* Where the last traceback begins: of an error of syntax, only the place. */
static const char *last_traceback(struct text t)
{
    const char *found = NULL;
    bool inside = false; /* a traceback whose exception has not come yet */

    for (; t.at < t.end; next_line(&t)) {
        if (begins(&t, "Traceback (most recent call last):\n")) {
            found = t.at;
            inside = true;
        } else if (begins(&t, "  File \"") && !inside) {
            found = t.at;
            inside = true;
        } else if (*t.at != ' ') {
            inside = false;
        }
    }
    return found;
}

static bool is_of_type(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '.';
}

/* "TYPE" or "TYPE: MESSAGE"; a name in other letters is none that is known here. */
static bool split(struct text t, struct wlpy_exception *e)
{
    const char *p = t.at;

    while (p < t.end && is_of_type(*p))
        p++;
    e->type = t.at;
    e->type_size = (size_t)(p - t.at);
    if (p < t.end && *p == ':')
        p += p + 1 < t.end && p[1] == ' ' ? 2 : 1;
    else if (p < t.end && *p != '\n')
        return false;
    e->message = p;
    e->message_size = (size_t)(t.end - p);
    while (e->message_size && e->message[e->message_size - 1] == '\n')
        e->message_size--;
    return e->type_size > 0;
}

bool wlpy_python_exception(const char *text, size_t size, struct wlpy_exception *exception)
{
    struct wlpy_exception e = {.size = exception->size};
    struct text t = {text, text + size};

    if (e.size < sizeof e || !size)
        return false;
    e.traceback = last_traceback(t);
    if (!e.traceback)
        return false;
    e.traceback_size = (size_t)(t.end - e.traceback);
    t.at = e.traceback;
    if (*t.at != ' ')
        next_line(&t);
    /* Its frames are indented. */
    while (t.at < t.end && *t.at == ' ')
        next_line(&t);
    if (t.at == t.end || !split(t, &e))
        return false;
    *exception = e;
    return true;
}
