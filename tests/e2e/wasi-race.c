/* A guest that uses /race again and again while another process replaces it: a directory, then a link that leads
 * outside, to one with the same contents. It ends with status 1 if it read the contents outside; aot.sh checks whether
 * it changed anything there. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int reads_secret(const char *path)
{
    char text[16] = {0};
    int fd = open(path, O_RDONLY);

    if (fd < 0)
        return 0;
    if (read(fd, text, sizeof text - 1) < 0)
        text[0] = 0;
    close(fd);
    return !strncmp(text, "secret", 6);
}

static void change(const char *path, int flags)
{
    int fd = open(path, flags, 0666);

    if (fd >= 0) {
        if (write(fd, "changed", 7) < 0)
            perror(path);
        close(fd);
    }
}

int main(int argc, char **argv)
{
    static const char *const paths[] = {"/race/secret",       "/race/../outside/secret",
                                        "/race/in/../secret", "/race/in/../../outside/secret",
                                        "/race/./secret",     "/other/secret"};
    struct stat st;
    int inside = 0;

    for (int n = argc > 1 ? atoi(argv[1]) : 0; n > 0; n--) {
        for (int i = 0; i < 6; i++)
            if (reads_secret(paths[i]))
                return 1;
        inside += stat("/race/secret", &st) == 0;
        change("/race/made", O_WRONLY | O_CREAT);
        change("/race/secret", O_WRONLY | O_TRUNC);
        change("/race/new", O_WRONLY | O_CREAT | O_EXCL);
        unlink("/race/victim");
        unlink("/race/new");
        mkdir("/race/folder", 0777);
        rmdir("/race/in/empty");
        rename("/mine", "/race/mine");
        rename("/race/mine", "/mine");
        rename("/race/victim", "/stolen");
        link("/race/secret", "/linked");
        symlink("secret", "/race/link");
        futimens(0, NULL);
        utimensat(AT_FDCWD, "/race/secret", NULL, 0);
    }
    printf("%d\n", inside);
    return 0;
}
