/* First steps: what to type next when a directory is named the wrong way or a file is not shared. The texts are for
 * people and end without a full stop. */
#ifndef WL_CLI_HINT_H
#define WL_CLI_HINT_H

#include <stdbool.h>
#include <stddef.h>

struct run_options;

enum { HINT_SIZE = 1024 };

/* What is wrong with the value of --dir (or, if swapped, of --mapdir), whose two names these are. A guest's name may
 * still have ":ro" at its end. False: nothing to say. */
bool hint_mapping(bool swapped, const char *host, const char *guest, char text[HINT_SIZE]);

/* After the guest has failed: names an argument that is a file or directory of this machine but is not shared with
 * the guest, or says that Python's library is not shared. False: neither is true. */
bool hint_failed(const struct run_options *run, char text[HINT_SIZE]);

#endif
