/* In place of all of this where it is not known how to run native programs. */
#include "native/load.h"
#include "native/runtime.h"

#include <stddef.h>

const bool native_exists = false;

static int refuse(struct err *err)
{
    return err_set(err, ERR_SETUP,
                   "cannot run a native program: this library was built for a processor other than x86-64 and aarch64");
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

struct run *runtime_open(struct native_program *p, const struct runtime *r, struct err *err)
{
    (void)p;
    (void)r;
    refuse(err);
    return NULL;
}

int runtime_call(struct run *run, struct session_call *call, struct end *end, struct err *err)
{
    (void)run;
    (void)call;
    (void)end;
    return refuse(err);
}

struct run *runtime_fork(struct run *run, const struct runtime *r, struct err *err)
{
    (void)run;
    (void)r;
    refuse(err);
    return NULL;
}

void runtime_close(struct run *run)
{
    (void)run;
}

int runtime_run(struct native_program *p, const struct runtime *r, struct end *end, struct err *err)
{
    (void)p;
    (void)r;
    (void)end;
    return refuse(err);
}
