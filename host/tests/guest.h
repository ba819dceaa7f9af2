/* The memory of a guest without the guest, and the host that answers its calls. */
#ifndef TEST_GUEST_H
#define TEST_GUEST_H

#include "wasi/wasi.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static uint8_t bytes[65536];
static struct wasi w;

static struct guest_memory memory(void *arg)
{
    (void)arg;
    return (struct guest_memory){bytes, sizeof bytes};
}

/* Puts a path at 1000. */
static inline uint32_t size_of(const char *path)
{
    strcpy((char *)bytes + 1000, path);
    return (uint32_t)strlen(path);
}

/* ---- a guest without directories ---- */

static inline void put(uint32_t at, unsigned size, uint64_t v)
{
    wasi_store(memory(NULL), at, size, v);
}

static inline uint32_t get(uint32_t at)
{
    return (uint32_t)wasi_load(memory(NULL), at, 4);
}

static inline void iov(uint32_t at, uint32_t base, uint32_t size)
{
    put(at, 4, base);
    put(at + 4, 4, size);
}

static inline int set_up_bare(void **state)
{
    (void)state;
    memset(bytes, 0, sizeof bytes);
    w = (struct wasi){.memory = memory, .output_left = UINT64_MAX};
    return 0;
}

static inline int tear_down_bare(void **state)
{
    (void)state;
    wasi_free(&w);
    return 0;
}

/* Opens a pipe: 0 is its end for reading, 1 the end for writing. */
static inline void give_pipe(void)
{
    int p[2];

    assert_int_equal(pipe(p), 0);
    assert_int_equal(wasi_give(&w, p[0], NULL, false, true), 0);
    assert_int_equal(wasi_give(&w, p[1], NULL, false, true), 1);
}

#endif
