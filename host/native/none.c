/* In place of all of this where it is not known how to run native programs. */
#include "native/load.h"
#include "native/runtime.h"

#include <stddef.h>

const bool native_exists = false;

static int refuse(struct err *err)
{
    return err_set(err, ERR_SETUP,
                   "cannot run a native program: this library was built for a processor other than x86-64");
}

int native_load(const char *file, struct native_program **program, struct err *err)
{
    (void)file;
    *program = NULL;
    return refuse(err);
}

int native_take(const struct native_guest *guest, struct native_program **program, struct err *err)
{
    (void)guest;
    *program = NULL;
    return refuse(err);
}

void native_unload(struct native_program *program)
{
    (void)program;
}

int runtime_run(struct native_program *p, const struct runtime *r, struct end *end, struct err *err)
{
    (void)p;
    (void)r;
    (void)end;
    return refuse(err);
}
