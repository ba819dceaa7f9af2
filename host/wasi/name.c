/* Paths, as a guest gives them. */
#include "wasi/name.h"

#include "wasi/wasi.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

bool wasi_set_name(struct wasi_fd *f, const char *name)
{
    f->preopen = name ? strdup(name) : NULL;
    return !name || f->preopen;
}

/* RFC 3629 */
bool wasi_is_text(const char *name)
{
    static const uint32_t least[] = {0, 0x80, 0x800, 0x10000};
    const uint8_t *p = (const uint8_t *)name;

    for (const uint8_t *end = p + strlen(name); p < end;) {
        uint32_t more = *p < 0x80 ? 0 : *p >= 0xf0 ? 3 : *p >= 0xe0 ? 2 : 1, c = more ? *p & (0x3f >> more) : *p;

        if (*p >= 0xf8 || (*p >= 0x80 && *p < 0xc0) || more >= (size_t)(end - p))
            return false;
        for (uint32_t i = 1; i <= more; i++) {
            if ((p[i] & 0xc0) != 0x80)
                return false;
            c = c << 6 | (p[i] & 0x3f);
        }
        if (c < least[more] || c > 0x10ffff || (c >= 0xd800 && c < 0xe000))
            return false;
        p += more + 1;
    }
    return true;
}

uint32_t wasi_take_path(struct guest_memory m, uint32_t at, uint32_t size, char *path)
{
    if (!wasi_inside(m, at, size))
        return WASI_EFAULT;
    if (size >= PATH_MAX)
        return WASI_ENAMETOOLONG;
    if (memchr(m.base + at, '\0', size))
        return WASI_EINVAL;
    memcpy(path, m.base + at, size);
    path[size] = '\0';
    return WASI_SUCCESS;
}
