/* A directory of the host that a guest sees. */
#ifndef WL_FOLDER_H
#define WL_FOLDER_H

#include <stdbool.h>

struct folder {
    const char *host;  /* its path here */
    const char *guest; /* the guest's name for it */
    bool read_only;
};

#endif
