/* The words for the linker. Builds pass what the linkers of ELF and Mach-O understand. Those that only concern how a
 * shared library is loaded, laid out or shown are dropped; everything else reaches wasm-ld, which refuses words that
 * it does not know. */
#include "driver.h"

#include <ctype.h>
#include <string.h>

enum use {
    NEVER,   /* without a meaning here */
    PROGRAMS /* for programs only: a bundle is linked again, with all others */
};

/* A word without its dashes. After "=" or, if it has a value, in the next word, comes a value. */
struct linker_word {
    const char *name;
    enum use use;
    bool value;
};

static const struct linker_word linker_table[] = {
    {"(", NEVER, false},
    {")", NEVER, false},
    {"Bdynamic", NEVER, false},
    {"Bshareable", NEVER, false},
    {"Bstatic", NEVER, false},
    {"Bsymbolic", NEVER, false},
    {"Bsymbolic-functions", NEVER, false},
    {"Bsymbolic-non-weak-functions", NEVER, false},
    {"E", PROGRAMS, false},
    {"M", NEVER, false},
    {"Map", NEVER, true},
    {"S", PROGRAMS, false},
    {"X", NEVER, false},
    {"add-needed", NEVER, false},
    {"allow-shlib-undefined", NEVER, false},
    {"allow-undefined", PROGRAMS, false},
    {"allow-undefined-file", PROGRAMS, true},
    {"as-needed", NEVER, false},
    {"build-id", NEVER, false},
    {"bundle", NEVER, false},
    {"compatibility_version", NEVER, true},
    {"compress-debug-sections", NEVER, false},
    {"compress-relocations", PROGRAMS, false},
    {"copy-dt-needed-entries", NEVER, false},
    {"cref", NEVER, false},
    {"current_version", NEVER, true},
    {"dead_strip", NEVER, false},
    {"dead_strip_dylibs", NEVER, false},
    {"disable-new-dtags", NEVER, false},
    {"discard-all", NEVER, false},
    {"discard-locals", NEVER, false},
    {"dn", NEVER, false},
    {"dy", NEVER, false},
    {"dylib", NEVER, false},
    {"dynamic-linker", NEVER, true},
    {"dynamic-list", NEVER, true},
    {"e", PROGRAMS, true},
    {"eh-frame-hdr", NEVER, false},
    {"enable-new-dtags", NEVER, false},
    {"end-group", NEVER, false},
    {"entry", PROGRAMS, true},
    {"exclude-libs", NEVER, true},
    {"export", PROGRAMS, true},
    {"export-all", PROGRAMS, false},
    {"export-dynamic", PROGRAMS, false},
    {"export-if-defined", PROGRAMS, true},
    {"export-memory", PROGRAMS, false},
    {"export-table", PROGRAMS, false},
    {"exported_symbol", NEVER, true},
    {"exported_symbols_list", NEVER, true},
    {"fatal-warnings", NEVER, false},
    {"gc-sections", PROGRAMS, false},
    {"gdb-index", NEVER, false},
    {"global-base", PROGRAMS, true},
    {"growable-table", PROGRAMS, false},
    {"h", NEVER, true},
    {"hash-style", NEVER, true},
    {"headerpad_max_install_names", NEVER, false},
    {"icf", NEVER, false},
    {"import-memory", PROGRAMS, false},
    {"import-undefined", PROGRAMS, false},
    {"initial-heap", PROGRAMS, true},
    {"initial-memory", PROGRAMS, true},
    {"install_name", NEVER, true},
    {"m", PROGRAMS, true},
    {"max-memory", PROGRAMS, true},
    {"merge-data-segments", PROGRAMS, false},
    {"no-add-needed", NEVER, false},
    {"no-allow-shlib-undefined", NEVER, false},
    {"no-as-needed", NEVER, false},
    {"no-copy-dt-needed-entries", NEVER, false},
    {"no-dynamic-linker", NEVER, false},
    {"no-entry", PROGRAMS, false},
    {"no-export-dynamic", PROGRAMS, false},
    {"no-fatal-warnings", NEVER, false},
    {"no-gc-sections", PROGRAMS, false},
    {"no-gdb-index", NEVER, false},
    {"no-keep-memory", NEVER, false},
    {"no-merge-data-segments", PROGRAMS, false},
    {"no-relax", NEVER, false},
    {"no-undefined", NEVER, false},
    {"no-undefined-version", NEVER, false},
    {"no_compact_unwind", NEVER, false},
    {"pack-dyn-relocs", NEVER, false},
    {"pic-executable", NEVER, false},
    {"pie", NEVER, false},
    {"plugin", NEVER, true},
    {"plugin-opt", NEVER, true},
    {"print-gc-sections", PROGRAMS, false},
    {"reduce-memory-overheads", NEVER, false},
    {"relax", NEVER, false},
    {"rpath", NEVER, true},
    {"rpath-link", NEVER, true},
    {"s", PROGRAMS, false},
    {"search_paths_first", NEVER, false},
    {"shared", NEVER, false},
    {"soname", NEVER, true},
    {"sort-common", NEVER, false},
    {"stack-first", PROGRAMS, false},
    {"start-group", NEVER, false},
    {"static", NEVER, false},
    {"strip-all", PROGRAMS, false},
    {"strip-debug", PROGRAMS, false},
    {"u", PROGRAMS, true},
    {"undefined", PROGRAMS, true},
    {"undefined-version", NEVER, false},
    {"unexported_symbols_list", NEVER, true},
    {"unresolved-symbols", PROGRAMS, true},
    {"version-script", NEVER, true},
    {"warn-common", NEVER, false},
    {"x", NEVER, false},
    {NULL, NEVER, false},
};

static const struct linker_word *find_word(const char *word)
{
    const char *name = word + strspn(word, "-");
    size_t n = strcspn(name, "=");

    for (const struct linker_word *w = linker_table; w->name; w++)
        if (strlen(w->name) == n && memcmp(w->name, name, n) == 0 && (name != word || strchr("()", *name)))
            return w;
    return NULL;
}

/* The item of the linker's next word after item i. NULL: there is none. */
static struct item *next_word(const struct call *c, size_t i)
{
    return i + 1 < c->n_items && c->items[i + 1].kind == ITEM_LINKER ? &c->items[i + 1] : NULL;
}

static bool is_optimization(const char *word)
{
    return starts_with(word, "-O") && (!word[2] || (isdigit((unsigned char)word[2]) && !word[3]));
}

/* How many items are to be dropped, from item i: 0 keeps it. */
static size_t dropped(struct call *c, size_t i, bool for_bundle)
{
    const char *word = c->items[i].text;
    const struct linker_word *w = find_word(word);
    struct item *next = next_word(c, i);

    if (starts_with(word, "--dependency-file")) { /* CMake: what the linker has read */
        c->dependencies = word[strlen("--dependency-file")] ? text_of("%s", strchr(word, '=') + 1)
                                                            : text_of("%s", next ? next->text : "");
        return word[strlen("--dependency-file")] || !next ? 1 : 2;
    }
    if (strcmp(word, "-undefined") == 0 && next && strcmp(next->text, "dynamic_lookup") == 0)
        return 2;
    if (is_optimization(word))
        return for_bundle;
    if (strcmp(word, "-z") == 0 && next)
        return !for_bundle && starts_with(next->text, "stack-size") ? 0 : 2;
    if (starts_with(word, "-z") && word[2])
        return for_bundle || !starts_with(word + 2, "stack-size");
    if (!w || (w->use == PROGRAMS && !for_bundle))
        return 0;
    return w->value && !strchr(word, '=') && next ? 2 : 1;
}

/* Some of the linker's words are those of the compiler, too. A value is in the next item. */
static void understand(struct item *item, size_t n)
{
    const char *word = item->text;
    bool dir = starts_with(word, "-L"), library = starts_with(word, "-l");

    if (word[0] != '-') {
        item->kind = ITEM_INPUT;
    } else if ((dir || library) && (word[2] || n == 2)) {
        item->kind = dir ? ITEM_DIR : ITEM_LIBRARY;
        item->text = word[2] ? item->text + 2 : item[1].text;
    }
}

bool linker_word_has_value(const char *word)
{
    static const char *const others[] = {"-z", "-m", "-L", "-l", "-mllvm"};
    const struct linker_word *w = find_word(word);

    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        if (strcmp(word, others[i]) == 0)
            return true;
    return w && w->value && !strchr(word, '=');
}

/* How many items belong to a word that is kept. */
static size_t kept(const struct call *c, size_t i)
{
    return linker_word_has_value(c->items[i].text) && next_word(c, i) ? 2 : 1;
}

void linker_words(struct call *c)
{
    size_t to = 0;

    for (size_t i = 0, n; i < c->n_items; i += n) {
        n = c->items[i].kind == ITEM_LINKER ? dropped(c, i, c->kind == CALL_BUNDLE) : 0;
        if (n)
            continue;
        n = c->items[i].kind == ITEM_LINKER ? kept(c, i) : 1;
        memmove(&c->items[to], &c->items[i], n * sizeof *c->items);
        if (c->items[to].kind == ITEM_LINKER)
            understand(&c->items[to], n);
        to += c->items[to].kind == ITEM_LINKER ? n : 1;
    }
    c->n_items = to;
}
