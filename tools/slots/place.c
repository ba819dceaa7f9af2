#include "place.h"

/* The first relocation at this place of the section of data, or a later one. */
static size_t reloc_from(const struct object *o, uint32_t place)
{
    size_t low = 0, high = o->data.n;

    while (low < high) {
        size_t middle = (low + high) / 2;

        if (o->data.list[middle].at < place)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

struct word word_at(const struct object *o, struct at at, uint32_t offset)
{
    const struct segment *segment = &o->segments[at.symbol->index];
    uint32_t in_segment = at.symbol->offset + at.offset + offset;
    const uint8_t *bytes = segment->bytes + in_segment;
    struct word w = {.kind = WORD_OTHER};

    if (size_after(at) < 4 || offset > size_after(at) - 4)
        return w;
    w.reloc = reloc_from(o, segment->at + in_segment);
    if (w.reloc == o->data.n || o->data.list[w.reloc].at != segment->at + in_segment) {
        w.kind = WORD_NUMBER;
        w.number = bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 | (uint32_t)bytes[3] << 24;
        return w;
    }
    if (o->data.list[w.reloc].symbol >= o->n_symbols)
        return w; /* not a symbol, but a type */
    w.symbol = &o->symbols[o->data.list[w.reloc].symbol];
    w.addend = o->data.list[w.reloc].addend;
    if (o->data.list[w.reloc].type == RELOC_TABLE_INDEX && w.symbol->kind == SYMBOL_FUNCTION)
        w.kind = WORD_FUNCTION;
    else if (o->data.list[w.reloc].type == RELOC_MEMORY_ADDRESS)
        w.kind = WORD_DATA;
    return w;
}
