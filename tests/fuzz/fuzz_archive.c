/* Unpacks any bytes as an archive: it must neither crash nor leave anything outside its directory. */
#include "util/fs.h"
#include "util/str.h"
#include "util/unpack.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Not file_write: its fsync would take most of the time. */
static void write_input(const char *file, const uint8_t *data, size_t size)
{
    FILE *f = fopen(file, "we");

    if (!f || fwrite(data, 1, size, f) != size || fclose(f) != 0)
        abort();
}

static char *make_place(void)
{
    const char *tmp = getenv("TMPDIR");
    char *place = xasprintf("%s/fuzz.XXXXXX", tmp ? tmp : "/tmp");

    if (!mkdtemp(place))
        abort();
    return place;
}

/* Walks the tree: no device, no set-id bit, no link that resolves to a file outside root. */
static void check_tree(const char *root, const char *path)
{
    WL_CLEANUP_ERR struct wl_err err = WL_ERR_INIT;
    WL_CLEANUP_STRV struct strv names = {0};
    struct stat st;

    if (lstat(path, &st) < 0 || (st.st_mode & 07000))
        abort();
    if (S_ISLNK(st.st_mode)) {
        WL_CLEANUP_FREE char *real = realpath(path, NULL);

        if (real && (strncmp(real, root, strlen(root)) || (real[strlen(root)] && real[strlen(root)] != '/')))
            abort();
        return;
    }
    if (S_ISREG(st.st_mode))
        return;
    if (!S_ISDIR(st.st_mode) || dir_list(path, &names, &err) < 0)
        abort();
    for (size_t i = 0; i < names.n; i++) {
        WL_CLEANUP_FREE char *sub = path_join(path, names.v[i]);

        check_tree(root, sub);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static char *place;
    WL_CLEANUP_ERR struct wl_err err = WL_ERR_INIT, ignored = WL_ERR_INIT;
    WL_CLEANUP_STRV struct strv names = {0};
    WL_CLEANUP_FREE char *file = NULL, *to = NULL, *real = NULL;
    int r;

    if (!place)
        place = make_place();
    file = path_join(place, "a");
    to = path_join(place, "to");
    write_input(file, data, size);
    if (make_dirs(to, &err) < 0)
        abort();
    r = archive_unpack(file, to, (int)(size % 3), NULL, &err);
    if (r < 0 && (r != -(int)err.cls || !err.text))
        abort();
    real = realpath(to, NULL);
    check_tree(real, real);
    if (dir_list(place, &names, &ignored) < 0 || names.n != 2 || remove_tree(to, &ignored) < 0)
        abort();
    return 0;
}
