/* Declarations that the files of this program share. The program turns a module into a native program or library: it
 * checks the module, rewrites it for wasm2c, lets wasm2c translate it to C, and compiles that with the host's C. It
 * runs in a box of wl-make, or by hand. It creates all files in the current directory. */
#ifndef WL_AOT_TOOL_H
#define WL_AOT_TOOL_H

#include "core/wasm.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* --- report.c: the end of this program, and its progress --- */

/* Its exit statuses beyond 0 and 1. */
enum {
    END_REFUSED = 3, /* the module cannot be translated */
    END_STOPPED = 4, /* a limit or a full disk stopped it */
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
/* calloc() with room for one more element. */
void *get(uint64_t n, size_t size);
char *text(const char *format, ...) __attribute__((format(printf, 1, 2)));
uint8_t *read_file(const char *name, size_t *n);
FILE *make_file(const char *name);
void put(FILE *f, const void *bytes, size_t n);
void end_file(FILE *f, const char *name);
/* Makes a directory, unless it exists. */
void make_directory(const char *name);
/* The files of a directory whose names have that ending, sorted; ended by NULL. */
char **files_in(const char *directory, const char *ending);

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

/* Reads the next section from r; false at the end, or if the module is cut off (r->bad). */
bool section_next(struct wasm_reader *r, struct section *s);
/* Finds the sections of a module. Refuses a module that is cut off or has a section twice. */
void module_read(struct module *m, const char *name, const uint8_t *bytes, size_t n);
/* A part that begins with its length. Refuses the module if the part is cut off. */
struct wasm_reader module_part(const struct module *m, struct wasm_reader *r);
/* Refuses the module if r tried to read past its end. */
void module_check(const struct module *m, const struct wasm_reader *r);

/* Whether r is exactly that text. */
bool is_text(struct wasm_reader r, const char *text);

/* --- fit.c --- */

struct fit {
    bool interrupts; /* it exports wl_interrupt_cells (guest/interrupt.c) */
    bool sessions;   /* it exports wl_session (guest/session.c) */
    bool threads;    /* it exports wl_thread (guest/threads-entry.s) */
    bool imports;    /* it has imports */
};

/* Refuses a module that cannot be translated, or whose translation would take much more than that of a compiler's
 * output. */
void fit_check(const struct module *m, struct fit *f);

/* --- shapes.c: the functions of a module --- */

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
    struct wasm_reader *fields; /* the name of each imported one */
    struct shape *shapes;       /* of the functions that are not imported, in their order */
    bool known;           /* all instructions are known; otherwise there are no shapes, and the flags below are set */
    bool changes_tables;  /* an instruction changes a table */
    bool reads_tables;    /* other than by a call */
    bool uses_data;       /* an instruction names a data segment */
    bool uses_references; /* to functions */
};

/* The module must be valid. */
void functions_read(const struct module *m, struct functions *f);

/* --- rewrite.c --- */

/* The part of the module that wasm2c does not get. */
struct image {
    bool taken;    /* the data is in the file "image" */
    uint64_t from; /* the address at which it begins, a multiple of 64 KiB */
    bool is_all;   /* an instance's memory begins with this data and nothing else */
};

/* Writes "image", the data of the module, or an empty file if the data cannot be taken out, and "guest.wasm", the
 * module without that data, with only the exports that a program has, and with each function named after its shape. */
void rewrite(const struct module *m, const struct functions *f, struct image *i);

/* --- table.c --- */

/* Writes the module's only table as constant data, if no instruction changes it: "table.s", and "table.h" with its size
 * and the numbers of types. Returns whether it did. */
bool table_write(const struct module *m, const struct functions *f);

/* --- glue.c --- */

struct build;
/* Writes "glue.c", which tells the host about this module (host/abi/native.h), and "image.s". */
void glue_write(const struct module *m, const struct functions *f, const struct fit *fit, const struct image *i,
                const struct build *b);

/* --- commands.c: other programs, in parallel --- */

struct command {
    char **argv;     /* ended by NULL */
    const char *out; /* a file for its standard output; NULL: the log */
    bool counted;    /* by report_count() */
};

/* Sets the number of jobs: a jobserver's (MAKEFLAGS), or n if there is none. */
void commands_jobs(int n);
/* Runs the commands in parallel, one for each job. The first command that fails ends this program: as END_STOPPED if
 * its output reports a limit, otherwise with status 1. If refusal is not NULL, a command that exits with a failure
 * means that the module is refused with this text. */
void commands_run(const struct command *commands, size_t n, const char *refusal);
/* Takes all jobs that are free now, for the last command. They are given back when this program ends. */
int commands_free_jobs(void);

/* --- words.c: the words of a command --- */

struct words {
    char **v; /* ended by NULL */
    size_t n;
};

void add_word(struct words *w, const char *word);
/* Each of the words in a text with spaces. */
void add_all(struct words *w, const char *words);
/* A word that it frees. */
void add_made(struct words *w, char *made);
/* "-c FROM -o TO" */
void add_output(struct words *w, const char *from, const char *to);

struct command_list {
    struct command *v;
    size_t n;
};

void add_command(struct command_list *c, struct words w, bool counted);
void run_one(struct words w, const char *out, const char *refusal);

/* --- The three steps. The members of struct build that describe the result must be the same in all of them. --- */

struct build {
    const char *name;                /* the program's name for itself; of translate(): the module's, for messages */
    const char *wabt, *musl, *share; /* directories; musl NULL: the machine's C library */
    const char *cc, *profdata;
    const char *target;  /* the machine that it is for, as PROCESSOR-linux; NULL: this one */
    const char *sysroot; /* that machine's C library, for what has no musl */
    const char *opt, *lto, *cpu;
    const char *host_cflags;   /* words for the compiler of the host's files, and for the linker */
    char **profiles, **orders; /* ended by NULL */
    unsigned parts;
    bool library, counters, constant_table;
};

/* translate.c: lets wasm2c write C files, and compiles them to the objects in the directory TRANSLATION. In the end,
 * these and ORDER, a list of functions for the linker, are all that is needed of the module. */
#define TRANSLATION "translation"
#define ORDER "order"
void translate(const struct build *b);

/* host.c: compiles the host's files, from the directory `sources`, to the objects in the directory "host". */
void host_compile(const struct build *b, const char *sources);

/* link.c: links "program" or "guest.so" of those two directories. */
void link_program(const struct build *b, const char *translation, const char *host);

/* target.c: whether the program is for this processor. */
bool is_for(const struct build *b, const char *processor);

/* --- flags.c --- */

/* Whether the program contains musl. */
bool has_musl(const struct build *b);
/* The compiler, as a compiler for that machine. */
void add_cc(const struct build *b, struct words *w);
/* The same, with the flags that all files have; `headers` is the directory of the host's. */
void add_compiler(const struct build *b, const char *headers, struct words *w);
void add_processor(const struct build *b, struct words *w);
/* The flags for hand-written C. */
void add_checked(const struct build *b, struct words *w);

#endif
