#include "core/sha256.h"
#include "core/snapshot.h"
#include "engine/wasmtime/internal.h"

#include <string.h>

/* The identity of a function is its address, and that of something only the host could have made whether it exists. */
static uintptr_t identity_of(wasmtime_val_t *v)
{
    uintptr_t is;

    if (v->kind == WASMTIME_FUNCREF)
        return v->of.funcref.store_id ? (uintptr_t)v->of.funcref.__private : 0;
    is = v->kind == WASMTIME_EXTERNREF ? !wasmtime_externref_is_null(&v->of.externref) : 1;
    wasmtime_val_unroot(v);
    return is;
}

static bool hash_table(wasmtime_context_t *ctx, const wasmtime_table_t *table, struct sha256 *sha)
{
    uint64_t n = wasmtime_table_size(ctx, table);
    wasmtime_val_t v;

    sha256_add(sha, &n, sizeof n);
    for (uint64_t i = 0; i < n; i++) {
        uintptr_t is;

        if (!wasmtime_table_get(ctx, table, i, &v))
            return false;
        is = identity_of(&v);
        sha256_add(sha, &is, sizeof is);
    }
    return true;
}

/* What all tables hold, as a hash: they may be large. */
static bool hash_tables(const struct instance *r, const wasmtime_instance_t *instance, char hex[65])
{
    struct sha256 sha;

    sha256_init(&sha);
    for (unsigned i = 0; i < r->code->needs.tables; i++) {
        char name[SNAPSHOT_NAME];
        wasmtime_extern_t item;

        snapshot_table_name(i, name);
        if (!wasmtime_instance_export_get(r->context, instance, name, strlen(name), &item) ||
            item.kind != WASMTIME_EXTERN_TABLE || !hash_table(r->context, &item.of.table, &sha))
            return false;
    }
    sha256_hex(&sha, hex);
    return true;
}

static void hash_variable(const struct instance *r, const wasmtime_global_t *global, struct sha256 *sha)
{
    wasmtime_val_t v;
    uintptr_t is;

    wasmtime_global_get(r->context, global, &v);
    switch (v.kind) {
    case WASMTIME_I32:
    case WASMTIME_F32:
        sha256_add(sha, &v.of.i32, sizeof v.of.i32);
        break;
    case WASMTIME_I64:
    case WASMTIME_F64:
        sha256_add(sha, &v.of.i64, sizeof v.of.i64);
        break;
    default: /* of others no snapshot is made */
        is = identity_of(&v);
        sha256_add(sha, &is, sizeof is);
    }
}

/* A module that has none gives a hash, too. */
static void hash_variables(const struct instance *r, const wasmtime_instance_t *instance, char hex[65])
{
    struct sha256 sha;
    wasmtime_extern_t item;

    sha256_init(&sha);
    for (unsigned i = 0; i < SNAPSHOT_VARIABLES; i++) {
        char name[SNAPSHOT_NAME];

        snapshot_variable_name(i, name);
        if (!wasmtime_instance_export_get(r->context, instance, name, strlen(name), &item) ||
            item.kind != WASMTIME_EXTERN_GLOBAL)
            break;
        hash_variable(r, &item.of.global, &sha);
    }
    sha256_hex(&sha, hex);
}

bool wt_read_state(const struct instance *r, const wasmtime_instance_t *instance, struct state *s)
{
    hash_variables(r, instance, s->variable);
    return hash_tables(r, instance, s->tables);
}

int wt_check_state(const struct instance *r, const wasmtime_instance_t *instance, const struct state *before,
                   struct err *err)
{
    struct state now;
    const char *changed = !wt_read_state(r, instance, &now) || strcmp(now.tables, before->tables) != 0 ? "a table"
                          : strcmp(now.variable, before->variable) != 0                                ? "a global"
                                                                                                       : NULL;

    if (!changed)
        return 0;
    err_set(err, ERR_MODULE, "cannot make a snapshot of %s: it has changed %s, and a snapshot keeps only memory",
            r->given->name, changed);
    return err_hint(err, "set it when the program is linked, or when it starts");
}
