/* Reading and writing the bytes of WebAssembly files. */
#ifndef WL_OBJECT_BYTES_H
#define WL_OBJECT_BYTES_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Bytes or text that belong to somebody else. */
struct span {
    const uint8_t *at;
    size_t n;
};

bool span_is(struct span s, const char *text);
bool span_same(struct span a, struct span b);
bool span_starts(struct span s, const char *text);

/* For printf's %.*s. */
#define SPAN(s) (int)(s).n, (const char *)(s).at

/* Bytes that are read from the front. After a read that goes past the end, or of a number that is too large, bad is
 * set, and whatever is read is 0 or empty. */
struct reader {
    const uint8_t *at, *end;
    bool bad;
};

uint8_t read_byte(struct reader *r);
uint32_t read_number(struct reader *r);
int64_t read_signed(struct reader *r);
/* The next n bytes. */
struct reader read_part(struct reader *r, uint32_t n);
/* Bytes after their number. */
struct span read_span(struct reader *r);

/* Bytes that grow. Free them with free(b.at). */
struct bytes {
    uint8_t *at;
    size_t n, room;
};

void put(struct bytes *b, const void *bytes, size_t n);
void put_byte(struct bytes *b, uint8_t byte);
void put_number(struct bytes *b, uint32_t number);
void put_signed(struct bytes *b, int64_t number);
/* Bytes after their number. */
void put_span(struct bytes *b, struct span s);
/* Formatted text, without a NUL. */
__attribute__((format(printf, 2, 3))) void put_text(struct bytes *b, const char *format, ...);

/* A list that gets one more entry after its n: it grows when n is a power of two. The program ends if there is no
 * memory. */
void *list_room(void *list, size_t n, size_t size);
#define LIST_ADD(list, n, value) ((list) = list_room(list, n, sizeof *(list)), (list)[(n)++] = (value))

/* Memory, or the end of the program (status 1). */
void *need_memory(void *memory);

/* What went wrong, as one line without an end. */
struct error {
    char text[400];
};

/* Always -1. */
__attribute__((format(printf, 2, 3))) int error_set(struct error *e, const char *format, ...);

#endif
