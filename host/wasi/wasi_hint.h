/* First steps: what to type next, where a folder is named the wrong way or a file is not shared. The texts are for
 * people and end without a full stop. */
#ifndef WL_WASI_HINT_H
#define WL_WASI_HINT_H

#include <stdbool.h>
#include <stddef.h>

enum { HINT_SIZE = 1024 };

/* A folder that the guest is given: its name here, and the guest's. */
struct hint_folder {
    const char *host, *guest;
};

/* What is wrong with the value of --dir (or, if swapped, of --mapdir), whose two names are these. mode: a guest's name
 * that ends in ":ro" is one. False: nothing that could be told. */
bool hint_mapping(bool swapped, const char *host, const char *guest, char text[HINT_SIZE]);

/* After the guest has failed. Folders are in the order they were given: of two of one name the later one counts. */
struct hint_run {
    const struct hint_folder *folders;
    size_t folders_n;
    const char *const *args; /* the first one is the program's own name */
    size_t args_n;
    const char *const *environ;
    size_t environ_n;
};

/* A file or folder of this machine that is one of the arguments, but in no folder of the guest's; or Python's library,
 * which is in none. False: nothing of the kind. */
bool hint_failed(const struct hint_run *run, char text[HINT_SIZE]);

#endif
