#include "family/page.h"

#include <errno.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define FAMILY_ROOT UINT32_MAX

struct family_page *page_map(int fd)
{
    struct family_page *p = MAP_FAILED;
    struct stat st;

    if (fstat(fd, &st) < 0)
        return NULL;
    if (st.st_size == sizeof *p)
        p = mmap(NULL, sizeof *p, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    else
        errno = EINVAL;
    return p == MAP_FAILED ? NULL : p;
}

void page_unmap(struct family_page *p)
{
    if (p)
        munmap(p, sizeof *p);
}

struct family_page *page_new(int *fd, unsigned most)
{
    struct family_page *p = NULL;
    int e;

    *fd = memfd_create("wlpy-family", MFD_CLOEXEC);
    if (*fd < 0)
        return NULL;
    if (ftruncate(*fd, sizeof *p) == 0)
        p = page_map(*fd);
    if (!p) {
        e = errno;
        close(*fd);
        errno = e;
        return NULL;
    }
    p->most = most < FAMILY_MOST ? most : FAMILY_MOST;
    p->next_pid = FAMILY_FIRST_PID + 1;
    p->place[FAMILY_FIRST].of = FAMILY_ROOT;
    p->place[FAMILY_FIRST].group = p->place[FAMILY_FIRST].session = FAMILY_FIRST_PID;
    return p;
}

int page_take(struct family_page *p, uint32_t parent)
{
    for (uint32_t i = 1; i <= p->most; i++) {
        uint32_t none = 0;

        if (!atomic_compare_exchange_strong(&p->place[i].of, &none, parent + 1))
            continue;
        /* (The last one that was here may have taken some while it was killed.) */
        p->memory_left += atomic_exchange(&p->place[i].memory, 0);
        p->place[i].group = p->place[parent].group;
        p->place[i].session = p->place[parent].session;
        return (int)i;
    }
    return -1;
}

uint32_t page_parent(const struct family_page *p, uint32_t place)
{
    const uint32_t of = p->place[place].of;

    return of && of != FAMILY_ROOT && of <= FAMILY_MOST ? of - 1 : FAMILY_FIRST;
}

bool page_has_group(const struct family_page *p, uint32_t group, uint32_t session)
{
    for (uint32_t i = 0; i <= p->most; i++)
        if (p->place[i].of && p->place[i].group == group && p->place[i].session == session)
            return true;
    return false;
}

void page_release(struct family_page *p, uint32_t place)
{
    /* (No deeper than there are places. The kernel has killed them together with their parent.) */
    for (uint32_t i = 1; i <= p->most; i++)
        if (p->place[i].of == place + 1)
            page_release(p, i);
    p->memory_left += atomic_exchange(&p->place[place].memory, 0);
    p->place[place].of = 0;
}

bool page_lease(struct family_page *p, uint32_t place, uint64_t bytes)
{
    uint64_t left = p->memory_left;

    do
        if (left < bytes)
            return false;
    while (!atomic_compare_exchange_weak(&p->memory_left, &left, left - bytes));
    p->place[place].memory += bytes;
    return true;
}

void page_return(struct family_page *p, uint32_t place, uint64_t bytes)
{
    p->place[place].memory -= bytes;
    p->memory_left += bytes;
}
