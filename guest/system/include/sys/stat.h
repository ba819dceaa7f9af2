/* What wasi-libc's sys/stat.h lacks. */
#ifndef WL_SYS_STAT_H
#define WL_SYS_STAT_H

#include_next <sys/stat.h>

mode_t umask(mode_t mask);

#endif
