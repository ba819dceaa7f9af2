/* Adapters: functions of the type that Python calls, which call a function of another type. In machine code a function
 * may be called with more arguments than it has, and packages rely on that; WebAssembly ends the program. */
#ifndef WL_BUNDLE_ADAPT_H
#define WL_BUNDLE_ADAPT_H

#include "object.h"

/* A relocation of data, and the type that the function must have whose address it writes. */
struct redirect {
    size_t reloc;
    struct span wanted;
};

/* What adapters add to an object. */
struct adapters {
    struct adapter *list;
    size_t n;
    uint32_t *symbols;  /* for each relocation of data: the symbol that it gets */
    struct span *types; /* new types */
    size_t n_types;
};

/* Whether there is an adapter from one type to another: arguments that are missing are 0, those that are too many are
 * dropped, and integers of different sizes are converted. A number with a fraction cannot stand for an integer. */
bool can_adapt(struct span has, struct span wanted);

/* Plans the adapters. a must be freed in every case. 0, or -1 and *e. */
int adapters_plan(struct adapters *a, const struct object *o, const struct redirect *list, size_t n, struct error *e);
void adapters_free(struct adapters *a);

/* The contents of the changed sections. relocs: of SECTION_CODE or SECTION_DATA. */
void adapters_put_types(const struct adapters *a, const struct object *o, struct bytes *out);
void adapters_put_functions(const struct adapters *a, const struct object *o, struct bytes *out);
void adapters_put_code(const struct adapters *a, const struct object *o, struct bytes *out);
void adapters_put_code_relocs(const struct adapters *a, const struct object *o, struct bytes *out);
void adapters_put_data_relocs(const struct adapters *a, const struct object *o, struct bytes *out);
/* The symbols that follow the object's own. */
void adapters_put_symbols(const struct adapters *a, const struct object *o, struct bytes *out);

#endif
