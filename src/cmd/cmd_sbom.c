/* wl-make sbom: says what is in a port and how it was made, for programs. */
#include "cmd/app.h"
#include "cmd/command.h"
#include "sbom/sbom.h"
#include "util/fs.h"

#include <string.h>

struct sbom_options {
    char *output;
    int format;
};

static const char *const formats[] = {"spdx", "cyclonedx", "slsa", NULL};

#define AT(m) .member = offsetof(struct sbom_options, m)
static const struct option_spec options[] = {
    {0, "format", "spdx (2.3, the default), cyclonedx (1.6) or slsa (provenance, v1)", "FORMAT", OPTION_CHOICE,
     AT(format), .choices = formats},
    {'o', "output", "write to FILE (default: standard output)", "FILE", OPTION_TEXT, AT(output)},
    {0},
};

static int write_document(struct app *a, const struct make_options *o, const struct plan *p, const struct strv *names,
                          struct wl_err *err)
{
    const struct sbom_options *own = a->options.own;
    enum sbom_format format = own->format ? (enum sbom_format)(own->format - 1) : SBOM_SPDX;
    WL_CLEANUP_FREE char *text = NULL;
    struct sbom s = {0};
    int r = sbom_collect(o, p, names, &s, err);

    for (size_t i = 0; r == 0 && i < names->n; i++)
        r = sbom_add_artifact(&s, o, plan_find(p, names->v[i]), err);
    if (r == 0)
        r = sbom_text(&s, format, &text, err);
    if (r == 0 && own->output)
        r = file_write(own->output, text, strlen(text), err);
    else if (r == 0)
        fputs(text, stdout);
    sbom_free(&s);
    return r;
}

static int run(struct app *a, struct wl_err *err)
{
    WL_CLEANUP_STRV struct strv names = {0};
    struct make_options o;
    struct plan p = {0};
    int r = app_ports(a, &names, err);

    if (r < 0)
        return r;
    app_build_options(a, &o, false);
    r = app_build(a, &o, &names, &p, err);
    if (r == 0)
        r = write_document(a, &o, &p, &names, err);
    plan_free(&p);
    return r;
}

const struct command command_sbom = {
    .name = "sbom",
    .usage = "sbom [OPTION...] PORT...",
    .summary = "write what is in a port (SBOM)",
    .description =
        "Writes a bill of materials of what the ports build: every source with its address and hash, patches,\n"
        "licences, and every library in it, as SPDX 2.3 or CycloneDX 1.6; or the provenance of its files (SLSA v1).\n"
        "Builds first what is missing.",
    .options = options,
    .options_size = sizeof(struct sbom_options),
    .shared = SHARED_BUILDING | SHARED_VARIANT | SHARED_FLAVOUR | SHARED_PACKAGES,
    .run = run,
};
