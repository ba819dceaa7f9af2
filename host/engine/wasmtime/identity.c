#include "engine/processor.h"
#include "engine/wasmtime/internal.h"

#include <link.h>
#include <stdio.h>
#include <string.h>

struct build_id {
    uintptr_t inside; /* an address in the library */
    char hex[65];
};

static int find_build_id(struct dl_phdr_info *info, size_t size, void *arg)
{
    struct build_id *id = arg;
    bool hit = false;

    (void)size;
    for (int i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *p = &info->dlpi_phdr[i];

        hit |= p->p_type == PT_LOAD && id->inside - (info->dlpi_addr + p->p_vaddr) < p->p_memsz;
    }
    for (int i = 0; hit && i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *p = &info->dlpi_phdr[i];
        const char *at = (const char *)(info->dlpi_addr + p->p_vaddr), *end = at + p->p_memsz;

        while (p->p_type == PT_NOTE && (size_t)(end - at) >= sizeof(ElfW(Nhdr))) {
            const ElfW(Nhdr) *note = (const void *)at;
            const char *name = at + sizeof *note;
            const unsigned char *desc = (const unsigned char *)name + ((note->n_namesz + 3) & ~3u);

            at = (const char *)desc + ((note->n_descsz + 3) & ~3u);
            if (note->n_type != NT_GNU_BUILD_ID || note->n_namesz != 4 || memcmp(name, "GNU", 4) != 0)
                continue;
            for (size_t b = 0; b < note->n_descsz && b < 32; b++)
                sprintf(id->hex + 2 * b, "%02x", desc[b]);
            return 1;
        }
    }
    return hit;
}

void wt_identity(const struct engine_settings *settings, char *out, size_t size)
{
    /* The version in the header may not be the library's that is loaded; its build id is. */
    struct build_id id = {.inside = (uintptr_t)&wasmtime_module_new, .hex = "?"};
    char cpu[128];

    /* (The stack is a limit while running, not part of the code.) */
    dl_iterate_phdr(find_build_id, &id);
    processor_describe(cpu, sizeof cpu);
    snprintf(out, size, "wasmtime %s %s; %s%s; apart 1; %s", WASMTIME_VERSION, id.hex,
             settings->quick && HAS_WINCH ? "winch" : "speed", settings->stoppable ? ", stoppable" : "", cpu);
}
