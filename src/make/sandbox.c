#include "make/sandbox.h"

#include "plan/memo.h"
#include "util/fs.h"
#include "util/run.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Where artifacts are mounted. */
#define NEEDS SANDBOX_ROOT "/needs"

/* Directories of the machine that steps may read: programs and their libraries, nothing of anybody's home. */
static void add_system(struct strv *argv)
{
    static const char *const top[] = {"/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32"};

    strv_add_all(argv, "--ro-bind", "/usr", "/usr", NULL);
    for (size_t i = 0; i < sizeof top / sizeof *top; i++) {
        WL_CLEANUP_FREE char *target = link_target(top[i]);

        if (target)
            strv_add_all(argv, "--symlink", target, top[i], NULL);
        else if (path_is_dir(top[i]))
            strv_add_all(argv, "--ro-bind", top[i], top[i], NULL);
    }
    /* alternatives: cc and c++ are links through it on Debian. */
    for (const char *const *f = (const char *const[]){"/etc/alternatives", "/etc/ld.so.cache", "/etc/ld.so.conf",
                                                      "/etc/ld.so.conf.d", NULL};
         *f; f++)
        if (path_exists(*f))
            strv_add_all(argv, "--ro-bind", *f, *f, NULL);
    strv_add_all(argv, "--proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp", NULL);
}

/* What this process may do: its capabilities, and how many filters its system calls pass. A service or a container may
 * be refused namespaces in the mount namespace of everybody else. */
static char *own_rights(void)
{
    static const char *const fields[] = {"\nCapEff:", "\nNoNewPrivs:", "\nSeccomp:", "\nSeccomp_filters:"};
    WL_CLEANUP_FREE char *status = NULL;
    WL_CLEANUP_ERR struct wl_err ignored = WL_ERR_INIT;
    struct str rights = {0};

    if (file_read("/proc/self/status", 1 << 16, &status, NULL, &ignored) < 0)
        return xstrdup("?");
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
        const char *line = strstr(status, fields[i]), *value = line ? line + strlen(fields[i]) : "";

        value += strspn(value, " \t");
        str_addf(&rights, "%s%.*s", i ? "," : "", (int)strcspn(value, "\n"), value);
    }
    return str_take(&rights);
}

/* All that decides whether bubblewrap works, as far as that is known without trying. */
static char *question(const char *bwrap)
{
    WL_CLEANUP_FREE char *file = memo_file_identity(bwrap), *rights = own_rights(), *boot = NULL;
    WL_CLEANUP_ERR struct wl_err ignored = WL_ERR_INIT;
    struct stat ns = {0};

    stat("/proc/self/ns/mnt", &ns);
    if (file_read("/proc/sys/kernel/random/boot_id", 256, &boot, NULL, &ignored) < 0)
        boot = xstrdup("?");
    return xasprintf("sandbox %s %u %llu %s %s", file ? file : bwrap, (unsigned)getuid(), (unsigned long long)ns.st_ino,
                     rights, boot);
}

bool sandbox_works(const char *cache, char **why)
{
    WL_CLEANUP_STRV struct strv argv = {0};
    WL_CLEANUP_ERR struct wl_err err = WL_ERR_INIT;
    WL_CLEANUP_FREE char *output = NULL, *bwrap = run_which("bwrap"), *asked = NULL, *known = NULL;
    int status;

    *why = NULL;
    if (!bwrap) {
        *why = xstrdup("bubblewrap is not installed");
        return false;
    }
    asked = question(bwrap);
    known = cache ? memo_get(cache, asked) : NULL;
    if (known)
        return true;
    strv_add_all(&argv, "bwrap", "--unshare-all", "--die-with-parent", NULL);
    add_system(&argv);
    strv_add(&argv, "true");
    if (run_capture(&(struct run){.argv = argv.v, .timeout_ms = 10000}, &status, &output, &err) < 0) {
        *why = xstrdup(err.text);
        return false;
    }
    if (status != 0) {
        output[strcspn(output, "\n")] = '\0';
        *why = xstrdup(*output ? output : "bubblewrap failed");
    } else if (cache)
        memo_put(cache, asked, "yes");
    return status == 0;
}

/* How the names of hosts are looked up. */
static void add_names(struct strv *argv)
{
    for (const char *const *f =
             (const char *const[]){"/etc/resolv.conf", "/etc/hosts", "/etc/nsswitch.conf", "/etc/services", NULL};
         *f; f++)
        if (path_exists(*f))
            strv_add_all(argv, "--ro-bind", *f, *f, NULL);
}

static void add_mounts(const struct strv *mounts, const char *how, struct strv *argv)
{
    for (size_t i = 0; i + 1 < mounts->n; i += 2)
        strv_add_all(argv, how, mounts->v[i], mounts->v[i + 1], NULL);
}

void sandbox_command(const struct sandbox *s, struct strv *argv)
{
    strv_add_all(argv, "bwrap", "--unshare-all", "--die-with-parent", NULL);
    if (s->network)
        strv_add(argv, "--share-net");
    /* run.h gives a step its own session already; the sandbox must not depend on that. */
    if (!s->keep_terminal)
        strv_add(argv, "--new-session");
    if (s->user) {
        strv_add_all(argv, "--uid", NULL);
        strv_addf(argv, "%d", s->user);
        strv_add(argv, "--gid");
        strv_addf(argv, "%d", s->user);
    }
    add_system(argv);
    if (s->network)
        add_names(argv);
    strv_add_all(argv, "--bind", s->dir, SANDBOX_ROOT, NULL);
    /* bubblewrap follows links on the way to a mount point, and creates missing directories there: through a link of an
     * earlier step it would do so anywhere on this machine. So no mount point may be in a directory that a step can
     * change. While something is mounted on it, needs/ itself can be neither renamed nor removed; so something is, in
     * every step. */
    strv_add_all(argv, "--tmpfs", NEEDS, NULL);
    add_mounts(s->mounts, "--ro-bind", argv);
    add_mounts(s->shared, "--bind", argv);
    strv_add_all(argv, "--remount-ro", NEEDS, NULL);
    if (s->stage)
        strv_add_all(argv, "--ro-bind", s->stage, SANDBOX_ROOT "/stage", NULL);
    if (s->preload)
        strv_add_all(argv, "--setenv", "LD_PRELOAD", s->preload, NULL);
    strv_add_all(argv, "--chdir", SANDBOX_ROOT "/build", NULL);
}
