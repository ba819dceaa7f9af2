#include "regrtest/expectations.h"

#include "util/fs.h"

#include <cyaml/cyaml.h>
#include <fnmatch.h>
#include <string.h>

#define NO_TEST_MODULES "no test modules"
#define NO_THREADS "no threads"
#define NO_PROCESSES "no processes"
#define BUG "bug"

const char *const expectation_reasons[] = {NO_PROCESSES,
                                           "no other programs",
                                           "no sockets",
                                           NO_THREADS,
                                           "no signals",
                                           "no dynamic loading",
                                           NO_TEST_MODULES,
                                           "no sources",
                                           "another system",
                                           "resource not enabled",
                                           "another package",
                                           "clock",
                                           "permissions of files",
                                           "file locks",
                                           "mmap",
                                           "memory",
                                           BUG,
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

static int check_reasons(const struct expectation_file *f, struct wl_err *err)
{
    for (unsigned i = 0; i < f->n; i++)
        if (!is_reason(f->list[i].reason)) {
            wl_err_set(err, WL_E_RECIPE, "%s: '%s', the reason of %s, is not a known reason", f->name,
                       f->list[i].reason, f->list[i].test);
            return wl_err_hint(err, "docs/testing.md lists the reasons");
        }
    return 0;
}

int expectations_read(struct expectations *e, const char *file, struct wl_err *err)
{
    struct expectation_file *f;
    cyaml_err_t bad;

    if (!path_exists(file))
        return 0;
    e->files = xreallocarray(e->files, e->n + 1, sizeof *e->files);
    f = &e->files[e->n++];
    *f = (struct expectation_file){.name = xstrdup(file)};
    bad = cyaml_load_file(file, &config, &all, (cyaml_data_t **)&f->list, &f->n);
    if (bad == CYAML_OK)
        return check_reasons(f, err);
    wl_err_set(err, WL_E_RECIPE, "%s: %s", file, cyaml_strerror(bad));
    return wl_err_hint(err, "each entry has test, reason and why; see docs/testing.md");
}

void expectations_free(struct expectations *e)
{
    for (size_t i = 0; i < e->n; i++) {
        if (e->files[i].list)
            cyaml_free(&config, &all, e->files[i].list, e->files[i].n);
        free(e->files[i].name);
    }
    free(e->files);
    *e = (struct expectations){0};
}

/* Only * and ? are wildcards: names of tests contain brackets. */
static bool matches(const char *pattern, const char *name)
{
    WL_CLEANUP_STR struct str escaped = {0};

    for (; *pattern; pattern++) {
        if (*pattern == '[' || *pattern == '\\')
            str_addc(&escaped, '\\');
        str_addc(&escaped, *pattern);
    }
    return fnmatch(escaped.s ? escaped.s : "", name, 0) == 0;
}

/* The expectation for a test or file, or NULL. With `exact` it must have exactly this name. */
static const struct expectation *find(const struct expectations *e, const char *name, bool exact, const char **file)
{
    for (size_t i = 0; i < e->n; i++)
        for (unsigned k = 0; k < e->files[i].n; k++) {
            const struct expectation *x = &e->files[i].list[k];

            if ((e->test_modules && !strcmp(x->reason, NO_TEST_MODULES)) ||
                (e->threads && !strcmp(x->reason, NO_THREADS)) || (e->processes && !strcmp(x->reason, NO_PROCESSES)))
                continue;
            if (exact ? !strcmp(x->test, name) : matches(x->test, name)) {
                *file = e->files[i].name;
                return x;
            }
        }
    return NULL;
}

static const char *reason_for(const struct expectations *e, const char *name)
{
    const char *file;
    const struct expectation *x = find(e, name, false, &file);

    for (size_t i = 0; x && expectation_reasons[i]; i++)
        if (!strcmp(x->reason, expectation_reasons[i]))
            return expectation_reasons[i];
    return NULL;
}

static void passed(const struct expectations *e, const char *name, struct strv *unexpected)
{
    const char *file;
    const struct expectation *x = find(e, name, true, &file);

    if (x)
        strv_addf(unexpected, "passed: %s, which %s lists as expected to fail (%s)", name, file, x->reason);
}

void expectations_compare(const struct expectations *e, struct test_run *run, struct strv *unexpected)
{
    for (size_t i = 0; i < run->n; i++) {
        struct test_file *f = &run->files[i];

        for (size_t k = 0; k < f->cases_n; k++) {
            struct test_case *c = &f->cases[k];

            if (c->state == TEST_PASSED)
                passed(e, c->name, unexpected);
            if (c->state != TEST_FAILED)
                continue;
            c->expected = reason_for(e, c->name);
            if (!c->expected)
                strv_addf(unexpected, "failed: %s: %s", c->name, c->reason);
        }
        if (f->state == FILE_PASSED || (f->state == FILE_FAILED && f->failed)) {
            passed(e, f->name, unexpected);
            continue;
        }
        f->expected = reason_for(e, f->name);
        /* A missing resource does not excuse a crash or a hang. */
        if (f->expected && (f->state == FILE_CRASHED || f->state == FILE_TIMEOUT) && strcmp(f->expected, BUG) != 0)
            f->expected = NULL;
        if (!f->expected)
            strv_addf(unexpected, "%s: %s%s%s", file_states[f->state], f->name, f->why ? ": " : "",
                      f->why ? f->why : "");
    }
}
