#include "cmd/module_note.h"

#include "cmd/ui.h"
#include "sbom/note.h"

enum { MOST_SHOWN = 60 };

static const char *text_of(const json_t *o, const char *name)
{
    const char *text = json_string_value(json_object_get(o, name));

    return text ? text : "";
}

static void print_text(const char *label, const json_t *o, const char *name)
{
    const char *text = text_of(o, name);

    if (*text)
        ui_print(stdout, "%-12s %s\n", label, text);
}

static void print_contents(const json_t *list)
{
    const json_t *part;
    size_t i;

    json_array_foreach(list, i, part)
    {
        const char *version = text_of(part, "version"), *license = text_of(part, "license");

        ui_print(stdout, "%-12s %s%s%s%s%s%s\n", i ? "" : "contains", text_of(part, "name"), *version ? " " : "",
                 version, *license ? " (" : "", license, *license ? ")" : "");
    }
}

static void print_modules(const json_t *list, bool all)
{
    const json_t *name;
    size_t i, n = json_array_size(list);

    if (!n)
        return;
    ui_print(stdout, "%-12s %zu of the standard library%s", "modules", n, all ? "\n" : ":");
    json_array_foreach(list, i, name)
    {
        const char *text = json_string_value(name);

        if (all)
            ui_print(stdout, "%-12s %s\n", "", text ? text : "?");
        else if (i < MOST_SHOWN)
            ui_print(stdout, " %s", text ? text : "?");
    }
    if (!all)
        ui_print(stdout, "%s\n", n > MOST_SHOWN ? " ... (--modules lists all)" : "");
}

void module_note_print(const struct wasm_info *w, bool all_modules)
{
    json_t *note = sbom_note(w);
    const char *flavour = text_of(note, "flavour");

    if (!note)
        return;
    ui_print(stdout, "%-12s %s %s%s%s\n", "built as", text_of(note, "name"), text_of(note, "version"),
             *flavour ? ", flavour " : "", flavour);
    print_text("license", note, "license");
    print_text("python", note, "python");
    print_contents(json_object_get(note, "contains"));
    print_modules(json_object_get(note, "modules"), all_modules);
    json_decref(note);
}
