/* A guest's memory without a guest, and the host that answers its calls. */
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

#endif
