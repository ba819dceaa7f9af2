/* Paths as seen from the root and from the current directory. */
#ifndef WL_CWD_H
#define WL_CWD_H

/* The descriptor of the mapped directory that a path is in; *rest is the path below it, which the caller frees. -1:
 * errno. */
int cwd_locate(const char *path, char **rest);

#endif
