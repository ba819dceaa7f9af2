#include "cmd/ui.h"

#include "util/clock.h"
#include "util/str.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

enum { MAX_SHOWN = 8, TICK_MS = 500 };

/* A port being built, for the live line. */
struct shown {
    char *port, *phase;
    size_t index;
    double start;
};

struct ui {
    const struct options *options;
    bool live;       /* the terminal can show the live line */
    bool line_shown; /* the live line is shown now */
    size_t count;
    struct shown shown[MAX_SHOWN];
    char *fetching; /* the live line's text about the current download */
    bool at_line_start;
    bool warned_unboxed; /* the warning that steps run without a sandbox is printed once */
    pthread_mutex_t lock;
    pthread_cond_t stop_changed;
    pthread_t ticker;
    bool stop;
};

const char *ui_color(const struct options *o, FILE *to, const char *sequence)
{
    const char *no_color = getenv("NO_COLOR");

    if (o->color == COLOR_NEVER || (o->color != COLOR_ALWAYS && ((no_color && *no_color) || !isatty(fileno(to)))))
        return "";
    return sequence;
}

/* The length of the colour sequence at a place; 0: there is none. */
static size_t color_length(const char *at)
{
    static const char *const ours[] = {UI_BOLD, UI_RED, UI_GREEN, UI_YELLOW, UI_RESET};

    for (size_t i = 0; i < sizeof ours / sizeof *ours; i++)
        if (starts_with(at, ours[i]))
            return strlen(ours[i]);
    return 0;
}

/* Adds the part of a message that ui_print shows. */
static void add_message(struct str *out, const char *text)
{
    WL_CLEANUP_FREE char *plain = hide_logins(text);
    const char *from = plain, *at = plain;

    while (*at) {
        size_t n = color_length(at);

        if (n) {
            str_add_shown(out, from, (size_t)(at - from));
            str_addn(out, at, n);
            from = at + n;
        }
        at += n ? n : 1;
    }
    str_add_shown(out, from, (size_t)(at - from));
}

static void print_list(FILE *to, const char *fmt, va_list ap)
{
    WL_CLEANUP_FREE char *text = xvasprintf(fmt, ap), *plain = NULL;
    WL_CLEANUP_STR struct str shown = {0};

    /* A file or a pipe is read by programs: names are not changed. */
    if (to != stderr && !isatty(fileno(to))) {
        plain = hide_logins(text);
        fputs(plain, to);
        return;
    }
    add_message(&shown, text);
    fputs(shown.s ? shown.s : "", to);
}

void ui_print(FILE *to, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    print_list(to, fmt, ap);
    va_end(ap);
}

static int columns(void)
{
    struct winsize w;

    return ioctl(STDERR_FILENO, TIOCGWINSZ, &w) == 0 && w.ws_col > 20 ? w.ws_col : 80;
}

static void clear_line(struct ui *ui)
{
    if (ui->line_shown)
        fputs("\r\033[K", stderr);
    ui->line_shown = false;
}

static void draw_line(struct ui *ui)
{
    WL_CLEANUP_STR struct str words = {0}, text = {0};
    size_t width = (size_t)columns() - 1;

    if (!ui->live || ui->options->verbose)
        return;
    clear_line(ui);
    if (ui->fetching)
        str_add(&words, ui->fetching);
    for (size_t i = 0; i < MAX_SHOWN; i++)
        if (ui->shown[i].port) {
            int s = (int)(clock_seconds() - ui->shown[i].start);

            str_addf(&words, "%s[%zu/%zu] %s: %s %d:%02d", words.len ? "  " : "", ui->shown[i].index, ui->count,
                     ui->shown[i].port, ui->shown[i].phase, s / 60, s % 60);
        }
    if (!words.len)
        return;
    add_message(&text, words.s);
    /* Cut at a whole character: a continuation byte of UTF-8 is 10xxxxxx. */
    if (text.len > width) {
        while (width > 0 && ((unsigned char)text.s[width] & 0xc0) == 0x80)
            width--;
        text.s[width] = '\0';
    }
    fputs(text.s, stderr);
    fflush(stderr);
    ui->line_shown = true;
}

static void end_line(struct ui *ui)
{
    clear_line(ui);
    if (!ui->at_line_start)
        fputc('\n', stderr);
    ui->at_line_start = true;
}

static void print_line(struct ui *ui, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static void print_line(struct ui *ui, const char *fmt, ...)
{
    va_list ap;

    end_line(ui);
    va_start(ap, fmt);
    print_list(stderr, fmt, ap);
    va_end(ap);
    fputc('\n', stderr);
}

/* Prints the output of a step: to a file as it is, to a terminal with control characters as text. */
static void print_output(struct ui *ui, const char *text, size_t n)
{
    WL_CLEANUP_STR struct str shown = {0};

    clear_line(ui);
    if (isatty(STDERR_FILENO)) {
        str_add_shown(&shown, text, n);
        fwrite(shown.s ? shown.s : "", 1, shown.len, stderr);
    } else {
        fwrite(text, 1, n, stderr);
    }
    ui->at_line_start = n && text[n - 1] == '\n';
}

/* Prints the output of a program, which may be hostile: control characters become text, in a file as well. */
static void print_program_output(struct ui *ui, const char *text)
{
    WL_CLEANUP_STR struct str shown = {0};

    end_line(ui);
    str_add_shown(&shown, text, strlen(text));
    fputs(shown.s ? shown.s : "", stderr);
    ui->at_line_start = ends_with(shown.s ? shown.s : "", "\n");
}

/* Prints the last lines of a failed step, which may contain zero bytes. */
static void print_last_lines(struct ui *ui, const struct event *e)
{
    WL_CLEANUP_STR struct str shown = {0};

    str_add_shown(&shown, e->text, e->length);
    print_line(ui, "%s: the last lines of the failed step:", e->port);
    fputs(shown.s, stderr);
    fputs(ends_with(shown.s, "\n") ? "\n" : "\n\n", stderr);
}

static struct shown *find_shown(struct ui *ui, const char *port)
{
    for (size_t i = 0; i < MAX_SHOWN; i++)
        if (ui->shown[i].port && !strcmp(ui->shown[i].port, port))
            return &ui->shown[i];
    return NULL;
}

static void add_shown(struct ui *ui, const struct event *e)
{
    for (size_t i = 0; i < MAX_SHOWN; i++)
        if (!ui->shown[i].port) {
            ui->shown[i] = (struct shown){xstrdup(e->port), xstrdup("prepare"), e->index, clock_seconds()};
            return;
        }
}

static void remove_shown(struct ui *ui, const char *port)
{
    struct shown *s = find_shown(ui, port);

    if (s) {
        free(s->port);
        free(s->phase);
        *s = (struct shown){0};
    }
}

static void set_phase(struct ui *ui, const char *port, const char *phase)
{
    struct shown *s = find_shown(ui, port);

    if (s) {
        free(s->phase);
        s->phase = xstrdup(phase);
    }
    /* Tests are not counted. */
    if (!ui->live || ui->options->verbose) {
        if (s)
            print_line(ui, "[%zu/%zu] %s: %s", s->index, ui->count, port, phase);
        else
            print_line(ui, "%s: %s", port, phase);
    }
}

static void set_fetching(struct ui *ui, const struct event *e)
{
    WL_CLEANUP_FREE char *done = human_size(e->done), *total = e->total ? human_size(e->total) : NULL;

    free(ui->fetching);
    ui->fetching = xasprintf("fetching %s: %s%s%s", e->text, done, total ? " of " : "", total ? total : "");
}

static void emit(void *data, const struct event *e)
{
    struct ui *ui = data;
    const struct options *o = ui->options;
    const char *bold = ui_color(o, stderr, UI_BOLD), *reset = ui_color(o, stderr, UI_RESET);

    if (o->quiet && e->kind != EVENT_FAILED && e->kind != EVENT_UNBOXED && e->kind != EVENT_PRINTED)
        return;
    pthread_mutex_lock(&ui->lock);
    switch (e->kind) {
    case EVENT_PLANNED:
        ui->count = e->count;
        break;
    case EVENT_FETCH:
        if (ui->live)
            set_fetching(ui, e);
        break;
    case EVENT_FETCHED: {
        WL_CLEANUP_FREE char *size = human_size(e->done);

        free(ui->fetching);
        ui->fetching = NULL;
        print_line(ui, "fetched %s, %s in %.1f s", e->text, size, e->seconds);
        break;
    }
    case EVENT_WAIT:
        print_line(ui, "%s: another wl-make is making it; waiting for it", e->port);
        break;
    case EVENT_START:
        add_shown(ui, e);
        break;
    case EVENT_PHASE:
        set_phase(ui, e->port, e->text);
        break;
    case EVENT_COUNT: {
        WL_CLEANUP_FREE char *text = xasprintf("%llu of %llu %s", e->done, e->total, e->text);

        set_phase(ui, e->port, text);
        break;
    }
    case EVENT_OUTPUT:
        if (o->verbose)
            print_output(ui, e->text, e->length);
        break;
    case EVENT_DONE:
        remove_shown(ui, e->port);
        print_line(ui, "%s[%zu/%zu] %s%s: done in %.1f s", bold, e->index, e->count, e->port, reset, e->seconds);
        break;
    case EVENT_FAILED:
        remove_shown(ui, e->port);
        if (e->text && e->length && !o->verbose)
            print_last_lines(ui, e);
        break;
    case EVENT_NOTE:
        print_line(ui, "%s%s%s", e->port ? e->port : "", e->port ? ": " : "", e->text);
        break;
    case EVENT_PRINTED:
        print_program_output(ui, e->text);
        break;
    case EVENT_UNBOXED:
        if (!ui->warned_unboxed)
            print_line(ui, "building without a sandbox: %s", e->text);
        ui->warned_unboxed = true;
        break;
    }
    draw_line(ui);
    pthread_mutex_unlock(&ui->lock);
}

/* Updates the seconds of the live line. */
static void *tick(void *data)
{
    struct ui *ui = data;

    pthread_mutex_lock(&ui->lock);
    while (!ui->stop) {
        struct timespec at;

        clock_gettime(CLOCK_REALTIME, &at);
        at.tv_nsec += TICK_MS * 1000000L;
        at.tv_sec += at.tv_nsec / 1000000000L;
        at.tv_nsec %= 1000000000L;
        if (pthread_cond_timedwait(&ui->stop_changed, &ui->lock, &at) == ETIMEDOUT)
            draw_line(ui);
    }
    pthread_mutex_unlock(&ui->lock);
    return NULL;
}

struct ui *ui_new(const struct options *o)
{
    struct ui *ui = xcalloc(1, sizeof *ui);
    const char *term = getenv("TERM");

    ui->options = o;
    ui->at_line_start = true;
    ui->live = !o->quiet && isatty(STDERR_FILENO) && term && strcmp(term, "dumb") != 0;
    pthread_mutex_init(&ui->lock, NULL);
    pthread_cond_init(&ui->stop_changed, NULL);
    if (ui->live && pthread_create(&ui->ticker, NULL, tick, ui) != 0)
        ui->live = false;
    return ui;
}

void ui_free(struct ui *ui)
{
    if (!ui)
        return;
    pthread_mutex_lock(&ui->lock);
    ui->stop = true;
    pthread_cond_signal(&ui->stop_changed);
    pthread_mutex_unlock(&ui->lock);
    if (ui->live)
        pthread_join(ui->ticker, NULL);
    end_line(ui);
    for (size_t i = 0; i < MAX_SHOWN; i++) {
        free(ui->shown[i].port);
        free(ui->shown[i].phase);
    }
    free(ui->fetching);
    pthread_mutex_destroy(&ui->lock);
    pthread_cond_destroy(&ui->stop_changed);
    free(ui);
}

void ui_end_line(struct ui *ui)
{
    pthread_mutex_lock(&ui->lock);
    end_line(ui);
    fflush(stderr);
    pthread_mutex_unlock(&ui->lock);
}

struct events ui_events(struct ui *ui)
{
    return (struct events){emit, ui};
}

void ui_error(const struct options *o, const struct wl_err *err)
{
    const char *red = ui_color(o, stderr, UI_RED), *reset = ui_color(o, stderr, UI_RESET);
    bool lines = err->text && strchr(err->text, '\n');

    ui_print(stderr, "wl-make: %serror:%s %s", red, reset, err->text ? err->text : "unknown");
    if (err->hint)
        ui_print(stderr, "%s%s", lines ? "\nwl-make: " : "; ", err->hint);
    fputc('\n', stderr);
}
