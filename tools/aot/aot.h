/* What the files of this program share. It turns a module into a native program or library: checks it, rewrites it for
 * wasm2c, has wasm2c write C, and compiles that with the host's C. It runs in a box of wl-make, or by hand; all files
 * are made in the current directory. */
#ifndef WL_AOT_TOOL_H
#define WL_AOT_TOOL_H

#include "core/wasm.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* --- report.c: how this program ends, and how far it is --- */

/* Its exit statuses beyond 0 and 1. */
enum {
    END_REFUSED = 3, /* the module cannot be translated */
    END_STOPPED = 4, /* a limit stopped it, or a full disk */
};

/* A descriptor that gets lines for the program that started this one; -1: none.
 *     phase TEXT          what is being done
 *     count DONE TOTAL    files compiled
 *     refused TEXT        why the module cannot be translated
 *     stopped REASON      time, memory, file or space */
void report_to(int fd);
void report_phase(const char *text);
void report_count(size_t done, size_t total);

_Noreturn void end(const char *format, ...) __attribute__((format(printf, 1, 2)));
_Noreturn void refuse(const char *format, ...) __attribute__((format(printf, 1, 2)));
_Noreturn void stop(const char *reason, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* --- Memory, text and files; whatever fails ends the program --- */

void *need(void *memory);
/* calloc(), with room for one more. */
void *get(uint64_t n, size_t size);
char *text(const char *format, ...) __attribute__((format(printf, 1, 2)));
uint8_t *read_file(const char *name, size_t *n);
FILE *make_file(const char *name);
void put(FILE *f, const void *bytes, size_t n);
void end_file(FILE *f, const char *name);

/* --- module.c: a module's bytes --- */

enum { SECTIONS = 14 };

struct module {
    const char *name; /* for messages */
    const uint8_t *bytes;
    size_t n;
    struct wasm_reader section[SECTIONS]; /* at NULL: there is none */
};

struct section {
    uint8_t id;
    const uint8_t *start; /* of the whole section */
    struct wasm_reader content;
};

/* The next section of those that r has before it; false at the end, or where the module is cut off (r->bad). */
bool section_next(struct wasm_reader *r, struct section *s);
/* What the module has. Refuses one that is cut off, or has a section twice. */
void module_read(struct module *m, const char *name, const uint8_t *bytes, size_t n);
/* A part that begins with its length; refuses the module where it is cut off. */
struct wasm_reader module_part(const struct module *m, struct wasm_reader *r);
/* Refuses the module if r has come upon its end. */
void module_check(const struct module *m, const struct wasm_reader *r);

/* Whether r is exactly that text. */
bool is_text(struct wasm_reader r, const char *text);

/* --- fit.c --- */

struct fit {
    bool interrupts; /* it exports wl_interrupt_cells (guest/interrupt.c) */
    bool imports;    /* it has some */
};

/* Refuses a module that cannot be translated, or would need much more for it than what a compiler has written. */
void fit_check(const struct module *m, struct fit *f);

/* --- shapes.c: what the functions of a module are --- */

struct shape {
    uint64_t hash;
    uint32_t function; /* its number in the module */
    uint32_t number;   /* among those of the same shape */
};

struct functions {
    struct wasm_reader *types; /* each function type as it is written: parameters and results */
    uint64_t types_n;
    uint32_t *type; /* of each function, imported ones first */
    uint64_t imported, n;
    struct wasm_reader *fields; /* what each imported one is called */
    struct shape *shapes;       /* of those that are not imported, in their order */
    bool known;                 /* all instructions are; else there are no shapes, and the rest is assumed */
    bool changes_tables;        /* an instruction does */
    bool reads_tables;          /* other than by a call */
    bool uses_data;             /* an instruction names a data segment */
    bool uses_references;       /* to functions */
};

/* For a module that is valid. */
void functions_read(const struct module *m, struct functions *f);

/* --- rewrite.c --- */

/* What of the module wasm2c is not given. */
struct image {
    bool taken;    /* the data is in the file "image" */
    uint64_t from; /* the address at which it begins, a multiple of 64 KiB */
    bool is_all;   /* an instance's memory begins with that and nothing else */
};

/* Writes "image" if the data can be taken out of the module (else an empty one), and "guest.wasm": the module without
 * it, with only the exports that a program has, and each function named by its shape. */
void rewrite(const struct module *m, const struct functions *f, struct image *i);

/* --- table.c --- */

/* Writes the module's only table as constant data, if no instruction changes it: "table.s", and "table.h" with its size
 * and the numbers of types. Returns whether it did. */
bool table_write(const struct module *m, const struct functions *f);

/* --- glue.c --- */

/* Writes "glue.c", what the host knows of this module (host/native/abi.h), and "image.s". */
void glue_write(const char *name, const struct functions *f, const struct fit *fit, const struct image *i,
                bool constant_table, bool library);

/* --- commands.c: other programs, side by side --- */

struct command {
    char **argv;     /* ended by NULL */
    const char *out; /* a file for its standard output; NULL: the log */
    bool counted;    /* by report_count() */
};

/* How many jobs there are in all: a jobserver's (MAKEFLAGS), or else n. */
void commands_jobs(int n);
/* Runs them, as many side by side as there are jobs. The first that fails ends this program: with what it says of a
 * limit, else with status 1. With refusal, the text of one, the module is to blame if a command exits with a status. */
void commands_run(const struct command *commands, size_t n, const char *refusal);
/* Takes as many jobs as are free now, for the last command; they are given back when this program ends. */
int commands_free_jobs(void);

/* --- compile.c --- */

struct build {
    const char *name;                /* what the program calls itself */
    const char *wabt, *musl, *share; /* directories; musl NULL: the machine's C library */
    const char *cc, *profdata;
    const char *opt, *lto, *cpu;
    const char *host_cflags;   /* words for the compiler of the host's files */
    const char *host_objects;  /* a directory in which the host's objects are kept; NULL: none */
    char **profiles, **orders; /* ended by NULL */
    unsigned parts;
    bool library, counters, constant_table;
};

/* Has wasm2c write "guest_*.c". */
void translate(const struct build *b);
/* Compiles them with the host, and links "program" or "guest.so". */
void compile(const struct build *b);

#endif
