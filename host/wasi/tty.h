/* The terminal of a guest: the requests tty.* of the channel (channel.h), for standard streams that are terminals.
 *
 * The settings of a terminal are everybody's who uses it, and stay when a process ends. So they are remembered before
 * the guest changes them, and restored. */
#ifndef WL_WASI_TTY_H
#define WL_WASI_TTY_H

#include "wasi/channel.h"

#include <termios.h>

/* The settings of one terminal as they were. */
struct tty_saved {
    int fd; /* owned */
    dev_t device;
    struct termios settings;
};

struct tty {
    /* Told before the guest changes the settings of a terminal for the first time, with a descriptor that stays open
     * until tty_free(): a process that a signal may end restores them itself. NULL: nobody is. */
    void (*on_change)(void *arg, int fd);
    void *arg;
    struct tty_saved saved[3];
    int saved_n;
    struct wasi_request_set set;
};

/* Lets the guest control those of its standard streams that are terminals, if there are any; before
 * wasi_give_channel(). t must live as long as w. Returns 0, or -1 with errno. */
int tty_serve(struct tty *t, struct wasi *w, void (*on_change)(void *arg, int fd), void *arg);

/* When the guest has ended: restores what it has changed. */
void tty_free(struct tty *t);

/* Restores the settings of a terminal, unless it belongs to another job of the shell now. May be called in a signal
 * handler. */
void tty_restore(int fd, const struct termios *settings);

#endif
