/* Streams without a descriptor. */
#ifndef WL_WASI_STREAM_H
#define WL_WASI_STREAM_H

#include "wasi/wasi.h"

/* Nothing to read; what is written is dropped. */
struct wasi_stream wasi_read_nothing(void);
struct wasi_stream wasi_write_nothing(void);

/* Bytes that can be read once. */
struct wasi_bytes {
    const uint8_t *at;
    size_t left;
};
struct wasi_stream wasi_read_from(struct wasi_bytes *bytes);

/* Collects what is written. The caller frees `at`. */
struct wasi_buffer {
    uint8_t *at;
    size_t n, room;
};
struct wasi_stream wasi_write_to(struct wasi_buffer *buffer);

#endif
