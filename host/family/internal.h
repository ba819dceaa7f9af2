/* What the files of family/ share. */
#ifndef WL_FAMILY_INTERNAL_H
#define WL_FAMILY_INTERNAL_H

#include "family/family.h"
#include "family/message.h"
#include "family/page.h"

struct family_member {
    uint32_t pid, place;
    pid_t host;
    int socket;              /* reads the end of file when it has ended; -1: it has */
    int status;              /* then: as of waitpid(2) */
    uint32_t group, session; /* then */
};

struct family_start {
    void *map;
    size_t size;
    struct family_head *head; /* all below point into the map */
    struct family_fd *like;
    const char **names, **args, **environ;
    const uint8_t *note;
    int *fds;   /* one for each of head->fds_n; -1: none, or given to the guest */
    int parent; /* a descriptor of the parent's process; -1: the kernel has none */
    int code, page_fd, own[FAMILY_MOST_OWN];
};

/* What the guest asks for. */
struct family_wish {
    const char *args, *environ; /* strings with a zero byte at the end of each */
    uint32_t args_size, environ_size;
    const uint8_t *note;
    uint32_t note_size;
    const uint32_t *fds; /* WASI's numbers here of what become its descriptors, the three streams first */
    uint32_t fds_n;
    bool session;
    int64_t group; /* that it joins; 0: its own; FAMILY_SAME: its parent's */
};
#define FAMILY_SAME (-1)
/* In place of a number of a standard stream that is closed. */
#define FAMILY_NONE UINT32_MAX

/* spawn.c: starts a process. Returns WASI's errno. */
uint32_t family_spawn(struct family *f, const struct family_wish *wish, uint32_t *pid);
/* Notes which have ended. */
void family_look(struct family *f);
/* The group that it is in, or was in when it ended. */
uint32_t family_group(const struct family *f, const struct family_member *m);
/* Whether this process's session has that group. */
bool family_has_group(const struct family *f, uint32_t group);
/* Forgets one that has ended. */
void family_forget(struct family *f, struct family_member *m);
uint64_t family_now(void); /* of CLOCK_MONOTONIC, ms */

/* Lets the guest's memory become larger by so many bytes, if nobody else in the family has them. */
bool family_more_memory(void *family, uint64_t bytes);

#endif
