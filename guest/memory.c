#include "memory.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

typedef __wasi_errno_t error_t;

/* "wmem": st_dev of everything in memory. */
#define DEVICE UINT64_C(0x776d656d)

enum { BLOCK = 4096, FIRST_COOKIE = 2, MODE_BITS = 07777, TEXT_END = 1 };

/* A name in a directory. */
struct name {
    struct name *before, *after; /* in the directory, in the order of creation */
    struct name *next_in_table;  /* with the same place in the table of all names */
    struct memory_node *folder;
    struct memory_node *node;
    uint64_t cookie;
    uint32_t hash;
    uint16_t n;
    char text[];
};

struct memory_node {
    __wasi_filetype_t type;
    mode_t mode;
    uint32_t names; /* how many it has */
    uint32_t held;
    uint64_t inode, accessed, modified, changed;
    union {
        struct {
            unsigned char **blocks; /* NULL: zeros */
            size_t blocks_n;
            uint64_t size;
        } file;
        struct {
            struct memory_node *parent; /* NULL: a root */
            const char *path;           /* of a root */
            struct name *first, *last;
            struct name *last_read; /* where a listing probably continues */
            uint64_t next_cookie;
            uint32_t folders;
        } folder;
        struct {
            char *text;
            size_t n;
        } link;
    };
};

static struct memory_node roots[MEMORY_ROOTS];
/* All names by directory and text. */
static struct name **table;
static size_t table_n, names_n;
static uint64_t used, limit, last_inode;

/* ---- Room ---- */

/* The number of bytes in a text such as "500M", or `otherwise` if it is not one. */
static uint64_t parse_size(const char *text, uint64_t otherwise)
{
    static const char units[] = "kKmMgG";
    const char *unit;
    char *end;
    uint64_t n;
    int shift = 0;

    if (!text || *text < '0' || *text > '9')
        return otherwise;
    n = strtoull(text, &end, 10);
    unit = *end ? strchr(units, *end) : NULL;
    if (unit) {
        shift = 10 * (1 + (int)(unit - units) / 2);
        end++;
    }
    return *end || n > (uint64_t)INT64_MAX >> shift ? otherwise : n << shift;
}

static uint64_t room(void)
{
    static const uint64_t asked = 1; /* distinguishes a limit of 0 from one that was not read yet */

    if (!limit)
        limit = parse_size(getenv(MEMORY_LIMIT_VARIABLE), MEMORY_LIMIT) + asked;
    return limit - asked;
}

void memory_room(uint64_t *total, uint64_t *left)
{
    *total = room();
    *left = used < *total ? *total - used : 0;
}

/* Zeroed memory that counts against the limit. NULL: there is no room. */
static void *take(size_t size)
{
    uint64_t total, left;
    void *bytes;

    memory_room(&total, &left);
    if (size > left)
        return NULL;
    bytes = calloc(1, size);
    used += bytes ? size : 0;
    return bytes;
}

static void give_back(void *bytes, size_t size)
{
    if (bytes)
        used -= size;
    free(bytes);
}

/* ---- Nodes ---- */

static uint64_t now(void)
{
    __wasi_timestamp_t time = 0;

    return __wasi_clock_time_get(__WASI_CLOCKID_REALTIME, 1, &time) ? 0 : time;
}

static void set_all_times(struct memory_node *node)
{
    node->accessed = node->modified = node->changed = now();
}

static void changed(struct memory_node *node, bool modified)
{
    if (!node->changed)
        set_all_times(node); /* a root that nobody has looked at so far */
    else
        node->changed = now();
    if (modified)
        node->modified = node->changed;
}

static void set_up(struct memory_node *node, __wasi_filetype_t type, mode_t mode)
{
    node->type = type;
    node->mode = mode & MODE_BITS;
    node->inode = ++last_inode;
    if (type == __WASI_FILETYPE_DIRECTORY)
        node->folder.next_cookie = FIRST_COOKIE;
}

static struct memory_node *new_node(__wasi_filetype_t type, mode_t mode)
{
    struct memory_node *node = take(sizeof *node);

    if (node) {
        set_up(node, type, mode);
        set_all_times(node);
    }
    return node;
}

static bool is_root(const struct memory_node *node)
{
    return node >= roots && node < roots + MEMORY_ROOTS;
}

/* A root gets its times when they are needed: most programs never ask, and reading the clock is a call to the host. */
struct memory_node *memory_root(int i)
{
    if (!roots[i].inode) {
        /* The mode that /tmp has everywhere; a home is its owner's. */
        set_up(&roots[i], __WASI_FILETYPE_DIRECTORY, i == MEMORY_TMP ? 01777 : 0755);
        roots[i].names = 1;
    }
    return &roots[i];
}

void memory_set_path(int i, const char *path)
{
    roots[i].folder.path = path;
}

bool memory_is_folder(const struct memory_node *node)
{
    return node->type == __WASI_FILETYPE_DIRECTORY;
}

bool memory_is_file(const struct memory_node *node)
{
    return node->type == __WASI_FILETYPE_REGULAR_FILE;
}

static bool is_link(const struct memory_node *node)
{
    return node->type == __WASI_FILETYPE_SYMBOLIC_LINK;
}

uint64_t memory_size(const struct memory_node *node)
{
    return memory_is_file(node) ? node->file.size : is_link(node) ? node->link.n : 0;
}

static void free_blocks(struct memory_node *file, size_t from)
{
    for (size_t i = from; i < file->file.blocks_n; i++) {
        give_back(file->file.blocks[i], BLOCK);
        file->file.blocks[i] = NULL;
    }
}

/* Frees a node that has no name and is not held. */
static void end_if_unused(struct memory_node *node)
{
    if (node->names || node->held || is_root(node))
        return;
    if (memory_is_file(node)) {
        free_blocks(node, 0);
        give_back(node->file.blocks, node->file.blocks_n * sizeof *node->file.blocks);
    } else if (is_link(node)) {
        give_back(node->link.text, node->link.n + TEXT_END);
    }
    give_back(node, sizeof *node);
}

void memory_hold(struct memory_node *node)
{
    node->held++;
}

void memory_let_go(struct memory_node *node)
{
    node->held--;
    end_if_unused(node);
}

void memory_stat(struct memory_node *node, __wasi_filestat_t *stat, mode_t *mode)
{
    if (!node->changed)
        set_all_times(node);
    *stat = (__wasi_filestat_t){
        .dev = DEVICE,
        .ino = node->inode,
        .filetype = node->type,
        .nlink = !memory_is_folder(node) ? node->names
                 : node->names           ? 2 + node->folder.folders
                                         : 0,
        .size = memory_size(node),
        .atim = node->accessed,
        .mtim = node->modified,
        .ctim = node->changed,
    };
    *mode = node->mode;
}

void memory_set_mode(struct memory_node *node, mode_t mode)
{
    node->mode = mode & MODE_BITS;
    changed(node, false);
}

void memory_set_times(struct memory_node *node, uint64_t accessed, uint64_t modified, __wasi_fstflags_t which)
{
    changed(node, false);
    if (which & __WASI_FSTFLAGS_ATIM_NOW)
        node->accessed = node->changed;
    else if (which & __WASI_FSTFLAGS_ATIM)
        node->accessed = accessed;
    if (which & __WASI_FSTFLAGS_MTIM_NOW)
        node->modified = node->changed;
    else if (which & __WASI_FSTFLAGS_MTIM)
        node->modified = modified;
}

/* ---- Files ---- */

size_t memory_read(const struct memory_node *file, uint64_t at, void *to, size_t n)
{
    unsigned char *out = to;
    size_t done = 0;

    if (at >= file->file.size)
        return 0;
    if (n > file->file.size - at)
        n = (size_t)(file->file.size - at);
    while (done < n) {
        uint64_t block = (at + done) / BLOCK;
        size_t in = (size_t)((at + done) % BLOCK), part = BLOCK - in < n - done ? BLOCK - in : n - done;

        if (block < file->file.blocks_n && file->file.blocks[block])
            memcpy(out + done, file->file.blocks[block] + in, part);
        else
            memset(out + done, 0, part);
        done += part;
    }
    return n;
}

/* Makes the list of blocks long enough for this one. */
static bool has_place_for(struct memory_node *file, uint64_t block)
{
    size_t n = file->file.blocks_n ? file->file.blocks_n : 4;
    unsigned char **more;

    if (block < file->file.blocks_n)
        return true;
    while (n <= block && n < SIZE_MAX / 2 / sizeof *more)
        n *= 2;
    more = n > block ? take(n * sizeof *more) : NULL;
    if (!more)
        return false;
    if (file->file.blocks_n)
        memcpy(more, file->file.blocks, file->file.blocks_n * sizeof *more);
    give_back(file->file.blocks, file->file.blocks_n * sizeof *more);
    file->file.blocks = more;
    file->file.blocks_n = n;
    return true;
}

static unsigned char *block_to_write(struct memory_node *file, uint64_t block)
{
    if (!has_place_for(file, block))
        return NULL;
    if (!file->file.blocks[block])
        file->file.blocks[block] = take(BLOCK);
    return file->file.blocks[block];
}

error_t memory_write(struct memory_node *file, uint64_t at, const void *from, size_t n, size_t *done)
{
    const unsigned char *in = from;

    *done = 0;
    if (at > INT64_MAX || n > INT64_MAX - at)
        return __WASI_ERRNO_FBIG;
    while (*done < n) {
        size_t start = (size_t)((at + *done) % BLOCK), part = BLOCK - start < n - *done ? BLOCK - start : n - *done;
        unsigned char *block = block_to_write(file, (at + *done) / BLOCK);

        if (!block)
            break;
        memcpy(block + start, in + *done, part);
        *done += part;
    }
    if (*done && at + *done > file->file.size)
        file->file.size = at + *done;
    if (*done)
        changed(file, true);
    return n && !*done ? __WASI_ERRNO_NOSPC : 0;
}

error_t memory_resize(struct memory_node *file, uint64_t size)
{
    size_t kept = size / BLOCK < file->file.blocks_n ? (size_t)(size / BLOCK) : file->file.blocks_n;

    if (size > INT64_MAX)
        return __WASI_ERRNO_FBIG;
    if (size < file->file.size) {
        size_t rest = (size_t)(size % BLOCK);

        if (rest && kept < file->file.blocks_n && file->file.blocks[kept])
            memset(file->file.blocks[kept] + rest, 0, BLOCK - rest);
        free_blocks(file, kept + (rest != 0));
    }
    file->file.size = size;
    changed(file, true);
    return 0;
}

error_t memory_allocate(struct memory_node *file, uint64_t at, uint64_t n)
{
    if (at > INT64_MAX || n > INT64_MAX - at)
        return __WASI_ERRNO_FBIG;
    if (!n)
        return __WASI_ERRNO_INVAL;
    if (n > room())
        return __WASI_ERRNO_NOSPC;
    for (uint64_t block = at / BLOCK; block <= (at + n - 1) / BLOCK; block++)
        if (!block_to_write(file, block))
            return __WASI_ERRNO_NOSPC;
    if (at + n > file->file.size)
        file->file.size = at + n;
    changed(file, true);
    return 0;
}

/* ---- Names ---- */

static uint32_t hash_of(const struct memory_node *folder, const char *text, size_t n)
{
    uint32_t hash = 2166136261u ^ (uint32_t)folder->inode;

    for (size_t i = 0; i < n; i++)
        hash = (hash ^ (unsigned char)text[i]) * 16777619u;
    return hash ^ hash >> 15;
}

static struct name *find_name(const struct memory_node *folder, const char *text, size_t n)
{
    uint32_t hash = hash_of(folder, text, n);
    struct name *name = table_n ? table[hash % table_n] : NULL;

    while (name && (name->hash != hash || name->folder != folder || name->n != n || memcmp(name->text, text, n) != 0))
        name = name->next_in_table;
    return name;
}

static bool grow_table(void)
{
    const size_t least = 64;
    size_t n;
    struct name **bigger;

    if (names_n < table_n || table_n > SIZE_MAX / 4 / sizeof *bigger)
        return true;
    n = 4 * table_n < least ? least : 4 * table_n;
    bigger = take(n * sizeof *bigger);
    if (!bigger)
        return table_n != 0; /* a small table is merely slow */
    for (size_t i = 0; i < table_n; i++)
        for (struct name *name = table[i], *next; name; name = next) {
            next = name->next_in_table;
            name->next_in_table = bigger[name->hash % n];
            bigger[name->hash % n] = name;
        }
    give_back(table, table_n * sizeof *table);
    table = bigger;
    table_n = n;
    return true;
}

static void put_into_table(struct name *name)
{
    struct name **place = &table[name->hash % table_n];

    name->next_in_table = *place;
    *place = name;
    names_n++;
}

static void take_from_table(const struct name *name)
{
    struct name **place = &table[name->hash % table_n];

    while (*place != name)
        place = &(*place)->next_in_table;
    *place = name->next_in_table;
    names_n--;
}

/* A name that is not in a directory yet. */
static struct name *new_name(const char *text, size_t n)
{
    struct name *name = n <= UINT16_MAX && grow_table() ? take(sizeof *name + n) : NULL;

    if (name) {
        name->n = (uint16_t)n;
        memcpy(name->text, text, n);
    }
    return name;
}

static void insert(struct name *name, struct memory_node *folder, struct memory_node *node)
{
    name->folder = folder;
    name->node = node;
    name->cookie = folder->folder.next_cookie++;
    name->hash = hash_of(folder, name->text, name->n);
    name->before = folder->folder.last;
    name->after = NULL;
    *(name->before ? &name->before->after : &folder->folder.first) = name;
    folder->folder.last = name;
    put_into_table(name);
    node->names++;
    if (memory_is_folder(node)) {
        node->folder.parent = folder;
        folder->folder.folders++;
    }
    changed(folder, true);
}

/* Removes a name from its directory and frees it, but not its node. */
static void take_out(struct name *name)
{
    struct memory_node *folder = name->folder, *node = name->node;

    take_from_table(name);
    *(name->before ? &name->before->after : &folder->folder.first) = name->after;
    *(name->after ? &name->after->before : &folder->folder.last) = name->before;
    if (folder->folder.last_read == name)
        folder->folder.last_read = NULL;
    node->names--;
    folder->folder.folders -= memory_is_folder(node);
    give_back(name, sizeof *name + name->n);
    changed(folder, true);
    changed(node, false);
}

static void remove_all(struct memory_node *top)
{
    struct memory_node *folder = top;

    while (folder->folder.first || folder != top) {
        struct name *name = folder->folder.first;
        struct memory_node *node;

        if (name && memory_is_folder(name->node) && name->node->folder.first) {
            folder = name->node;
            continue;
        }
        if (!name) {
            folder = folder->folder.parent;
            continue;
        }
        node = name->node;
        take_out(name);
        end_if_unused(node);
    }
}

void memory_reset(void)
{
    for (int i = 0; i < MEMORY_ROOTS; i++) {
        if (roots[i].inode)
            remove_all(&roots[i]);
        roots[i].folder.path = NULL;
        roots[i].changed = 0;
    }
    limit = 0;
}

/* ---- Paths ---- */

/* Replaces everything before `rest` by a text. `rest` is empty or begins with "/". */
static error_t splice(struct memory_place *p, const char *text, size_t n, const char *rest)
{
    size_t left = strlen(rest);

    if (n + left + 1 > sizeof p->text)
        return __WASI_ERRNO_NAMETOOLONG;
    memmove(p->text + n, rest, left + 1);
    memcpy(p->text, text, n);
    return 0;
}

/* The path continues above a root, with ".." at `up`. */
static error_t leave(struct memory_place *p, const struct memory_node *root, const char *up)
{
    const char *path = root->folder.path ? root->folder.path : "";
    size_t n = strlen(path);
    error_t error;

    if (n + 2 > sizeof p->text)
        return __WASI_ERRNO_NAMETOOLONG;
    error = splice(p, path, n, up);
    if (!error && n + 1 + strlen(p->text + n) + 1 > sizeof p->text)
        error = __WASI_ERRNO_NAMETOOLONG;
    if (error)
        return error;
    memmove(p->text + n + 1, p->text + n, strlen(p->text + n) + 1);
    p->text[n] = '/';
    return MEMORY_AWAY;
}

/* `rest` is the path after the link. */
static error_t follow_link(struct memory_place *p, const struct memory_node *link, const char *rest)
{
    error_t error;

    if (++p->links > MEMORY_LINKS)
        return __WASI_ERRNO_LOOP;
    error = splice(p, link->link.text, link->link.n, rest);
    return error ? error : p->text[0] == '/' ? MEMORY_AWAY : 0;
}

error_t memory_walk(struct memory_node *from, bool follow, struct memory_place *p)
{
    struct memory_node *folder = from;
    const char *at = p->text;

    if (!*at)
        return __WASI_ERRNO_NOENT;
    for (;;) {
        size_t n = strcspn(at, "/"), slashes = strspn(at + n, "/");
        const char *rest = at + n + slashes, *text = at;
        const struct name *name;

        at = rest;
        p->folder = folder;
        p->node = folder;
        p->name = text;
        p->n = 0;
        p->slash = slashes != 0;
        if (n == 2 && text[0] == '.' && text[1] == '.') {
            if (is_root(folder))
                return leave(p, folder, text);
            if (!folder->names)
                return __WASI_ERRNO_NOENT; /* it was removed */
            p->node = p->folder = folder = folder->folder.parent;
        } else if (n && !(n == 1 && *text == '.')) {
            error_t error;

            if (n > MEMORY_NAME)
                return __WASI_ERRNO_NAMETOOLONG;
            if (!folder->names)
                return __WASI_ERRNO_NOENT;
            name = find_name(folder, text, n);
            p->node = name ? name->node : NULL;
            p->n = n;
            if (!p->node)
                return *rest ? __WASI_ERRNO_NOENT : 0;
            if (is_link(p->node) && (*rest || follow || (p->slash && !p->keeps_link))) {
                error = follow_link(p, p->node, text + n);
                if (error)
                    return error;
                at = p->text;
                continue;
            }
            if (*rest && !memory_is_folder(p->node))
                return __WASI_ERRNO_NOTDIR;
        }
        if (!*rest)
            return 0;
        folder = p->node;
    }
}

error_t memory_has(const struct memory_place *p)
{
    if (!p->node)
        return __WASI_ERRNO_NOENT;
    return p->slash && !memory_is_folder(p->node) ? __WASI_ERRNO_NOTDIR : 0;
}

/* ---- Making, removing, renaming ---- */

static error_t may_make(const struct memory_place *p)
{
    if (p->node)
        return __WASI_ERRNO_EXIST;
    return p->folder->names ? 0 : __WASI_ERRNO_NOENT;
}

static error_t make(struct memory_place *p, __wasi_filetype_t type, mode_t mode)
{
    error_t error = may_make(p);
    struct memory_node *node;
    struct name *name;

    if (error)
        return error;
    name = new_name(p->name, p->n);
    node = name ? new_node(type, mode) : NULL;
    if (!node) {
        if (name)
            give_back(name, sizeof *name + p->n);
        return __WASI_ERRNO_NOSPC;
    }
    insert(name, p->folder, node);
    p->node = node;
    return 0;
}

error_t memory_make_file(struct memory_place *p, mode_t mode)
{
    return p->slash ? __WASI_ERRNO_ISDIR : make(p, __WASI_FILETYPE_REGULAR_FILE, mode);
}

error_t memory_make_folder(struct memory_place *p, mode_t mode)
{
    return make(p, __WASI_FILETYPE_DIRECTORY, mode);
}

error_t memory_make_link(struct memory_place *p, const char *text)
{
    size_t n = strlen(text);
    char *copy;
    error_t error = may_make(p);

    if (error || p->slash)
        return error ? error : __WASI_ERRNO_NOENT;
    if (!n || n >= MEMORY_PATH)
        return n ? __WASI_ERRNO_NAMETOOLONG : __WASI_ERRNO_NOENT;
    copy = take(n + TEXT_END);
    if (!copy)
        return __WASI_ERRNO_NOSPC;
    memcpy(copy, text, n);
    error = make(p, __WASI_FILETYPE_SYMBOLIC_LINK, 0777);
    if (error) {
        give_back(copy, n + TEXT_END);
        return error;
    }
    p->node->link.text = copy;
    p->node->link.n = n;
    return 0;
}

error_t memory_add_name(struct memory_place *p, struct memory_node *node)
{
    error_t error = may_make(p);
    struct name *name;

    if (error)
        return error;
    if (memory_is_folder(node))
        return __WASI_ERRNO_PERM;
    if (p->slash)
        return __WASI_ERRNO_NOENT;
    name = new_name(p->name, p->n);
    if (!name)
        return __WASI_ERRNO_NOSPC;
    insert(name, p->folder, node);
    changed(node, false);
    return 0;
}

const char *memory_link_text(const struct memory_node *node, size_t *n)
{
    if (!is_link(node))
        return NULL;
    *n = node->link.n;
    return node->link.text;
}

static void remove_name(const struct memory_place *p)
{
    take_out(find_name(p->folder, p->name, p->n));
    end_if_unused(p->node);
}

error_t memory_remove_folder(struct memory_place *p)
{
    if (!p->node)
        return __WASI_ERRNO_NOENT;
    if (!memory_is_folder(p->node))
        return __WASI_ERRNO_NOTDIR;
    if (is_root(p->node))
        return __WASI_ERRNO_BUSY;
    if (!p->n)
        return p->name[0] == '.' && p->name[1] == '.' ? __WASI_ERRNO_NOTEMPTY : __WASI_ERRNO_INVAL;
    if (p->node->folder.first)
        return __WASI_ERRNO_NOTEMPTY;
    remove_name(p);
    return 0;
}

error_t memory_remove_file(struct memory_place *p)
{
    error_t error = memory_has(p);

    if (error || memory_is_folder(p->node))
        return error ? error : __WASI_ERRNO_ISDIR;
    remove_name(p);
    return 0;
}

static bool is_below(const struct memory_node *folder, const struct memory_node *above)
{
    while (folder && folder != above)
        folder = folder->folder.parent;
    return folder != NULL;
}

/* Whether a file may replace the one that has the name. */
static error_t may_replace(const struct memory_node *node, const struct memory_place *to)
{
    if (!to->node)
        return 0;
    if (memory_is_folder(node) != memory_is_folder(to->node))
        return memory_is_folder(node) ? __WASI_ERRNO_NOTDIR : __WASI_ERRNO_ISDIR;
    return memory_is_folder(to->node) && to->node->folder.first ? __WASI_ERRNO_NOTEMPTY : 0;
}

error_t memory_rename(struct memory_place *from, struct memory_place *to)
{
    struct memory_node *node = from->node;
    struct name *name;
    error_t error;

    if (!from->n || !to->n)
        return __WASI_ERRNO_BUSY;
    error = memory_has(from);
    if (error)
        return error;
    if (to->slash && !memory_is_folder(node))
        return __WASI_ERRNO_NOTDIR;
    if (!to->folder->names)
        return __WASI_ERRNO_NOENT; /* it was removed */
    if (to->node == node)
        return 0;
    if (memory_is_folder(node) && is_below(to->folder, node))
        return __WASI_ERRNO_INVAL;
    if (to->node && memory_is_folder(to->node) && is_below(from->folder, to->node))
        return __WASI_ERRNO_NOTEMPTY;
    error = may_replace(node, to);
    if (error)
        return error;
    name = new_name(to->name, to->n);
    if (!name)
        return __WASI_ERRNO_NOSPC;
    if (to->node)
        remove_name(to);
    node->held++; /* without a name for a moment */
    take_out(find_name(from->folder, from->name, from->n));
    insert(name, to->folder, node);
    node->held--;
    return 0;
}

/* ---- Listing ---- */

static struct name *name_from(const struct memory_node *folder, uint64_t cookie)
{
    struct name *name = folder->folder.last_read;

    if (!name || name->cookie > cookie)
        name = folder->folder.first;
    while (name && name->cookie < cookie)
        name = name->after;
    return name;
}

bool memory_next(struct memory_node *folder, uint64_t cookie, struct memory_entry *entry)
{
    const struct memory_node *node = folder;
    struct name *name = NULL;

    if (!folder->names)
        return false;
    if (cookie >= FIRST_COOKIE) {
        name = name_from(folder, cookie);
        if (!name)
            return false;
        folder->folder.last_read = name;
        node = name->node;
    } else if (cookie && folder->folder.parent) {
        node = folder->folder.parent;
    }
    *entry = (struct memory_entry){
        .cookie = name ? name->cookie : cookie,
        .inode = node->inode,
        .name = name ? name->text : "..",
        .n = name ? name->n : (size_t)cookie + 1,
        .type = node->type,
    };
    return true;
}
