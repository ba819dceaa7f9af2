/* The keys of a recipe: one table, which the schema and all that reads, shows, hashes or frees values go through. */
#ifndef WL_FIELDS_H
#define WL_FIELDS_H

#include "recipe/recipe.h"

/* What the value of a key is: how it is read, and the type of its member of struct recipe. */
enum field_kind {
    /* How recipes are put together (layers.c). They have no member. */
    FIELD_META_TEXT,
    FIELD_META_FLAG,
    /* What other values are read with. They have no member. */
    FIELD_SWITCH,   /* true or false: whether entries that end in "if KEY" count */
    FIELD_HASH,     /* the hash of the first source */
    FIELD_ARCHIVES, /* more archives of the first source */
    /* Values that are read before all others, which can name them. */
    FIELD_VERSION, /* char * */
    FIELD_VARS,    /* struct strv of NAME=VALUE; those of all layers are merged */
    /* All other values. */
    FIELD_TEXT,       /* char * */
    FIELD_DATE,       /* char *: YYYY-MM-DD */
    FIELD_TOOLCHAIN,  /* enum toolchain_kind */
    FIELD_NUMBER,     /* int */
    FIELD_FLAG,       /* bool */
    FIELD_LIST,       /* struct strv of texts */
    FIELD_CONTENTS,   /* struct strv of paths in the artifact */
    FIELD_PATCHES,    /* struct strv of absolute paths of files */
    FIELD_FILES,      /* struct strv of absolute paths of files and directories, which steps find side by side */
    FIELD_NEEDS,      /* struct recipe_needs */
    FIELD_STEPS,      /* struct recipe_step *, with a count */
    FIELD_SOURCES,    /* struct recipe_source *, with a count */
    FIELD_EXTENSIONS, /* struct recipe_extension *, with a count */
};

/* What a port of a family takes from the port that it is made for. */
enum field_family {
    FAMILY_NOTHING,
    FAMILY_VALUE,   /* the value, but not what is added to it */
    FAMILY_PATCHED, /* the value and what is added, if the family is `patched` */
};

struct field {
    const char *key;
    const char *add_key; /* the key whose list is added to the inherited one, or NULL */
    enum field_kind kind;
    size_t member, count; /* offsets in struct recipe */
    enum need_kind need;  /* of FIELD_NEEDS */
    enum field_family family;
    /* Its label in the key of what the steps make, or in the key of an artifact that was checked (plan/key.c). NULL: it
     * is not part of it. */
    const char *made, *checked;
};

/* All keys, ended by one without a name. plan/key.c hashes values in this order, so a change of it rebuilds all ports.
 */
extern const struct field recipe_fields[];
#define FOR_EACH_FIELD(f) for (const struct field *f = recipe_fields; f->key; f++)

/* More than there are fields: a bound for arrays. */
enum { MAX_FIELDS = 64 };

/* The field of a key, which must be one. */
const struct field *field_of(const char *key);
/* Its place in the table. */
static inline size_t field_index(const struct field *f)
{
    return (size_t)(f - recipe_fields);
}

/* The member of a recipe, of the type that the kind says. */
static inline const void *field_value(const struct field *f, const struct recipe *r)
{
    return (const char *)r + f->member;
}
static inline void *field_slot(const struct field *f, struct recipe *r)
{
    return (char *)r + f->member;
}
static inline size_t *field_count(const struct field *f, const struct recipe *r)
{
    return (size_t *)((const char *)r + f->count);
}

/* "wasi" for TOOLCHAIN_WASI, and so on; ended by NULL. */
extern const char *const toolchain_names[];

/* Adds the value as lines for the user: a text, the entries of a list, the names of steps. None if it is not given. */
void field_show(const struct field *f, const struct recipe *r, struct strv *lines);
/* Adds the files and directories that the value names. */
void field_paths(const struct field *f, const struct recipe *r, struct strv *paths);
/* Frees the value. */
void field_free(const struct field *f, struct recipe *r);

#endif
