/* wl-make test: builds ports and runs the tests that their recipes bring. */
#include "app.h"

int cmd_test(struct app *a, struct wl_err *err)
{
    WL_CLEANUP_STRV struct strv names = {0};
    struct build_options o;
    struct plan p = {0};
    size_t passed = 0, failed = 0;
    int r = app_ports(a, &names, err), first = 0;

    if (r < 0)
        return r;
    app_build_options(a, &o, true);
    r = app_build(a, &o, &names, &p, err);
    for (size_t i = 0; r == 0 && i < p.n; i++) {
        WL_CLEANUP_ERR struct wl_err test_err = WL_ERR_INIT;
        size_t n = 0;
        int t;

        if (!p.nodes[i].root)
            continue;
        if (!p.nodes[i].recipe->tests_n) {
            printf("%s: its recipe has no tests\n", p.nodes[i].recipe->name);
            continue;
        }
        t = build_test(&o, &p, i, &n, &test_err);
        passed += n;
        if (t == 0)
            continue;
        failed++;
        if (first == 0) {
            first = t;
            *err = test_err;
            test_err = (struct wl_err)WL_ERR_INIT;
        }
        if (!a->options.keep_going || t != -WL_E_FAILED)
            r = first;
    }
    plan_free(&p);
    ui_free(a->ui);
    a->ui = NULL;
    if (passed + failed)
        printf("%zu passed, %zu failed\n", passed, failed);
    fflush(stdout);
    return r < 0 ? r : first;
}
