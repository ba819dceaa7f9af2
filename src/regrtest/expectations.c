#include "expectations.h"

#include "fs.h"

#include <cyaml/cyaml.h>
#include <fnmatch.h>
#include <string.h>

const char *const expectation_reasons[] = {"no processes",
                                           "no sockets",
                                           "no threads",
                                           "no signals",
                                           "no dynamic loading",
                                           "no test modules",
                                           "another system",
                                           "resource not enabled",
                                           "clock",
                                           "permissions of files",
                                           "file locks",
                                           "mmap",
                                           "memory",
                                           "bug",
                                           NULL};

enum { MOST = 100000 };

static const cyaml_schema_field_t fields[] = {
    CYAML_FIELD_STRING_PTR("test", CYAML_FLAG_POINTER, struct expectation, test, 1, CYAML_UNLIMITED),
    CYAML_FIELD_STRING_PTR("reason", CYAML_FLAG_POINTER, struct expectation, reason, 1, CYAML_UNLIMITED),
    CYAML_FIELD_STRING_PTR("why", CYAML_FLAG_POINTER, struct expectation, why, 1, CYAML_UNLIMITED),
    CYAML_FIELD_END,
};
static const cyaml_schema_value_t entry = {CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct expectation, fields)};
static const cyaml_schema_value_t all = {CYAML_VALUE_SEQUENCE(CYAML_FLAG_POINTER, struct expectation, &entry, 0, MOST)};
static const cyaml_config_t config = {.mem_fn = cyaml_mem, .log_level = CYAML_LOG_ERROR, .flags = CYAML_CFG_NO_ALIAS};

static bool is_reason(const char *text)
{
    for (const char *const *r = expectation_reasons; *r; r++)
        if (!strcmp(text, *r))
            return true;
    return false;
}

int expectations_read(const char *file, struct expectations *e, struct wl_err *err)
{
    cyaml_err_t bad;

    *e = (struct expectations){.file = file};
    if (!path_exists(file))
        return 0;
    bad = cyaml_load_file(file, &config, &all, (cyaml_data_t **)&e->list, &e->n);
    if (bad != CYAML_OK) {
        wl_err_set(err, WL_E_RECIPE, "%s: %s", file, cyaml_strerror(bad));
        return wl_err_hint(err, "each entry has test, reason and why; see docs/testing.md");
    }
    for (unsigned i = 0; i < e->n; i++)
        if (!is_reason(e->list[i].reason)) {
            wl_err_set(err, WL_E_RECIPE, "%s: '%s' of %s is no reason there is", file, e->list[i].reason,
                       e->list[i].test);
            return wl_err_hint(err, "docs/testing.md lists the reasons");
        }
    return 0;
}

void expectations_free(struct expectations *e)
{
    if (e->list)
        cyaml_free(&config, &all, e->list, e->n);
    e->list = NULL;
}

static bool matches(struct expectations *e, const char *name)
{
    bool found = false;

    for (unsigned i = 0; i < e->n; i++)
        if (fnmatch(e->list[i].test, name, 0) == 0)
            found = e->list[i].met = true;
    return found;
}

/* Whether an expectation is about a file: its name, or that and a dot. */
static bool is_about(const char *test, const struct test_file *f)
{
    size_t n = strlen(f->name);

    return fnmatch(test, f->name, 0) == 0 || (!strncmp(test, f->name, n) && test[n] == '.');
}

void expectations_compare(struct expectations *e, struct test_run *run, struct strv *unexpected)
{
    for (size_t i = 0; i < run->n; i++) {
        struct test_file *f = &run->files[i];

        for (size_t k = 0; k < f->cases_n; k++) {
            struct test_case *c = &f->cases[k];

            if (c->state != TEST_FAILED)
                continue;
            c->expected = matches(e, c->name);
            if (!c->expected)
                strv_addf(unexpected, "failed: %s: %s", c->name, c->reason);
        }
        if (f->state == FILE_PASSED || (f->state == FILE_FAILED && f->failed))
            continue;
        f->expected = matches(e, f->name);
        if (!f->expected)
            strv_addf(unexpected, "%s: %s%s%s", file_states[f->state], f->name, f->why ? ": " : "",
                      f->why ? f->why : "");
    }
    for (unsigned i = 0; i < e->n; i++)
        for (size_t k = 0; k < run->n && !e->list[i].met; k++)
            if (is_about(e->list[i].test, &run->files[k]) && !strpbrk(e->list[i].test, "*?")) {
                strv_addf(unexpected, "passed: %s, which %s says does not (%s)", e->list[i].test, path_base(e->file),
                          e->list[i].reason);
                break;
            }
}
