/* A set of signals. wasi-libc's has 8 bits, and no function uses it. */
#ifndef __wasilibc___typedef_sigset_t_h
#define __wasilibc___typedef_sigset_t_h

typedef unsigned long long sigset_t; /* bit N-1 is signal N */

#endif
