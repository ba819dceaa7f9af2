/* Reads any bytes as a module for a native program: tools/aot reads and rewrites it. Nothing is written to the disk. */
#include "aot.h"

#include <setjmp.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A module that is refused ends the program; here it ends one input. */
static jmp_buf refused;

_Noreturn void end(const char *format, ...)
{
    (void)format;
    longjmp(refused, 1);
}

_Noreturn void refuse(const char *format, ...)
{
    (void)format;
    longjmp(refused, 1);
}

_Noreturn void stop(const char *reason, const char *format, ...)
{
    (void)reason;
    (void)format;
    longjmp(refused, 1);
}

/* Allocations, which the program never frees when it refuses a module (meson.build leads its calls here). */
struct block {
    struct block *next, *before;
    max_align_t bytes[];
};
static struct block all = {&all, &all};

void *fuzz_realloc(void *old, size_t n);
void *fuzz_calloc(size_t n, size_t size);
void fuzz_free(void *old);

static struct block *block_of(void *bytes)
{
    return (struct block *)((char *)bytes - offsetof(struct block, bytes));
}

void *fuzz_realloc(void *old, size_t n)
{
    struct block *b = old ? block_of(old) : NULL;

    if (b) {
        b->before->next = b->next;
        b->next->before = b->before;
    }
    b = realloc(b, sizeof *b + n);
    if (!b)
        abort();
    b->next = &all;
    b->before = all.before;
    b->before->next = all.before = b;
    return b->bytes;
}

void *fuzz_calloc(size_t n, size_t size)
{
    return memset(fuzz_realloc(NULL, n * size + 1), 0, n * size + 1);
}

void fuzz_free(void *old)
{
    struct block *b = old ? block_of(old) : NULL;

    if (!b)
        return;
    b->before->next = b->next;
    b->next->before = b->before;
    free(b);
}

void *need(void *memory)
{
    return memory;
}

void *get(uint64_t n, size_t size)
{
    if (n > (UINT64_C(1) << 28) / size)
        longjmp(refused, 1);
    return fuzz_calloc((size_t)n + 1, size);
}

/* Files. */
FILE *make_file(const char *name)
{
    static FILE *nothing;

    (void)name;
    if (!nothing)
        nothing = fopen("/dev/null", "w");
    return nothing ? nothing : stdout;
}

/* (Each byte is read, so that a read outside of an allocation is noticed.) */
void put(FILE *f, const void *bytes, size_t n)
{
    static volatile uint8_t sum;

    (void)f;
    for (size_t i = 0; i < n; i++)
        sum = (uint8_t)(sum + ((const uint8_t *)bytes)[i]);
}

void end_file(FILE *f, const char *name)
{
    (void)f;
    (void)name;
}

static void read_module(const uint8_t *bytes, size_t n)
{
    struct functions f;
    struct module m;
    struct image i;
    struct fit fit;

    module_read(&m, "it", bytes, n);
    fit_check(&m, &fit);
    functions_read(&m, &f);
    rewrite(&m, &f, &i);
    table_write(&m, &f);
    glue_write(&m, &f, &fit, &i, &(const struct build){.library = true, .constant_table = true});
}

/* The seeds are those of fuzz_module: eight bytes of its own, then a module without its header. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t *module;

    if (size < WASM_HEADER)
        return 0;
    module = fuzz_realloc(NULL, size);
    memcpy(module, "\0asm\1\0\0\0", WASM_HEADER);
    memcpy(module + WASM_HEADER, data + WASM_HEADER, size - WASM_HEADER);
    if (setjmp(refused) == 0)
        read_module(module, size);
    while (all.next != &all)
        fuzz_free(all.next->bytes);
    return 0;
}
