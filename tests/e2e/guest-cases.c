/* guest-cases LIBRARY DIR CASES: runs each case of a module that hostile.py made, one after the other in this process,
 * and prints how it ended. */
#include "wl_guest.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>

enum { MOST = 2000 };

int main(int argc, char **argv)
{
    static const char *args[MOST];
    void *library = argc == 4 ? dlopen(argv[1], RTLD_NOW) : NULL;
    size_t cases = argc == 4 ? (size_t)atol(argv[3]) : 0;
    enum wl_guest_end (*run)(const struct wl_guest_config *config, struct wl_guest_result *result);
    struct wl_guest_folder folder = {.guest = "/"};

    if (!library || cases > MOST) {
        fprintf(stderr, "%s\n", argc == 4 ? dlerror() : "usage: guest-cases LIBRARY FOLDER CASES");
        return 1;
    }
    *(void **)&run = dlsym(library, "wl_guest_run");
    folder.host = argv[2];
    for (size_t i = 0; i < MOST; i++)
        args[i] = "x";
    for (size_t i = 1; i <= cases; i++) {
        const struct wl_guest_config config = {.args = args,
                                               .args_n = i,
                                               .folders = &folder,
                                               .folders_n = 1,
                                               .in = -1,
                                               .out = -1,
                                               .err = -1,
                                               .stack = 1 << 20,
                                               .deadline_ms = 60000};
        struct wl_guest_result result;

        run(&config, &result);
        printf("%d %s\n", result.status, result.text);
    }
    return 0;
}
