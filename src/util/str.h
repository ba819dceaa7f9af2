/* Strings that grow, vectors of strings, and allocation that never returns NULL: a build tool that is out of memory can
 * only end. */
#ifndef WL_STR_H
#define WL_STR_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>

void *xmalloc(size_t size);
void *xcalloc(size_t n, size_t size);
void *xrealloc(void *p, size_t size);
/* xrealloc for n members of size bytes, with the multiplication checked. */
void *xreallocarray(void *p, size_t n, size_t size);
char *xstrdup(const char *s);
char *xstrndup(const char *s, size_t n);
char *xasprintf(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
char *xvasprintf(const char *fmt, va_list ap) __attribute__((format(printf, 1, 0)));

void free_charp(char **p);
#define WL_CLEANUP_FREE __attribute__((cleanup(free_charp)))

/* A growing string. s is always NUL-terminated once something was added, NULL before. Zero-initialise it. */
struct str {
    char *s;
    size_t len, cap;
};

void str_add(struct str *b, const char *s);
void str_addn(struct str *b, const char *s, size_t n);
void str_addc(struct str *b, char c);
void str_addf(struct str *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Returns the text (never NULL) and empties b; the caller frees it. */
char *str_take(struct str *b);
void str_free(struct str *b);
#define WL_CLEANUP_STR __attribute__((cleanup(str_free)))

/* A vector of owned strings; v[n] is NULL once something was added, so v serves as an argv. Zero-initialise it. */
struct strv {
    char **v;
    size_t n;
};

void strv_add(struct strv *l, const char *s);
/* Takes over s. */
void strv_take(struct strv *l, char *s);
void strv_addf(struct strv *l, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Adds all strings of the arguments, up to a NULL. */
void strv_add_all(struct strv *l, ...) __attribute__((sentinel));
void strv_addv(struct strv *l, const struct strv *more);
bool strv_has(const struct strv *l, const char *s);
/* Adds s unless the list has it. */
void strv_add_once(struct strv *l, const char *s);
void strv_free(struct strv *l);
#define WL_CLEANUP_STRV __attribute__((cleanup(strv_free)))

bool starts_with(const char *s, const char *prefix);
bool ends_with(const char *s, const char *suffix);

/* s quoted for a POSIX shell; the caller frees it. */
char *shell_quote(const char *s);

/* Levenshtein distance, for "did you mean". */
size_t edit_distance(const char *a, const char *b);

/* Adds n bytes of text in a form that is safe for a terminal. Control characters (except tab and line end), marks that
 * change the direction of writing, and bytes that are not UTF-8 become \xNN or \uNNNN. */
void str_add_shown(struct str *b, const char *s, size_t n);
/* The text with the user name and password of each address in it (SCHEME://USER:PASSWORD@HOST) replaced by "***"; the
 * caller frees it. */
char *hide_logins(const char *text);

/* Adds s as a string of JSON, with its quotes; without raw control characters. */
void str_add_json(struct str *b, const char *s);

/* Whether n bytes are UTF-8. */
bool utf8_valid(const char *s, size_t n);
/* How many characters a text in UTF-8 has. */
size_t utf8_length(const char *s);

/* Whether s is n lower-case hexadecimal digits. */
bool is_hex(const char *s, size_t n);
/* The value of a hexadecimal digit, or -1. */
int hex_digit(char c);
/* n bytes of an address with each %XX replaced by its byte, and %00 by "_"; the caller frees it. */
char *percent_decode(const char *s, size_t n);

/* The last line of a text that is not empty, without its line end; "" if there is none. The caller frees it. */
char *last_line(const char *text);
/* The last line that contains these words, without its line end, or NULL. The caller frees it. */
char *last_line_with(const char *text, const char *words);
/* Where the last lines of n bytes of text begin: at most so many lines. */
const char *last_lines(const char *text, size_t n, size_t lines);

/* Bytes for people: "9.5 MB" (decimal units); the caller frees it. */
char *human_size(unsigned long long bytes);

#endif
