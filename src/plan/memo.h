/* A small cache of answers, each under a name made from everything it depends on. */
#ifndef WL_MEMO_H
#define WL_MEMO_H

#include <stdbool.h>

/* What a program's file is: path, inode, size and times, as text; NULL if there is no such file. The caller frees it.
 */
char *memo_file_identity(const char *path);

/* The cached answer to this question, from CACHE/identity/, or NULL; the caller frees it. */
char *memo_get(const char *cache, const char *question);
/* Caches an answer. A failure is not an error: the answer is then computed again. */
void memo_put(const char *cache, const char *question, const char *answer);

#endif
