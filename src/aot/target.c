#include "aot/target.h"

#include "recipe/known_ports.h"

#include <string.h>
#include <sys/utsname.h>

static const struct aot_target targets[] = {
    {"aarch64-linux", AOT_HOST_AARCH64_PORT, MUSL_AARCH64_PORT, SYSROOT_AARCH64_PORT},
};

int aot_find_target(const char *name, const struct aot_target **target, struct wl_err *err)
{
    struct utsname machine = {0};
    WL_CLEANUP_FREE char *own = NULL;

    *target = NULL;
    uname(&machine);
    own = xasprintf("%s-linux", machine.machine);
    if (!strcmp(name, own))
        return 0;
    for (size_t i = 0; i < sizeof targets / sizeof *targets; i++)
        if (!strcmp(name, targets[i].name)) {
            *target = &targets[i];
            return 0;
        }
    wl_err_set(err, WL_E_USAGE, "native programs cannot be made here for %s", name);
    return wl_err_hint(err, "--target takes %s, which this machine is, or %s", own, targets[0].name);
}

void aot_ports(const struct aot_target *target, struct strv *names)
{
    strv_add_once(names, AOT_PORT);
    strv_add_once(names, target ? target->host : AOT_HOST_PORT);
    strv_add_once(names, WABT_PORT);
    strv_add_once(names, target ? target->musl : MUSL_PORT);
    if (target)
        strv_add_once(names, target->sysroot);
}

const char *aot_host(const struct aot_target *target)
{
    return target ? target->host : AOT_HOST_PORT;
}

const char *aot_c_library(const struct aot_target *target, bool library)
{
    if (library)
        return target ? target->sysroot : NULL;
    return target ? target->musl : MUSL_PORT;
}
