/* Made-up wheels in a test's directory, and a requirements file that asks for them; the real pip resolves it. */
#ifndef WL_MADE_UP_WHEELS_H
#define WL_MADE_UP_WHEELS_H

#include "pack/wheels.h"
#include "testing.h"

struct place {
    char *folder, *requirements, *lock, *ask_pip;
    struct wheels w;
    struct fetch_options o;
    struct strv notes;
    struct wl_err err;
};

#define PURE "py3-none-any"
#define NATIVE "cp313-cp313-manylinux_2_17_x86_64.manylinux2014_x86_64"

void skip_without_pip(void);

/* A requirements file whose packages are in the directory "wheels" beside it, for Python 3.13.5. place_free() frees
 * what p owns. */
void place_make(void **state, struct place *p, const char *requirements);
void place_free(struct place *p);

/* Puts NAME-VERSION-TAG.whl into "wheels". more: further lines of its METADATA. */
void wheel(void **state, const char *name, const char *version, const char *tag, const char *more);
/* Puts NAME-VERSION.tar.gz there, whose code ends the program that runs it. */
void sdist(void **state, const char *name, const char *version);

/* wheels_lock(); the text that it has written, which the caller frees; wheels_install() of that text. */
int lock(struct place *p);
char *locked(const struct place *p);
int install(struct place *p, const char *site);

#endif
