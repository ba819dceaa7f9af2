#include "wasi/tty.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

/* As many as in the guest's struct termios (guest/system/include/termios.h). */
enum { CHARACTERS = 32 };

static const char hex[] = "0123456789abcdef";

/* The terminal that a request names: a stream of the guest's that is one. */
static struct wasi_fd *take(struct wasi_request *r, uint32_t *e)
{
    struct wasi_fd *f = wasi_word_fd(r, e);

    if (!f)
        return NULL;
    *e = WASI_ENOTTY;
    return f->standard && f->host >= 0 && isatty(f->host) ? f : NULL;
}

/* ---- settings ---- */

static void say_settings(struct wasi_request *r, const struct termios *t)
{
    wasi_say(r, "%u %u %u %u ", (unsigned)t->c_iflag, (unsigned)t->c_oflag, (unsigned)t->c_cflag, (unsigned)t->c_lflag);
    for (int i = 0; i < CHARACTERS; i++) {
        const unsigned c = i < NCCS ? t->c_cc[i] : 0;

        wasi_say(r, "%c%c", hex[c >> 4], hex[c & 15]);
    }
}

static bool read_settings(const struct wasi_request *r, struct termios *t)
{
    const char *digits = r->word[6];
    int64_t flags[4];

    for (int i = 0; i < 4; i++)
        if (!wasi_word(r, 2 + i, 0, UINT32_MAX, &flags[i]))
            return false;
    if (strlen(digits) != (size_t)2 * CHARACTERS || strspn(digits, hex) != (size_t)2 * CHARACTERS)
        return false;
    /* The speed stays: it is the line's. */
    t->c_iflag = (tcflag_t)flags[0];
    t->c_oflag = (tcflag_t)flags[1];
    t->c_cflag = (tcflag_t)((flags[2] & ~(int64_t)CBAUD) | (t->c_cflag & CBAUD));
    t->c_lflag = (tcflag_t)flags[3];
    for (int i = 0; i < CHARACTERS && i < NCCS; i++)
        t->c_cc[i] = (cc_t)((strchr(hex, digits[2 * i]) - hex) << 4 | (strchr(hex, digits[2 * i + 1]) - hex));
    return true;
}

/* tty.get FD */
static uint32_t get(struct wasi_request *r)
{
    uint32_t e;
    const struct wasi_fd *f = take(r, &e);
    struct termios now;

    if (!f)
        return e;
    if (tcgetattr(f->host, &now) < 0)
        return wasi_from_errno(errno);
    say_settings(r, &now);
    return WASI_SUCCESS;
}

/* Remembers the settings of a terminal, once. */
static uint32_t save(struct tty *t, int host, const struct termios *now)
{
    struct tty_saved *s = &t->saved[t->saved_n];
    struct stat st;

    if (fstat(host, &st) < 0)
        return wasi_from_errno(errno);
    for (int i = 0; i < t->saved_n; i++)
        if (t->saved[i].device == st.st_rdev)
            return WASI_SUCCESS;
    if (t->saved_n == (int)(sizeof t->saved / sizeof *t->saved))
        return WASI_EMFILE;
    *s = (struct tty_saved){fcntl(host, F_DUPFD_CLOEXEC, STDERR_FILENO + 1), st.st_rdev, *now};
    if (s->fd < 0)
        return wasi_from_errno(errno);
    t->saved_n++;
    if (t->on_change)
        t->on_change(t->arg, s->fd);
    return WASI_SUCCESS;
}

/* tty.set FD now|drain|flush INPUT OUTPUT CONTROL LOCAL CHARACTERS */
static uint32_t set(struct wasi_request *r)
{
    static const struct {
        const char *word;
        int when;
    } whens[] = {{"now", TCSANOW}, {"drain", TCSADRAIN}, {"flush", TCSAFLUSH}};
    uint32_t e;
    const struct wasi_fd *f = take(r, &e);
    struct termios settings, now;

    if (!f)
        return e;
    if (tcgetattr(f->host, &now) < 0)
        return wasi_from_errno(errno);
    settings = now;
    if (!read_settings(r, &settings))
        return WASI_EINVAL;
    for (size_t i = 0; i < sizeof whens / sizeof *whens; i++)
        if (!strcmp(whens[i].word, r->word[1])) {
            e = save(r->arg, f->host, &now);
            return e ? e : tcsetattr(f->host, whens[i].when, &settings) < 0 ? wasi_from_errno(errno) : WASI_SUCCESS;
        }
    return WASI_EINVAL;
}

/* ---- the rest ---- */

/* tty.size FD */
static uint32_t size(struct wasi_request *r)
{
    uint32_t e;
    const struct wasi_fd *f = take(r, &e);
    struct winsize s;

    if (!f)
        return e;
    if (ioctl(f->host, TIOCGWINSZ, &s) < 0)
        return wasi_from_errno(errno);
    wasi_say(r, "%u %u %u %u", s.ws_row, s.ws_col, s.ws_xpixel, s.ws_ypixel);
    return WASI_SUCCESS;
}

/* tty.drain FD */
static uint32_t drain(struct wasi_request *r)
{
    uint32_t e;
    const struct wasi_fd *f = take(r, &e);

    return !f ? e : tcdrain(f->host) < 0 ? wasi_from_errno(errno) : WASI_SUCCESS;
}

/* tty.flush FD in|out|both */
static uint32_t flush(struct wasi_request *r)
{
    uint32_t e;
    const struct wasi_fd *f = take(r, &e);
    int queue;

    if (!f)
        return e;
    if (!strcmp(r->word[1], "in"))
        queue = TCIFLUSH;
    else if (!strcmp(r->word[1], "out"))
        queue = TCOFLUSH;
    else if (!strcmp(r->word[1], "both"))
        queue = TCIOFLUSH;
    else
        return WASI_EINVAL;
    return tcflush(f->host, queue) < 0 ? wasi_from_errno(errno) : WASI_SUCCESS;
}

/* ---- giving it to a guest ---- */

int tty_serve(struct tty *t, struct wasi *w, void (*on_change)(void *arg, int fd), void *arg)
{
    static const struct wasi_request_kind kinds[] = {{"tty.get", 1, 1, get},
                                                     {"tty.set", 7, 7, set},
                                                     {"tty.size", 1, 1, size},
                                                     {"tty.drain", 1, 1, drain},
                                                     {"tty.flush", 2, 2, flush}};
    bool any = false;

    *t =
        (struct tty){.on_change = on_change,
                     .arg = arg,
                     .set = {.name = "tty", .version = 1, .kinds = kinds, .n = sizeof kinds / sizeof *kinds, .arg = t}};
    for (size_t i = 0; i < w->fds_n; i++)
        any |= w->fds[i].used && w->fds[i].standard && w->fds[i].host >= 0 && isatty(w->fds[i].host);
    return any ? wasi_serve(w, &t->set) : 0;
}

void tty_restore(int fd, const struct termios *settings)
{
    const pid_t owner = tcgetpgrp(fd);
    sigset_t set, mask;

    /* (-1: it is not the terminal of this session, so that there are no jobs.) */
    if (owner >= 0 && owner != getpgrp())
        return;
    /* Another job may get it meanwhile. */
    sigemptyset(&set);
    sigaddset(&set, SIGTTOU);
    pthread_sigmask(SIG_BLOCK, &set, &mask);
    while (tcsetattr(fd, TCSANOW, settings) < 0 && errno == EINTR)
        ;
    pthread_sigmask(SIG_SETMASK, &mask, NULL);
}

void tty_free(struct tty *t)
{
    while (t->saved_n > 0) {
        const struct tty_saved *s = &t->saved[--t->saved_n];

        tty_restore(s->fd, &s->settings);
        close(s->fd);
    }
}
