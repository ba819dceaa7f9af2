#include "regrtest/report.h"

#include "util/fs.h"

#include <string.h>

static const char *const states[] = {"passed", "failed", "skipped"};

static int write_text(const char *file, const struct str *text, struct wl_err *err)
{
    return file_write(file, text->s, text->len, err);
}

static void add_field(struct str *t, const char *key, const char *value)
{
    str_addf(t, ", \"%s\": ", key);
    str_add_json(t, value);
}

int report_json(const char *file, const char *title, const struct test_run *run, struct wl_err *err)
{
    WL_CLEANUP_STR struct str t = {0};

    str_add(&t, "{\n  \"title\": ");
    str_add_json(&t, title);
    str_add(&t, ",\n  \"files\": [");
    for (size_t i = 0; i < run->n; i++) {
        const struct test_file *f = &run->files[i];

        str_addf(&t, "%s\n    {\"name\": ", i ? "," : "");
        str_add_json(&t, f->name);
        add_field(&t, "state", file_states[f->state]);
        str_addf(&t, ", \"passed\": %zu, \"failed\": %zu, \"skipped\": %zu, \"seconds\": %.1f", f->passed, f->failed,
                 f->skipped, f->seconds);
        if (f->why)
            add_field(&t, "why", f->why);
        if (f->expected)
            add_field(&t, "expected", f->expected);
        str_add(&t, ", \"tests\": [");
        for (size_t k = 0, n = 0; k < f->cases_n; k++) {
            const struct test_case *c = &f->cases[k];

            if (c->state == TEST_PASSED)
                continue;
            str_addf(&t, "%s\n      {\"name\": ", n++ ? "," : "");
            str_add_json(&t, c->name);
            add_field(&t, "state", states[c->state]);
            add_field(&t, "reason", c->reason);
            if (c->expected)
                add_field(&t, "expected", c->expected);
            str_addc(&t, '}');
        }
        str_add(&t, "]}");
    }
    str_add(&t, "\n  ]\n}\n");
    return write_text(file, &t, err);
}

/* Writes an attribute's value. Characters that XML 1.0 cannot contain become '?'. */
static void add_xml(struct str *t, const char *s)
{
    for (; *s; s++) {
        if (*s == '&')
            str_add(t, "&amp;");
        else if (*s == '<')
            str_add(t, "&lt;");
        else if (*s == '"')
            str_add(t, "&quot;");
        else
            str_addc(t, (unsigned char)*s < 0x20 && *s != '\t' ? '?' : *s);
    }
}

static void add_case(struct str *t, const char *file, const char *name, const char *element, const char *message)
{
    str_add(t, "    <testcase classname=\"");
    add_xml(t, file);
    str_add(t, "\" name=\"");
    add_xml(t, name);
    if (!element) {
        str_add(t, "\"/>\n");
        return;
    }
    str_addf(t, "\"><%s message=\"", element);
    add_xml(t, message);
    str_add(t, "\"/></testcase>\n");
}

int report_junit(const char *file, const char *title, const struct test_run *run, struct wl_err *err)
{
    WL_CLEANUP_STR struct str t = {0};

    str_add(&t, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"");
    add_xml(&t, title);
    str_add(&t, "\">\n");
    for (size_t i = 0; i < run->n; i++) {
        const struct test_file *f = &run->files[i];
        bool whole = f->state != FILE_PASSED && !(f->state == FILE_FAILED && f->failed);
        bool skipped = f->state == FILE_SKIPPED || f->state == FILE_EMPTY || f->expected;
        size_t expected = 0;

        for (size_t k = 0; k < f->cases_n; k++)
            expected += f->cases[k].state == TEST_FAILED && f->cases[k].expected;
        str_add(&t, "  <testsuite name=\"");
        add_xml(&t, f->name);
        str_addf(&t, "\" tests=\"%zu\" failures=\"%zu\" skipped=\"%zu\" time=\"%.1f\">\n", f->cases_n + whole,
                 f->failed - expected + (whole && !skipped), f->skipped + expected + (whole && skipped), f->seconds);
        if (whole)
            add_case(&t, f->name, f->name, skipped ? "skipped" : "failure", f->why ? f->why : file_states[f->state]);
        for (size_t k = 0; k < f->cases_n; k++) {
            const struct test_case *c = &f->cases[k];

            add_case(&t, f->name, c->name,
                     c->state == TEST_PASSED                   ? NULL
                     : c->state == TEST_SKIPPED || c->expected ? "skipped"
                                                               : "failure",
                     c->reason);
        }
        str_add(&t, "  </testsuite>\n");
    }
    str_add(&t, "</testsuites>\n");
    return write_text(file, &t, err);
}
