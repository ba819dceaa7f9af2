#include "driver.h"

#include "files.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void words_add(struct words *w, const char *word)
{
    w->list = need_memory(reallocarray(w->list, w->n + 2, sizeof *w->list));
    w->list[w->n++] = need_memory(strdup(word));
    w->list[w->n] = NULL;
}

char *text_of(const char *format, ...)
{
    va_list arguments;
    char *text = NULL;
    int n;

    va_start(arguments, format);
    n = vasprintf(&text, format, arguments);
    va_end(arguments);
    return need_memory(n < 0 ? NULL : text);
}

void words_addf(struct words *w, const char *format, ...)
{
    va_list arguments;
    char *text = NULL;
    int n;

    va_start(arguments, format);
    n = vasprintf(&text, format, arguments);
    va_end(arguments);
    words_add(w, need_memory(n < 0 ? NULL : text));
    free(text);
}

void words_add_all(struct words *w, const struct words *other)
{
    for (size_t i = 0; i < other->n; i++)
        words_add(w, other->list[i]);
}

void words_split(struct words *w, const char *text)
{
    while (*(text += strspn(text, " \t\r\n"))) {
        size_t n = strcspn(text, " \t\r\n");

        words_addf(w, "%.*s", (int)n, text);
        text += n;
    }
}

bool words_have(const struct words *w, const char *word)
{
    for (size_t i = 0; i < w->n; i++)
        if (strcmp(w->list[i], word) == 0)
            return true;
    return false;
}

bool starts_with(const char *text, const char *start)
{
    return strncmp(text, start, strlen(start)) == 0;
}

bool ends_with(const char *text, const char *end)
{
    size_t n = strlen(text), m = strlen(end);

    return n >= m && strcmp(text + n - m, end) == 0;
}

const char *base_of(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash ? slash + 1 : path;
}

/* --- files of words --- */

/* The next word of a text; false: there is none. A backslash takes the next character as it is, also in quotes. */
static bool next_word(const char **text, const char *end, struct bytes *word)
{
    const char *at = *text;
    char quote = '\0';

    while (at < end && isspace((unsigned char)*at))
        at++;
    *text = at;
    if (at == end)
        return false;
    word->n = 0;
    for (; at < end && (quote || !isspace((unsigned char)*at)); at++) {
        if (*at == '\\' && at + 1 < end)
            put_byte(word, (uint8_t) * ++at);
        else if (quote ? *at == quote : *at == '"' || *at == '\'')
            quote = quote ? '\0' : *at;
        else
            put_byte(word, (uint8_t)*at);
    }
    put_byte(word, '\0');
    *text = at;
    return true;
}

static void add_expanded(struct words *out, const char *word, int depth);

static void add_file(struct words *out, const char *path, const uint8_t *bytes, size_t n, int depth)
{
    enum { MOST_FILES_IN_FILES = 20 };
    const char *text = (const char *)bytes;
    struct bytes word = {NULL, 0, 0};

    if (depth > MOST_FILES_IN_FILES)
        fail("@%s is in a file of words that contains itself", path);
    while (next_word(&text, (const char *)bytes + n, &word))
        add_expanded(out, (const char *)word.at, depth + 1);
    free(word.at);
}

static void add_expanded(struct words *out, const char *word, int depth)
{
    struct error ignored;
    uint8_t *bytes = NULL;
    size_t n;

    /* As gcc and clang do: a word that names no file stays as it is. */
    if (word[0] == '@' && word[1] && file_read(word + 1, &bytes, &n, &ignored) == 0)
        add_file(out, word + 1, bytes, n, depth);
    else
        words_add(out, word);
    free(bytes);
}

void words_expand(struct words *out, char **in, size_t n)
{
    for (size_t i = 0; i < n; i++)
        add_expanded(out, in[i], 0);
}
