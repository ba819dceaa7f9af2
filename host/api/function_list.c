#include "api/function_list.h"

#include "api/internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_FUNCTIONS = 1000, MOST_NAME = 100 };

static bool is_name(const char *s)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ", digits[] = "0123456789_";
    size_t n;

    if (!s || !*s || !strchr(letters, *s))
        return false;
    for (n = 1; s[n]; n++)
        if (!strchr(letters, s[n]) && !strchr(digits, s[n]))
            return false;
    return n <= MOST_NAME;
}

static void put_text(FILE *to, const char *text)
{
    if (!text) {
        fputs("null", to);
        return;
    }
    putc('"', to);
    for (const unsigned char *p = (const unsigned char *)text; *p; p++)
        if (*p < ' ' || *p == '"' || *p == '\\')
            fprintf(to, "\\u%04x", *p);
        else
            putc(*p, to);
    putc('"', to);
}

static char *write_json(const struct function_list *f)
{
    char *text = NULL;
    size_t size;
    FILE *to = open_memstream(&text, &size);

    if (!to)
        return NULL;
    putc('[', to);
    for (size_t i = 0; i < f->n; i++) {
        const struct wlpy_function *g = &f->at[i];

        fprintf(to, "%s{\"name\": \"%s\", \"bytes\": %s, \"signature\": ", i ? ", " : "", g->name,
                g->bytes ? "true" : "false");
        put_text(to, g->signature);
        fputs(", \"doc\": ", to);
        put_text(to, g->doc);
        putc('}', to);
    }
    putc(']', to);
    if (fclose(to) == 0)
        return text;
    free(text);
    return NULL;
}

const struct wlpy_function *function_list_find(const struct function_list *f, const char *name)
{
    for (size_t i = 0; i < f->n; i++)
        if (!strcmp(f->at[i].name, name))
            return &f->at[i];
    return NULL;
}

/* Adds a function, of which the list has a copy then. */
static int add(struct function_list *f, const struct wlpy_function *given, struct err *err)
{
    struct wlpy_function *g = &f->at[f->n];

    if (api_take(g, sizeof *g, given, "wlpy_function", err) < 0)
        return -ERR_SETUP;
    if (!is_name(g->name))
        return err_set(
            err, ERR_SETUP,
            "cannot give a function with the name '%.120s': it can have letters, digits and underscores, and "
            "begins with a letter",
            g->name ? g->name : "");
    if (!g->call)
        return err_set(err, ERR_SETUP, "cannot give the function %s: its `call` is NULL", g->name);
    if (function_list_find(f, g->name))
        return err_set(err, ERR_SETUP, "cannot give two functions with the name %s", g->name);
    f->n++;
    if (!parts_keep(&f->texts, &g->name) || !parts_keep(&f->texts, &g->signature) || !parts_keep(&f->texts, &g->doc))
        return err_set(err, ERR_SETUP, "out of memory");
    return 0;
}

int function_list_take(struct function_list *f, const struct wlpy_function *given, size_t n, struct err *err)
{
    const char *at = (const char *)given;
    int r = 0;

    if (n > MOST_FUNCTIONS)
        return err_set(err, ERR_SETUP, "cannot give more than %d functions", MOST_FUNCTIONS);
    f->at = calloc(n, sizeof *f->at);
    if (!f->at)
        return err_set(err, ERR_SETUP, "out of memory");
    for (size_t i = 0; r == 0 && i < n; i++) {
        const struct wlpy_function *one = (const void *)at;

        r = add(f, one, err);
        /* (The caller's structs may be smaller than ours.) */
        at += r < 0 ? 0 : one->size;
    }
    if (r < 0)
        return r;
    f->json = write_json(f);
    return f->json ? 0 : err_set(err, ERR_SETUP, "out of memory");
}

void function_list_free(struct function_list *f)
{
    parts_free(&f->texts);
    free(f->json);
    free(f->at);
}
