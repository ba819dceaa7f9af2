/* Tests guest/cwd.c: the empty path, "..", and the name of the current directory. Two directories are shared, /a and
 * /b; /a has sub/, a file g and links, /b has a file f. Prints each failure, and fails if there was one. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int failures;

static void check(const char *what, int got, int wanted)
{
    if (got == wanted)
        return;
    printf("%s: %d instead of %d\n", what, got, wanted);
    failures++;
}

/* errno of a call that fails, otherwise 0. */
#define ERROR(call) ((call) < 0 ? errno : 0)
#define FAILS(call, wanted) check(#call, ERROR(call), wanted)

static void check_text(const char *what, const char *got, const char *wanted)
{
    if (got && !strcmp(got, wanted))
        return;
    printf("%s: %s instead of %s\n", what, got ? got : "NULL", wanted);
    failures++;
}

/* The first letter of a file, or the error as a negative number. */
static int letter(const char *path)
{
    char c = 0;
    int fd = open(path, O_RDONLY);

    if (fd < 0)
        return -errno;
    if (read(fd, &c, 1) != 1)
        c = '?';
    close(fd);
    return c;
}

static const char *folder_after(const char *path)
{
    static char here[4096];

    if (chdir(path) < 0)
        return strerror(errno);
    return getcwd(here, sizeof here);
}

static void empty_paths(void)
{
    struct timespec times[2] = {{1, 0}, {1, 0}};
    struct dirent **list;
    struct stat st;
    char text[8];

    FAILS(chdir("/a/sub"), 0);
    FAILS(open("", O_RDONLY), ENOENT);
    FAILS(open("", O_RDWR | O_CREAT, 0600), ENOENT);
    FAILS(open("", O_DIRECTORY), ENOENT);
    FAILS(stat("", &st), ENOENT);
    FAILS(lstat("", &st), ENOENT);
    FAILS(access("", F_OK), ENOENT);
    FAILS(opendir("") ? 0 : -1, ENOENT);
    FAILS(scandir("", &list, NULL, NULL), ENOENT);
    FAILS(mkdir("", 0700), ENOENT);
    FAILS(rmdir(""), ENOENT);
    FAILS(unlink(""), ENOENT);
    FAILS(remove(""), ENOENT);
    FAILS(rename("", "x"), ENOENT);
    FAILS(rename("../g", ""), ENOENT);
    FAILS(link("", "x"), ENOENT);
    FAILS(link("../g", ""), ENOENT);
    FAILS(symlink("x", ""), ENOENT);
    FAILS(readlink("", text, sizeof text), ENOENT);
    FAILS(utimensat(AT_FDCWD, "", times, 0), ENOENT);
    FAILS(truncate("", 0), ENOENT);
    FAILS(chdir(""), ENOENT);
    FAILS(stat(".", &st), 0);
    FAILS(rmdir("."), EINVAL);
    FAILS(rmdir("./"), EINVAL);
    FAILS(stat("./", &st), 0);
    check("the directory exists", ERROR(stat("/a/sub", &st)), 0);
}

static void up_and_down(void)
{
    struct stat st;

    check("/a/../b/f", letter("/a/../b/f"), 'x');
    check("/a/sub/../g", letter("/a/sub/../g"), 'y');
    check("/a/sub/../../a/g", letter("/a/sub/../../a/g"), 'y');
    check("/../../b/./f", letter("/../../b/./f"), 'x');
    check("/a/missing/../g", letter("/a/missing/../g"), -ENOENT);
    check("/a/g/../g", letter("/a/g/../g"), -ENOTDIR);
    check("/a/g/", letter("/a/sub/../g/"), -ENOTDIR);
    /* ".." of a link is above the link's target. */
    check("/a/deep/../h", letter("/a/deep/../h"), 'z');
    check("/a/loop/../g", letter("/a/loop/../g"), -ELOOP);
    check_text("chdir(/a/sub)", folder_after("/a/sub"), "/a/sub");
    check("../g", letter("../g"), 'y');
    check("../../b/f", letter("../../b/f"), 'x');
    check_text("chdir(..)", folder_after(".."), "/a");
    check("g", letter("g"), 'y');
    check("./g", letter("./g"), 'y');
    check(".//g", letter(".//g"), 'y');
    check_text("chdir(./sub/.//)", folder_after("./sub/.//"), "/a/sub");
    check_text("chdir(../../b)", folder_after("../../b"), "/b");
    check_text("chdir(//a//sub//..//.)", folder_after("//a//sub//..//."), "/a");
    FAILS(chdir("missing"), ENOENT);
    FAILS(chdir("g"), ENOTDIR);
    check_text("chdir(.)", folder_after("."), "/a");
    FAILS(mkdir("sub/../new", 0700), 0);
    FAILS(stat("/a/new", &st), 0);
    FAILS(rmdir("sub/../new"), 0);
}

int main(void)
{
    empty_paths();
    up_and_down();
    return failures != 0;
}
