#include "make/patch.h"

#include "make/hunk.h"
#include "util/fs.h"
#include "util/run.h"
#include "util/str.h"

#include <string.h>

int patch_apply(const char *file, const char *dir, const struct cancel *cancel, struct wl_err *err)
{
    char *argv[] = {"patch", "-p1", "--batch", "--forward", "--fuzz=0", "--no-backup-if-mismatch", "-r", "-", NULL};
    WL_CLEANUP_FREE char *text = NULL, *output = NULL, *hunk = NULL;
    struct patch_report report;
    size_t size = 0;
    int status, r = file_read(file, 64u << 20, &text, &size, err);

    if (r < 0)
        return r;
    /* (It is given to patch(1) as text, which would end there.) */
    if (strlen(text) != size) {
        wl_err_set(err, WL_E_VERIFY, "patch %s is not text: it contains a zero byte", file);
        return wl_err_hint(err, "let the patch change text only, and copy other files in a step");
    }
    r = run_capture(&(struct run){.argv = argv, .cwd = dir, .input = text, .cancel = cancel, .timeout_ms = 60000},
                    &status, &output, err);
    if (r < 0 || status == 0)
        return r;
    patch_report_read(&report, output);
    hunk = report.hunk ? patch_hunk(text, report.file, report.hunk) : NULL;
    wl_err_set(err, WL_E_VERIFY, "patch %s does not apply: %s%s%s", file,
               *report.text ? report.text : "patch(1) did not say why", hunk ? "\n" : "", hunk ? hunk : "");
    patch_report_free(&report);
    return wl_err_hint(err, "regenerate the patch for this version, or remove it from the recipe");
}
