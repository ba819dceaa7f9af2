/* The initial content of the module's memory, mapped from the file of the program or library. */
#include "native/run.h"

#include <fcntl.h>
#include <link.h>
#include <pthread.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* The build ID of the loaded file, which is the linker's hash of its content, and its place in the file. NULL: it has
 * none. */
static const uint8_t *build_id(const struct dl_phdr_info *info, off_t *offset, size_t *size)
{
    for (int i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *h = &info->dlpi_phdr[i];
        const uint8_t *notes = (const uint8_t *)(info->dlpi_addr + h->p_vaddr);

        for (size_t at = 0; h->p_type == PT_NOTE && at + sizeof(ElfW(Nhdr)) <= h->p_filesz;) {
            const ElfW(Nhdr) *n = (const ElfW(Nhdr) *)(notes + at);
            size_t text = at + sizeof *n, id = text + ((size_t)n->n_namesz + 3) / 4 * 4;

            if (id + n->n_descsz > h->p_filesz)
                break;
            if (n->n_type == NT_GNU_BUILD_ID && n->n_namesz == 4 && memcmp(notes + text, "GNU", 4) == 0) {
                *offset = (off_t)(h->p_offset + id);
                *size = n->n_descsz;
                return notes + id;
            }
            at = id + ((size_t)n->n_descsz + 3) / 4 * 4;
        }
    }
    return NULL;
}

/* Whether the file is the one that was loaded: a new version may have replaced it. */
static bool is_loaded_file(int fd, const struct dl_phdr_info *info)
{
    off_t at = 0;
    size_t n = 0;
    const uint8_t *id = build_id(info, &at, &n);
    uint8_t its[64];

    return id && n <= sizeof its && pread(fd, its, n, at) == (ssize_t)n && memcmp(its, id, n) == 0;
}

static int find_image(struct dl_phdr_info *info, size_t size, void *arg)
{
    struct native_program *p = arg;
    const struct native_guest *g = p->guest;

    (void)size;
    for (int i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *h = &info->dlpi_phdr[i];
        uintptr_t at = (uintptr_t)g->image - (info->dlpi_addr + h->p_vaddr);

        if (h->p_type == PT_LOAD && at < h->p_filesz) {
            p->image_fd = open(*info->dlpi_name ? info->dlpi_name : "/proc/self/exe", O_RDONLY | O_CLOEXEC);
            p->image_offset = (off_t)(h->p_offset + at);
            if (p->image_fd >= 0 && (fstat(p->image_fd, &p->image_file) < 0 || !is_loaded_file(p->image_fd, info) ||
                                     p->image_file.st_size < p->image_offset + (g->image_end - g->image))) {
                close(p->image_fd);
                p->image_fd = -1;
            }
            return 1;
        }
    }
    return 0;
}

/* Whether the descriptor still refers to that file: a program may close descriptors that it does not know. */
static bool image_is_open(const struct native_program *p)
{
    struct stat st;

    return p->image_fd >= 0 && fstat(p->image_fd, &st) == 0 && st.st_dev == p->image_file.st_dev &&
           st.st_ino == p->image_file.st_ino;
}

/* For pthread_once, which gives no argument. */
static _Thread_local struct native_program *setting_up;

static void set_up_image(void)
{
    dl_iterate_phdr(find_image, setting_up);
}

/* A page that is mapped from the program's file is read when it is used, and copied when it is written to. If the file
 * cannot be opened, the whole image is copied. */
void image_take(struct native_program *p, uint8_t *memory, uint64_t size)
{
    const struct native_guest *g = p->guest;
    uint64_t n = (uint64_t)(g->image_end - g->image);

    if (n == 0)
        return;
    if (g->image_from > size || n > size - g->image_from)
        run_refuse("its data is larger than its memory");
    setting_up = p;
    pthread_once(&p->image_once, set_up_image);
    if (!image_is_open(p) || mmap(memory + g->image_from, n, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_FIXED,
                                  p->image_fd, p->image_offset) == MAP_FAILED)
        memcpy(memory + g->image_from, g->image, n);
}

void image_close(struct native_program *p)
{
    if (image_is_open(p))
        close(p->image_fd);
    p->image_fd = -1;
}
