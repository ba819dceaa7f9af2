/* rofs-pack [--deflate PATH]... [--compress] DIRECTORY ARCHIVE: writes the archive that rofs.h describes. It runs on
 * the build machine. Each PATH names a file or a directory in DIRECTORY; all these files are compressed together, as
 * one piece. With --compress, every other file that becomes smaller is compressed by itself.
 *
 * The result depends only on names and bytes: every file gets SOURCE_DATE_EPOCH (or 1980-01-01) as its time.
 * Symbolic links are followed. Anything that is neither a file nor a directory is an error. */
#define _GNU_SOURCE
#include "rofs.h"

#include <dirent.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <zlib.h>

_Static_assert(sizeof(struct rofs_header) == 48 && sizeof(struct rofs_node) == 32, "the layout of rofs.h");
#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error the structs are written as they lie in memory
#endif

/* Reading a compressed file inflates all of it. So very large files, of which a program may need only a part, are
 * not compressed. Files that would hardly become smaller are not compressed either. */
enum { ALIGN = 16, MAX_DEPTH = 64, MOST_DEFLATED = 4 << 20, LEAST_SAVED = 8 };

struct item {
    char *path, *name; /* the name is the path's last part */
    size_t name_size;
    struct item *children;
    size_t n, depth;
    bool folder, packed;
    unsigned char *bytes;
    uint64_t stored; /* the number of these bytes: fewer than node.size if the file is deflated */
    struct rofs_node node;
};

__attribute__((noreturn, format(printf, 1, 2))) static void fail(const char *format, ...)
{
    va_list ap;

    va_start(ap, format);
    fputs("rofs-pack: ", stderr);
    vfprintf(stderr, format, ap);
    fputc('\n', stderr);
    va_end(ap);
    exit(1);
}

static void *need(void *p)
{
    if (!p)
        fail("no memory");
    return p;
}

static int by_name(const void *a, const void *b)
{
    const struct item *x = a, *y = b;
    int order = memcmp(x->name, y->name, x->name_size < y->name_size ? x->name_size : y->name_size);

    return order ? order : (x->name_size > y->name_size) - (x->name_size < y->name_size);
}

static void read_file(struct item *item, size_t size)
{
    FILE *f = fopen(item->path, "rb");

    if (!f)
        fail("cannot read %s: %s", item->path, strerror(errno));
    item->bytes = need(malloc(size + 1));
    if (fread(item->bytes, 1, size + 1, f) != size)
        fail("cannot read %s: its size changed while it was read", item->path);
    fclose(f);
    item->node.size = item->stored = size;
    item->packed &= size != 0;
}

static bool compressing;

/* Compresses a file by itself if that is worth it. */
static void deflate_item(struct item *item)
{
    uLongf size = compressBound((uLong)item->stored);
    unsigned char *bytes;

    if (!compressing || item->packed || item->stored > MOST_DEFLATED)
        return;
    bytes = need(malloc(size));
    if (compress(bytes, &size, item->bytes, (uLong)item->stored) != Z_OK)
        fail("no memory");
    if (size + item->stored / LEAST_SAVED >= item->stored) {
        free(bytes);
        return;
    }
    free(item->bytes);
    item->bytes = need(realloc(bytes, size));
    item->stored = size;
    item->node.deflated = (uint32_t)size;
}

static void read_item(struct item *item);

static void read_folder(struct item *item)
{
    DIR *dir = opendir(item->path);

    if (!dir)
        fail("cannot read %s: %s", item->path, strerror(errno));
    if (item->depth == MAX_DEPTH)
        fail("%s is nested %d directories deep: is there a symbolic link that leads back?", item->path, MAX_DEPTH);
    for (struct dirent *e; (e = readdir(dir));) {
        struct item *child;

        if (!strcmp(e->d_name, ".") || !strcmp(e->d_name, ".."))
            continue;
        item->children = need(realloc(item->children, (item->n + 1) * sizeof *child));
        child = &item->children[item->n++];
        *child = (struct item){.depth = item->depth + 1, .packed = item->packed, .name_size = strlen(e->d_name)};
        if (asprintf(&child->path, "%s/%s", item->path, e->d_name) < 0)
            fail("no memory");
        child->name = child->path + strlen(item->path) + 1;
    }
    closedir(dir);
    if (item->n)
        qsort(item->children, item->n, sizeof *item->children, by_name);
    for (size_t i = 0; i < item->n; i++)
        read_item(&item->children[i]);
}

/* The paths to compress together; NULL once the path was found. */
static char **deflated;
static size_t n_deflated;

static bool is_deflated(const char *path)
{
    for (size_t i = 0; i < n_deflated; i++) {
        if (deflated[i] && !strcmp(path, deflated[i])) {
            deflated[i] = NULL;
            return true;
        }
    }
    return false;
}

static void read_item(struct item *item)
{
    struct stat st;

    if (stat(item->path, &st) < 0)
        fail("cannot read %s: %s", item->path, strerror(errno));
    item->folder = S_ISDIR(st.st_mode);
    item->packed |= is_deflated(item->path);
    if (item->folder) {
        read_folder(item);
    } else if (S_ISREG(st.st_mode)) {
        read_file(item, (size_t)st.st_size);
        deflate_item(item);
    } else {
        fail("%s is neither a file nor a directory", item->path);
    }
}

/* All items in the order of the nodes: level by level, so that the children of a directory follow one another. */
static struct item **in_order(struct item *root, size_t *n)
{
    size_t room = 1;
    struct item **list = need(malloc(sizeof *list));

    list[0] = root;
    *n = 1;
    for (size_t i = 0; i < *n; i++) {
        struct item *item = list[i];

        if (!item->folder)
            continue;
        while (room < *n + item->n)
            list = need(realloc(list, (room *= 2) * sizeof *list));
        item->node.start = *n;
        item->node.size = item->n;
        for (size_t k = 0; k < item->n; k++) {
            item->children[k].node.parent = (uint32_t)i;
            list[(*n)++] = &item->children[k];
        }
    }
    return list;
}

/* Places the bytes of each file, either of the packed files or of the others. zoneinfo has most zones under several
 * names. */
static uint64_t place_bytes(struct item **list, size_t n, bool packed, uint64_t end)
{
    for (size_t i = 0; i < n; i++) {
        struct item *item = list[i];
        size_t k = 0;

        if (item->folder || item->packed != packed)
            continue;
        while (k < i &&
               (list[k]->folder || list[k]->packed != packed || list[k]->stored != item->stored ||
                list[k]->node.size != item->node.size || memcmp(list[k]->bytes, item->bytes, item->stored) != 0))
            k++;
        if (k < i) {
            item->node.start = list[k]->node.start;
            continue;
        }
        if (!packed)
            end = (end + ALIGN - 1) / ALIGN * ALIGN;
        item->node.start = end;
        end += item->stored;
    }
    return end;
}

/* The packed files, compressed. */
static unsigned char *deflate_packed(struct item **list, size_t n, struct rofs_header *header)
{
    uLongf size = compressBound((uLong)header->unpacked_size);
    unsigned char *plain = need(malloc(header->unpacked_size + 1)), *packed = need(malloc(size));

    for (size_t i = 0; i < n; i++) {
        if (!list[i]->folder && list[i]->packed)
            memcpy(plain + list[i]->node.start, list[i]->bytes, list[i]->node.size);
    }
    if (compress2(packed, &size, plain, (uLong)header->unpacked_size, Z_BEST_COMPRESSION) != Z_OK)
        fail("no memory");
    header->packed_size = (uint32_t)size;
    free(plain);
    return packed;
}

static void pad(FILE *f, uint64_t *at, uint64_t to)
{
    for (; *at < to; (*at)++)
        putc(0, f);
}

static void write_archive(const char *file, struct item **list, size_t n, const struct rofs_header *header,
                          const unsigned char *packed)
{
    FILE *f = fopen(file, "wb");
    uint64_t at = header->names;

    if (!f)
        fail("cannot write %s: %s", file, strerror(errno));
    fwrite(header, sizeof *header, 1, f);
    for (size_t i = 0; i < n; i++)
        fwrite(&list[i]->node, sizeof list[i]->node, 1, f);
    for (size_t i = 0; i < n; i++) {
        fwrite(list[i]->name, 1, list[i]->name_size, f);
        at += list[i]->name_size;
    }
    for (size_t i = 0; i < n; i++) {
        /* An earlier file has the same bytes, which are already written. */
        if (list[i]->folder || list[i]->packed || list[i]->node.start < at)
            continue;
        pad(f, &at, list[i]->node.start);
        fwrite(list[i]->bytes, 1, list[i]->stored, f);
        at += list[i]->stored;
    }
    if (packed)
        fwrite(packed, 1, header->packed_size, f);
    if (ferror(f) || fclose(f) != 0) {
        remove(file);
        fail("cannot write %s: %s", file, strerror(errno));
    }
}

int main(int argc, char **argv)
{
    struct rofs_header header = {.magic = ROFS_MAGIC};
    const char *epoch = getenv("SOURCE_DATE_EPOCH");
    struct item root = {.name = ""}, **list;
    unsigned char *packed = NULL;
    uint64_t names = 0, size;
    size_t n;

    deflated = need(calloc((size_t)argc, sizeof *deflated));
    for (; argc > 2 && !strcmp(argv[1], "--deflate"); argc -= 2, argv += 2)
        deflated[n_deflated++] = argv[2];
    if (argc > 1 && !strcmp(argv[1], "--compress")) {
        compressing = true;
        argc--;
        argv++;
    }
    if (argc != 3)
        fail("usage: rofs-pack [--deflate PATH]... [--compress] DIRECTORY ARCHIVE");
    for (size_t i = 0; i < n_deflated; i++) {
        if (asprintf(&deflated[i], "%s/%s", argv[1], deflated[i]) < 0)
            fail("no memory");
    }
    root.path = argv[1];
    read_item(&root);
    if (!root.folder)
        fail("%s is not a directory", argv[1]);
    for (size_t i = 0; i < n_deflated; i++) {
        if (deflated[i])
            fail("%s does not exist", deflated[i]);
    }
    list = in_order(&root, &n);
    for (size_t i = 0; i < n; i++) {
        list[i]->node.kind = list[i]->folder          ? ROFS_FOLDER
                             : list[i]->packed        ? ROFS_PACKED
                             : list[i]->node.deflated ? ROFS_DEFLATED
                                                      : ROFS_FILE;
        list[i]->node.name = (uint32_t)names;
        list[i]->node.name_size = (uint16_t)list[i]->name_size;
        names += list[i]->name_size;
    }
    header.nodes = (uint32_t)n;
    header.names = (uint32_t)(sizeof header + n * sizeof(struct rofs_node));
    header.time = (epoch && *epoch ? strtoull(epoch, NULL, 10) : 315532800u) * 1000000000u;
    header.unpacked_size = place_bytes(list, n, true, 0);
    if (header.unpacked_size)
        packed = deflate_packed(list, n, &header);
    size = place_bytes(list, n, false, header.names + names);
    header.packed = (uint32_t)size;
    header.size = size + header.packed_size;
    if (header.size > UINT32_MAX / 2)
        fail("%s has %llu bytes: more than a module of 4 GB can hold beside its own memory", argv[1],
             (unsigned long long)header.size);
    write_archive(argv[2], list, n, &header, packed);
    free(packed);
    free(list);
    return 0;
}
