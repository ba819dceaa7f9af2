/* The command line of a compiler. */
#include "driver.h"

#include <stdlib.h>
#include <string.h>

/* Options whose value is the next word. (Where both spellings exist, this is the one with a space.) */
static const char *const with_value[] = {"-D",
                                         "-F",
                                         "-I",
                                         "-MF",
                                         "-MJ",
                                         "-MQ",
                                         "-MT",
                                         "-U",
                                         "-Xassembler",
                                         "-Xclang",
                                         "-Xpreprocessor",
                                         "-arch",
                                         "-cxx-isystem",
                                         "-idirafter",
                                         "-imacros",
                                         "-imultilib",
                                         "-include",
                                         "-include-pch",
                                         "-iprefix",
                                         "-iquote",
                                         "-isysroot",
                                         "-isystem",
                                         "-iwithprefix",
                                         "-iwithprefixbefore",
                                         "-iwithsysroot",
                                         "-mllvm",
                                         "-target",
                                         "--param",
                                         "--sysroot",
                                         "-A",
                                         "-B",
                                         NULL};
static const char *const link_with_value[] = {"-T", "-u", "-e", "-z", "-framework", "-weak_framework", NULL};

/* Words without a meaning here. Position-independent code is for shared libraries, which WASI does not have; in a
 * program it only costs. Threads would need a memory that is shared, and another C library. */
static const char *const without_meaning[] = {"-fPIC",
                                              "-fpic",
                                              "-fPIE",
                                              "-fpie",
                                              "-pie",
                                              "-no-pie",
                                              "-nopie",
                                              "-static-pie",
                                              "-pthread",
                                              "-pthreads",
                                              "-mthreads",
                                              "-rdynamic",
                                              "-flat_namespace",
                                              "-twolevel_namespace",
                                              "-headerpad_max_install_names",
                                              "-Wl,-search_paths_first",
                                              NULL};
static const char *const without_meaning_and_value[] = {"-install_name",
                                                        "-current_version",
                                                        "-compatibility_version",
                                                        "-undefined",
                                                        "-exported_symbols_list",
                                                        "-exported_symbol",
                                                        "-unexported_symbols_list",
                                                        "-bundle_loader",
                                                        "-rpath",
                                                        "-soname",
                                                        NULL};
static const char *const for_linking[] = {
    "-nostdlib",      "-nostartfiles",  "-nodefaultlibs",    "-nostdlib++", "-static", "-s",
    "-shared-libgcc", "-static-libgcc", "-static-libstdc++", "-r",          NULL};
static const char *const makes_a_bundle[] = {"-shared",    "--shared", "-dynamiclib", "-bundle", "-mexec-model=reactor",
                                             "--no-entry", "-dylib",   "-Bshareable", NULL};
static const char *const stops_early[] = {"-c",        "-S",           "-E",        "-M", "-MM", "-fsyntax-only",
                                          "--analyze", "--precompile", "-emit-ast", NULL};
static const char *const questions[] = {
    "--version", "-dumpversion", "-dumpfullversion", "-dumpmachine", "--help", "-help", "-###", NULL};
static const char *const endings_of_sources[] = {".c", ".cc", ".cpp", ".cxx", ".c++", ".cp", ".CPP", ".C",
                                                 ".i", ".ii", ".s",   ".S",   ".sx",  ".ll", ".bc",  NULL};

static bool is_one_of(const char *const *list, const char *word)
{
    for (; *list; list++)
        if (strcmp(*list, word) == 0)
            return true;
    return false;
}

static bool is_source(const char *word, const char *language)
{
    if (language || strcmp(word, "-") == 0)
        return true;
    for (const char *const *ending = endings_of_sources; *ending; ending++)
        if (ends_with(word, *ending))
            return true;
    return false;
}

/* What a command line says besides its items. */
struct signs {
    bool bundle, early, compile, question, any_input;
    const char *language;
};

static void add(struct call *c, enum item_kind kind, const char *text, const char *language)
{
    LIST_ADD(c->items, c->n_items, ((struct item){kind, text_of("%s", text), language}));
}

/* -Wl,A,B: each word is one of the linker's. */
static void add_linker_words(struct call *c, const char *text)
{
    while (*text) {
        size_t n = strcspn(text, ",");

        if (n)
            add(c, ITEM_LINKER, text_of("%.*s", (int)n, text), NULL);
        text += n + (text[n] == ',');
    }
}

/* The value of an option in the same word, or in the next one. */
static const char *value_of(const struct words *w, size_t *i, size_t skip)
{
    const char *word = w->list[*i];

    if (word[skip])
        return word + skip;
    if (*i + 1 == w->n)
        fail("%s has no value", word);
    return w->list[++*i];
}

static void read_link_option(struct call *c, const struct words *w, size_t *i)
{
    const char *word = w->list[*i];

    if (starts_with(word, "-L"))
        add(c, ITEM_DIR, value_of(w, i, 2), NULL);
    else if (starts_with(word, "-l"))
        add(c, ITEM_LIBRARY, value_of(w, i, 2), NULL);
    else if (starts_with(word, "-Wl,"))
        add_linker_words(c, word + 4);
    else
        add(c, ITEM_LINKER, value_of(w, i, strlen("-Xlinker")), NULL);
}

static void read_option(struct call *c, struct signs *s, const struct words *w, size_t *i)
{
    const char *word = w->list[*i];

    if (is_one_of(without_meaning_and_value, word) && *i + 1 < w->n) {
        ++*i;
    } else if (is_one_of(without_meaning, word) || starts_with(word, "-fuse-ld=") || starts_with(word, "-Wl,-rpath,")) {
        return;
    } else if (is_one_of(makes_a_bundle, word)) {
        s->bundle = true;
    } else if (starts_with(word, "-o") && !starts_with(word, "-objc")) {
        c->out = text_of("%s", value_of(w, i, 2));
    } else if (starts_with(word, "-L") || starts_with(word, "-l") || starts_with(word, "-Wl,") ||
               strcmp(word, "-Xlinker") == 0) {
        read_link_option(c, w, i);
    } else if (starts_with(word, "-x")) {
        s->language = text_of("%s", value_of(w, i, 2));
        if (strcmp(s->language, "none") == 0)
            s->language = NULL;
    } else if (is_one_of(for_linking, word)) {
        add(c, ITEM_LINK, word, NULL);
    } else if (*i + 1 < w->n && (is_one_of(with_value, word) || is_one_of(link_with_value, word))) {
        enum item_kind kind = is_one_of(with_value, word) ? ITEM_FLAG : ITEM_LINK;

        add(c, kind, word, NULL);
        add(c, kind, w->list[++*i], NULL);
    } else {
        s->early |= is_one_of(stops_early, word);
        s->compile |= strcmp(word, "-c") == 0;
        s->question |= is_one_of(questions, word) || starts_with(word, "-print-") || starts_with(word, "--print-");
        add(c, ITEM_FLAG, word, NULL);
    }
}

static bool has_linker_word(const struct call *c, const char *const *words)
{
    for (size_t i = 0; i < c->n_items; i++)
        if (c->items[i].kind == ITEM_LINKER && is_one_of(words, c->items[i].text))
            return true;
    return false;
}

/* rustc calls a linker for WebAssembly with the linker's own words, after "-flavor wasm". */
static void read_linker_call(struct call *c, const struct words *w)
{
    bool value = false;

    for (size_t i = 2; i < w->n; i++) {
        const char *word = w->list[i];

        if (!value && strcmp(word, "-o") == 0 && i + 1 < w->n) {
            c->out = w->list[++i];
            continue;
        }
        add(c, value || word[0] == '-' ? ITEM_LINKER : ITEM_INPUT, word, NULL);
        value = !value && linker_word_has_value(word);
        if (is_one_of(makes_a_bundle, word))
            c->kind = CALL_BUNDLE;
    }
}

void call_read(struct call *c, const struct words *arguments, bool cxx)
{
    struct signs s = {.language = NULL};

    *c = (struct call){.kind = CALL_PROGRAM, .cxx = cxx};
    if (arguments->n > 2 && strcmp(arguments->list[0], "-flavor") == 0) {
        c->kind = CALL_LINKER;
        read_linker_call(c, arguments);
        return;
    }
    for (size_t i = 0; i < arguments->n; i++) {
        const char *word = arguments->list[i];

        if (word[0] == '-' && word[1]) {
            read_option(c, &s, arguments, &i);
            continue;
        }
        s.any_input = true;
        add(c, is_source(word, s.language) ? ITEM_SOURCE : ITEM_INPUT, word, s.language);
    }
    s.bundle |= has_linker_word(c, makes_a_bundle);
    if (s.early || !s.any_input || s.question || has_linker_word(c, questions))
        c->kind = s.compile && s.any_input && !s.question ? CALL_COMPILE : CALL_PASS;
    else if (s.bundle)
        c->kind = CALL_BUNDLE;
}
