/* Exceptions without the proposal for exceptions: code that clang made with -fwasm-exceptions, or for setjmp(), is
 * changed to code that every engine can run.
 *
 * A global variable, wl_thrown, has the exception that is on its way, or 0. To throw is to set it and to leave the
 * function; after each call of a function that may throw, the caller looks at it, and goes to its handler or leaves,
 * too. The last bit tells longjmp() (1) from C++ (0). The variable is defined in the library with which such code is
 * linked.
 *
 * Functions that were compiled without exceptions do not look: what is thrown through them arrives late. */
#ifndef WL_BUNDLE_LOWER_H
#define WL_BUNDLE_LOWER_H

#include "object.h"

/* Whether an object was compiled for engines with exceptions, also if it has no code: the linker says of what it joins
 * that it needs the features of all of it. */
bool needs_lowering(const struct object *o);

/* Writes the object without exceptions to out, which must be freed in every case. Sections keep their numbers.
 * Functions that were lowered before, in objects that the linker joined with others, stay as they are. 0, or -1 and *e:
 * it has instructions that are not known, or the exceptions of the proposal's newer form. */
int object_lower(const struct object *o, struct bytes *out, struct error *e);

/* --- between the files of it --- */

/* Relocations of the section of code, as they are read and written. */
struct code_relocs {
    const struct relocs *from;
    size_t next; /* the first that was not copied */
    struct reloc *list;
    size_t n;
};

struct lowering {
    const struct object *o;
    uint32_t thrown;   /* the symbol of the variable: n_symbols, or one that the object has */
    struct bytes code; /* the new contents of the section of code */
    struct code_relocs relocs;
};

/* Adds the new body of a function, with its size. body: the old one, without; type: its type. */
int function_lower(struct lowering *l, struct span body, struct span type, struct error *e);

/* What the first look at a function finds. */
struct outline {
    int64_t *delegates; /* for each try, in order: the label that it delegates to, or -1 */
    size_t n;
    uint32_t deepest; /* how many of these are nested */
    bool calls, throws;
};

/* Reads the code of a function, whose delegates must be freed in every case. False: it cannot be understood. */
bool outline_read(struct outline *o, struct reader code);

/* Reads the rest of an instruction that has something to do with blocks. False: it is another. */
bool read_block(struct reader *r, uint8_t opcode);
/* The same for all others. False: it is not known. */
bool skip_immediates(struct reader *r, uint8_t opcode);

#endif
