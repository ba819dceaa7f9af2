/* where PATH...: prints one line per path: its kind, whether files can be created in it, and its contents. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        char path[256];
        DIR *dir = opendir(argv[i]);
        int fd;

        snprintf(path, sizeof path, "%s/made", argv[i]);
        fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0600);
        printf("%s: %s, %s:", argv[i], dir ? "directory" : strerror(errno), fd < 0 ? strerror(errno) : "writable");
        if (fd >= 0) {
            close(fd);
            unlink(path);
        }
        for (struct dirent *e; dir && (e = readdir(dir));)
            if (e->d_name[0] != '.')
                printf(" %s", e->d_name);
        putchar('\n');
        if (dir)
            closedir(dir);
    }
    printf("HOME=%s\n", getenv("HOME"));
    return 0;
}
