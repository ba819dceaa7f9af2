/* fuzz_seeds NAME FOLDER: writes what the fuzz target NAME starts from. */
#include "make_archive.h"

#include "fs.h"
#include "str.h"

#include <stdio.h>
#include <string.h>

static void archive_seeds(const char *folder)
{
    static const struct entry entries[] = {
        {'d', "p/", NULL, 0},       {'f', "p/file", "some text\n", 0}, {'f', "p/run", "#!/bin/sh\n", 0755},
        {'l', "p/link", "file", 0}, {'h', "p/hard", "p/file", 0},      {'d', "p/d", NULL, 0700},
        {'s', "p/hole", "x", 0},    {'f', "p/d/tést", "", 0},          {0}};
    static const struct entry bad[] = {{'l', "p/up", "../x", 0}, {'f', "../evil", "x", 0}, {'c', "null", NULL, 0}, {0}};
    static const struct entry plain[] = {{'f', "p/a", "text", 0}, {'l', "p/b", "a", 0}, {0}};
    static const char *const kinds[] = {"tar", "ustar", "tar.gz", "tar.bz2", "tar.xz", "tar.zst", NULL};

    for (const char *const *k = kinds; *k; k++) {
        WL_CLEANUP_FREE char *file = xasprintf("%s/good.%s", folder, *k), *deb = xasprintf("%s/%s.deb", folder, *k),
                             *worse = xasprintf("%s/bad.%s", folder, *k);

        make_archive(file, *k, entries);
        make_archive(worse, *k, bad);
        make_deb(deb, folder, *k, entries);
    }
    {
        WL_CLEANUP_FREE char *zip = path_join(folder, "good.zip"), *cut = path_join(folder, "cut.zip");

        make_archive(zip, "zip", plain);
        make_archive(cut, "zip", plain);
        cut_file(cut, 60);
    }
}

int main(int argc, char **argv)
{
    if (argc != 3)
        return 2;
    if (!strcmp(argv[1], "archive"))
        archive_seeds(argv[2]);
    return 0;
}
