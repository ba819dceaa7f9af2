/* The members of an archive in memory. */
#ifndef WL_VERIFY_MEMBERS_H
#define WL_VERIFY_MEMBERS_H

#include <stdbool.h>
#include <stddef.h>

struct member {
    char *name;  /* owned, as all strings here */
    char *about; /* type, mode, owner and time, as text that can be compared */
    unsigned char *bytes;
    size_t size;
};

struct members {
    struct member *v;
    size_t n;
};

/* Reads the members of an ar, tar (also compressed) or zip archive. false: it is none, or it is damaged, or its content
 * is larger than this looks into. The caller frees the list in any case. */
bool members_read(const unsigned char *bytes, size_t n, struct members *list);
void members_free(struct members *list);

#endif
