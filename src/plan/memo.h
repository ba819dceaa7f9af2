/* Small answers kept from one run to the next, each under a name made from everything it depends on. */
#ifndef WL_MEMO_H
#define WL_MEMO_H

#include <stdbool.h>

/* What a program's file is: path, inode, size and times, as text; NULL if there is no such file. The caller frees it.
 */
char *memo_file_identity(const char *path);

/* The answer kept for this question in CACHE/identity/, or NULL; the caller frees it. */
char *memo_get(const char *cache, const char *question);
/* Keeps an answer. That it cannot be kept is no error: it is then found out again. */
void memo_put(const char *cache, const char *question, const char *answer);

#endif
