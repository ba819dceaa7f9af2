/* The parts of wl-cc, the compiler that a package's own build sees, and what wl-bundle shares with it. */
#ifndef WL_BUNDLE_DRIVER_H
#define WL_BUNDLE_DRIVER_H

#include "bytes.h"

/* --- words --- */

/* A list of words, with a NULL after them. Nothing of it is ever freed: the program ends soon. */
struct words {
    char **list;
    size_t n;
};

void words_add(struct words *w, const char *word);
__attribute__((format(printf, 2, 3))) void words_addf(struct words *w, const char *format, ...);
void words_add_all(struct words *w, const struct words *other);
/* Adds the words of a text that spaces, tabs and line ends separate. */
void words_split(struct words *w, const char *text);
bool words_have(const struct words *w, const char *word);

bool starts_with(const char *text, const char *start);
bool ends_with(const char *text, const char *end);
__attribute__((format(printf, 1, 2))) char *text_of(const char *format, ...);
/* What follows the last slash. */
const char *base_of(const char *path);

/* Prints "PROGRAM: error: ..." and ends the program with status 1, after the temporary files are removed. */
__attribute__((noreturn, format(printf, 1, 2))) void fail(const char *format, ...);

/* Replaces each @FILE by the words in FILE, as gcc does: quotes, backslashes, and more files in it. */
void words_expand(struct words *out, char **in, size_t n);

/* --- processes and files --- */

/* Becomes another program. */
__attribute__((noreturn)) void become(struct words *argv);
/* Runs a program. If it fails, this one ends with its status. */
void run(struct words *argv);

/* A new empty file in the directory for temporary files, which is removed at the end. */
char *temporary(const char *suffix);
/* A file or a directory that is removed, too, unless all are kept. */
void temporary_add(const char *path);
void temporaries_remove(void);
void temporaries_keep(void);
/* Replaces a file by these bytes, or leaves it as it is. The umask decides its mode. */
void write_file(const char *path, const struct bytes *b, bool executable);

/* --- settings --- */

struct config {
    char *cc, *cxx, *ld, *strip, *target, *sysroot;
    char *libcxx; /* the artifact of toolchain/libcxx; NULL: the compiler's own, and no exceptions */
    struct words cflags, cxxflags, ldflags, shared;
};

/* Reads the settings: defaults, then the file, then the environment. invoked is argv[0]. */
void config_read(struct config *c, const char *invoked);

/* --- the command line --- */

enum item_kind {
    ITEM_FLAG,    /* of the compiler; also the second word of one */
    ITEM_LINK,    /* only for linking */
    ITEM_LINKER,  /* a word for the linker itself */
    ITEM_DIR,     /* -L */
    ITEM_LIBRARY, /* -l */
    ITEM_SOURCE,
    ITEM_INPUT /* an object file or an archive */
};

struct item {
    enum item_kind kind;
    char *text;           /* without -L or -l */
    const char *language; /* of a source, if -x names one */
};

enum call_kind {
    CALL_PASS,    /* preprocess, or answer a question: clang does it */
    CALL_COMPILE, /* to object files */
    CALL_LINKER,  /* a program, by a command line for the linker */
    CALL_PROGRAM,
    CALL_BUNDLE
};

struct call {
    enum call_kind kind;
    bool cxx;
    struct item *items;
    size_t n_items;
    char *out;
    char *dependencies; /* a file that the linker is to write; NULL: none */
};

/* What a command line asks for. The words that have no meaning here are not among the items. */
void call_read(struct call *c, const struct words *arguments, bool cxx);

/* Takes the words for the linker that have no meaning away. */
void linker_words(struct call *c);
/* Whether the next word is the value of this one. */
bool linker_word_has_value(const char *word);

/* --- what is done --- */

void link_program(const struct config *config, const struct call *c);
void link_bundle(const struct config *config, const struct call *c);
/* Compiles, and changes the objects to ones without exceptions of WebAssembly. */
void compile_objects(const struct config *config, const struct call *c);
/* The start of each command of the compiler. cxx: the compiler is that of C++; exceptions: the source is C++. */
void compiler(const struct config *config, bool cxx, bool exceptions, struct words *argv);

#endif
