/* What the processes of a family share: a page of memory that is mapped in each of them. Only the host sees it. */
#ifndef WL_FAMILY_PAGE_H
#define WL_FAMILY_PAGE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* Processes besides the first. */
enum { FAMILY_MOST = 256 };
/* The first process's place, and its number for the guest: the one that wasi-libc's getpid() has always returned. */
enum { FAMILY_FIRST = 0, FAMILY_FIRST_PID = 42 };

struct family_page {
    _Atomic uint32_t next_pid;
    uint32_t most;                /* processes besides the first */
    _Atomic uint64_t memory_left; /* bytes that nobody has */
    _Atomic uint64_t output_left; /* bytes; UINT64_MAX: any number */
    struct {
        _Atomic uint32_t of; /* 0: free; else the place of its parent and 1, and of the first FAMILY_ROOT */
        _Atomic uint64_t memory;
        /* As the guests see them: the numbers of the processes that lead its group and its session. */
        _Atomic uint32_t group, session;
    } place[FAMILY_MOST + 1];
};

/* A new one, of which the caller has the first place. Its descriptor goes to *fd. NULL with errno. */
struct family_page *page_new(int *fd, unsigned most);
/* The one of a parent. NULL with errno. */
struct family_page *page_map(int fd);
void page_unmap(struct family_page *p);

/* A place for a child, in its parent's group; -1: all are taken. */
int page_take(struct family_page *p, uint32_t parent);
/* The place of a process's parent; FAMILY_FIRST for the first. */
uint32_t page_parent(const struct family_page *p, uint32_t place);
/* Whether there is such a group in the session. */
bool page_has_group(const struct family_page *p, uint32_t group, uint32_t session);
/* When a process has ended, with all that it had started: frees its place and gives back its memory. */
void page_release(struct family_page *p, uint32_t place);
/* Moves bytes from what nobody has to a process. False: there are not so many. */
bool page_lease(struct family_page *p, uint32_t place, uint64_t bytes);
/* And back. */
void page_return(struct family_page *p, uint32_t place, uint64_t bytes);

#endif
