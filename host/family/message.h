/* What a process sends to one that it starts. Both are the same program. */
#ifndef WL_FAMILY_MESSAGE_H
#define WL_FAMILY_MESSAGE_H

#include <stdbool.h>
#include <stdint.h>

/* The child's descriptor of a socket that has the descriptors, in this order: the description below, the page, the
 * module's code if there is one, those for the program, those of `fds` that are given. Each message has the number of
 * all descriptors, and as many of them as fit. */
enum { FAMILY_SOCKET = 3, FAMILY_PER_MESSAGE = 250, FAMILY_MOST_FDS = 4096 };

#define FAMILY_MAGIC UINT32_C(0x776c6601)

/* The description: a file in memory with this, fds_n of the next struct, and then, each with a zero byte at its end,
 * the names of the directories, the guest's arguments, and its variables; and the bytes of the note. */
struct family_head {
    uint32_t magic, size; /* of this struct */
    uint32_t pid, parent, place;
    uint32_t fds_n;  /* the three standard streams, directories, others */
    uint32_t dirs_n; /* how many directories */
    uint32_t args_n, environ_n;
    uint32_t names_size, args_size, environ_size, note_size;
    uint64_t deadline; /* of CLOCK_MONOTONIC, ms; 0: none */
    uint64_t memory;   /* bytes that it may have at first */
    bool session;      /* it starts a session of the system's */
    bool takes;        /* its parent's process takes signals from it */
    bool has_code;
    uint8_t own_n; /* descriptors that are for the program */
};

struct family_fd {
    bool given; /* false: a standard stream that is closed */
    bool standard, read_only;
    uint16_t flags;
    uint64_t rights, inheriting;
};

#endif
