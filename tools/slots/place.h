/* Words of data in object files: numbers, or addresses of functions or of data. */
#ifndef WL_SLOTS_PLACE_H
#define WL_SLOTS_PLACE_H

#include "object.h"

enum word_kind { WORD_NUMBER, WORD_FUNCTION, WORD_DATA, WORD_OTHER };

struct word {
    enum word_kind kind;
    uint32_t number;
    const struct symbol *symbol; /* of a function or of data */
    size_t reloc;
    int64_t addend;
};

/* A place in the data of a symbol. */
struct at {
    const struct symbol *symbol;
    uint32_t offset;
};

/* Whether a symbol has data in its file. */
static inline bool is_data(const struct symbol *s)
{
    return s->kind == SYMBOL_DATA && is_defined(s) && !(s->flags & FLAG_ABSOLUTE);
}

/* How many bytes of its symbol's data follow a place. */
static inline uint32_t size_after(struct at at)
{
    return at.offset > at.symbol->size ? 0 : at.symbol->size - at.offset;
}

/* The word at an offset from a place. After the end of the data it is of the kind WORD_OTHER. */
struct word word_at(const struct object *o, struct at at, uint32_t offset);

#endif
