/* Paths as seen from the root and from the current folder. */
#ifndef WL_CWD_H
#define WL_CWD_H

/* The descriptor of the mapped folder that a path is in, and the way from there, in *rest, which the caller frees. -1:
 * errno. */
int cwd_locate(const char *path, char **rest);

#endif
