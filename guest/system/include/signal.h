/* What wasi-libc's signal.h lacks, and a raise() that ends the program with the status of the signal: see
 * guest/system/process.c. */
#ifndef WL_SIGNAL_H
#define WL_SIGNAL_H

#include_next <signal.h>

#include <sys/types.h>

int wl_raise(int number);
int kill(pid_t pid, int number);
int killpg(pid_t group, int number);

#define raise(number) wl_raise(number)

#endif
