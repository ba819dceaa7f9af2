#include "pack/app_note.h"

#include "make/note.h"
#include "util/fs.h"
#include "wasm/info.h"

#include <jansson.h>
#include <string.h>

#define INSTALLED ".dist-info"

/* The note in a module, or NULL; the caller frees it. */
static json_t *note_of(const char *module, struct wl_err *err)
{
    WL_CLEANUP_FREE char *bytes = NULL;
    struct wasm_info w = {0};
    json_t *note = NULL;
    size_t n = 0;

    if (file_read(module, WASM_INFO_BYTES, &bytes, &n, err) == 0 &&
        wasm_sections((const uint8_t *)bytes, n, &w, err) == 0)
        for (size_t i = 0; i < w.sections_n; i++)
            if (!strcmp(w.sections[i].name, WASM_NOTE) && !note)
                note = json_loadb((const char *)w.sections[i].at, w.sections[i].size, 0, NULL);
    wasm_info_free(&w);
    return note;
}

/* Adds what is installed: each package has a directory NAME-VERSION.dist-info. */
static int add_packages(json_t *contains, const char *dir, struct wl_err *err)
{
    WL_CLEANUP_STRV struct strv names = {0};
    int r = dir ? dir_list(dir, &names, err) : 0;

    for (size_t i = 0; r == 0 && i < names.n; i++) {
        char *dash = strchr(names.v[i], '-');

        if (!ends_with(names.v[i], INSTALLED) || !dash || !utf8_valid(names.v[i], strlen(names.v[i])))
            continue;
        *dash = '\0';
        json_array_append_new(contains, json_pack("{s:s, s:s#}", "name", names.v[i], "version", dash + 1,
                                                  (int)(strlen(dash + 1) - strlen(INSTALLED))));
    }
    return r;
}

int app_note(const char *module, const char *packages, struct wl_err *err)
{
    WL_CLEANUP_FREE char *line = NULL;
    json_t *note = note_of(module, err);
    char *text;
    int r = err->text ? -(int)err->cls : 0;

    if (note) {
        r = add_packages(json_object_get(note, "contains"), packages, err);
        json_object_set_new(note, "flavour", json_string("app"));
        text = json_dumps(note, JSON_ENSURE_ASCII);
        line = text ? xasprintf("%s\n", text) : NULL;
        free(text);
    }
    json_decref(note);
    return r == 0 && line ? note_write(module, line, err) : r;
}
