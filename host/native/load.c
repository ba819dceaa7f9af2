#include "native/load.h"

#include "native/runtime.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const bool native_exists = true;

#define CALL(name, parameters, arguments) .name = w2c_wasi__snapshot__preview1_##name,
static const struct native_host host = {.abi = NATIVE_ABI,
                                        .size = sizeof host,
                                        .trap = native_trap,
                                        .refuse = native_refuse,
                                        .memory_new = native_memory_new,
                                        .memory_grow = native_memory_grow,
                                        .memory_free = native_memory_free,
                                        .table_new = native_table_new,
                                        .table_grow = native_table_grow,
                                        .interrupts = native_interrupts,
                                        .proc_exit = w2c_wasi__snapshot__preview1_proc_exit,
                                        WASI_CALLS(CALL)};
#undef CALL

int native_take(const struct native_guest *guest, struct native_program **program, struct err *err)
{
    struct native_program *p;

    *program = NULL;
    if (guest->abi != NATIVE_ABI || guest->size < offsetof(struct native_guest, thread)) {
        err_set(err, ERR_MODULE, "cannot run a native program of version %u with a library for version %d", guest->abi,
                NATIVE_ABI);
        return err_hint(err, "make it again with the wl-make that the library is from");
    }
    if (guest->connect && !guest->connect(&host))
        return err_set(err, ERR_SETUP, "cannot run %s: another copy of this library in this process already does",
                       guest->name);
    p = malloc(sizeof *p);
    if (!p)
        return err_set(err, ERR_SETUP, "out of memory");
    *p = (struct native_program)NATIVE_PROGRAM_INIT(guest);
    *program = p;
    return 0;
}

/* A name without a slash would be looked for in the directories of libraries. */
static void *open_file(const char *file)
{
    char *path;
    void *library;

    if (asprintf(&path, "%s%s", strchr(file, '/') ? "" : "./", file) < 0)
        return NULL;
    library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    free(path);
    return library;
}

int native_load(const char *file, struct native_program **program, struct err *err)
{
    void *library = open_file(file);
    const struct native_guest *guest = library ? dlsym(library, NATIVE_SYMBOL) : NULL;
    int r;

    *program = NULL;
    if (guest) {
        r = native_take(guest, program, err);
    } else if (library) {
        err_set(err, ERR_MODULE, "cannot run %s: it is not a program that wl-make aot --library made", file);
        r = -ERR_MODULE;
    } else {
        const char *why = dlerror();

        err_set(err, ERR_MISSING, "cannot load %s: %s", file, why ? why : "out of memory");
        r = err_hint(err, "name a file that wl-make aot --library made for this machine");
    }
    /* (The file is linked with -z nodelete, so its code stays.) */
    if (library)
        dlclose(library);
    return r;
}

void native_unload(struct native_program *program)
{
    if (!program)
        return;
    native_program_clear(program);
    free(program);
}
