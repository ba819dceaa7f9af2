#include "api/value.h"

#include "core/session.h"
#include "core/wasm.h"

#include <stdlib.h>
#include <string.h>

/* MOST_DISPLAYS: a display takes more memory here than in an answer. */
enum { HEAD = 5, MOST_DISPLAYS = 100000 };

/* What wlpy_value.own points to. */
struct own {
    struct wlpy_display *displays;
    size_t most;  /* bytes of a text; longer ones are left out: the guest may not have done it */
    char bytes[]; /* the answer; behind each part stands a zero byte, where the next one began */
};

static bool add_display(struct wlpy_value *v, unsigned object, const char *part, size_t n)
{
    struct own *own = v->own;
    const char *zero = memchr(part, '\0', n);
    struct wlpy_display *more;

    if (!zero || v->display_count == MOST_DISPLAYS)
        return false;
    if (n - (size_t)(zero + 1 - part) > own->most)
        return true;
    /* (Room doubles when the number is a power of two.) */
    if (!own->displays || (v->display_count & (v->display_count - 1)) == 0) {
        more = realloc(own->displays, (2 * v->display_count + 1) * sizeof *more);
        if (!more)
            return false;
        v->displays = own->displays = more;
    }
    own->displays[v->display_count++] =
        (struct wlpy_display){.object = object, .type = part, .bytes = zero + 1, .size = n - (size_t)(zero + 1 - part)};
    return true;
}

static void take_text(const struct own *own, const char **text, size_t *size, const char *part, size_t n)
{
    *text = n <= own->most ? part : NULL;
    *size = n <= own->most ? n : 0;
}

static bool take_part(struct wlpy_value *v, int kind, unsigned *object, const char *part, size_t n)
{
    switch (kind) {
    case SESSION_REPR:
        take_text(v->own, &v->repr, &v->repr_size, part, n);
        return true;
    case SESSION_JSON:
        take_text(v->own, &v->json, &v->json_size, part, n);
        return true;
    case SESSION_OBJECT:
        ++*object;
        return true;
    case SESSION_DISPLAY:
        return add_display(v, *object, part, n);
    case SESSION_TYPE:
        v->type = part;
        v->status = 1;
        return true;
    case SESSION_MESSAGE:
        v->message = part;
        return true;
    case SESSION_TRACEBACK:
        v->traceback = part;
        return true;
    case SESSION_STATUS:
        v->status = (int)(strtoul(part, NULL, 10) & 0xff);
        return true;
    default:
        return false;
    }
}

bool value_read(struct wlpy_value *v, const uint8_t *answer, size_t size, size_t most)
{
    struct own *own = malloc(sizeof *own + size + 1);
    unsigned object = 0;
    size_t at = 0;
    int kind;

    if (!own)
        return false;
    own->displays = NULL;
    own->most = most;
    memcpy(own->bytes, answer, size);
    own->bytes[size] = '\0';
    v->own = own;
    kind = own->bytes[0];
    while (at < size) {
        size_t n;
        int next;

        if (size - at < HEAD || (n = wasm_load32(own->bytes + at + 1)) > size - at - HEAD)
            return false;
        next = own->bytes[at + HEAD + n];
        own->bytes[at + HEAD + n] = '\0';
        if (!take_part(v, kind, &object, own->bytes + at + HEAD, n))
            return false;
        at += HEAD + n;
        kind = next;
    }
    return true;
}

void wlpy_value_free(struct wlpy_value *value)
{
    struct own *own = value ? value->own : NULL;

    if (!value)
        return;
    if (own)
        free(own->displays);
    free(own);
    free(value->out);
    free(value->err);
    value->own = NULL;
    value->displays = NULL;
    value->out = value->err = NULL;
    value->repr = value->json = value->type = value->message = value->traceback = NULL;
}
