/* Directories in memory: random calls on one and on a real directory answer the same; and their limits. */
#include "guest.h"
#include "wasi/tree.h"

#include <fcntl.h>

enum { BYTES = 1 << 26, ENTRIES = 5000 };
enum { REAL = 0, TREE = 1, PATH = 1000, OTHER = 6000, DATA = 12000, IOV = 200, RESULT = 8 };

static char top[64];
static struct tree *tree;

static int set_up(void **state)
{
    int fd;

    (void)state;
    memset(bytes, 0, sizeof bytes);
    strcpy(top, "/tmp/wl-tree.XXXXXX");
    w = (struct wasi){.memory = memory, .output_left = UINT64_MAX};
    tree = tree_new(BYTES, ENTRIES);
    fd = mkdtemp(top) ? open(top, O_RDONLY | O_DIRECTORY) : -1;
    return tree && fd >= 0 && wasi_give(&w, fd, "/real", false, false) == REAL &&
                   wasi_give_tree(&w, tree, "/tree", false) == TREE
               ? 0
               : -1;
}

static int tear_down(void **state)
{
    char script[100];

    (void)state;
    wasi_free(&w);
    tree_free(tree);
    snprintf(script, sizeof script, "rm -rf %s", top);
    return system(script);
}

/* ---- the same calls ---- */

static uint64_t seed;

static unsigned any(unsigned n)
{
    seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (unsigned)(seed >> 33) % n;
}

static uint32_t random_path(uint32_t at)
{
    static const char *const parts[] = {"a", "b", "c", "a", "b", "..", ".", "l", "m"};
    char path[64] = "";

    for (unsigned n = 1 + any(3); n > 0; n--) {
        strcat(path, parts[any(sizeof parts / sizeof *parts)]);
        if (n > 1 || any(12) == 0)
            strcat(path, any(10) ? "/" : "//");
    }
    strcpy((char *)bytes + at, path);
    return (uint32_t)strlen(path);
}

/* What an answer was: the errno, and a number of what it gave. */
struct answer {
    uint32_t e;
    uint64_t gave;
};

static uint64_t hash(const uint8_t *p, size_t n)
{
    uint64_t h = 1;

    for (size_t i = 0; i < n; i++)
        h = (h ^ p[i]) * UINT64_C(1099511628211);
    return h;
}

/* The names and types in a directory, in any order. */
static struct answer list(uint32_t fd, uint32_t room)
{
    struct answer a = {0, 0};
    uint64_t cookie = 0;

    for (;;) {
        uint32_t used, at = 0;

        a.e = wasi_fd_readdir(&w, fd, DATA, room, cookie, RESULT);
        if (a.e)
            return a;
        used = get(RESULT);
        while (used - at >= 24) {
            uint32_t length = get(DATA + at + 16);

            if (used - at - 24 < length)
                break;
            cookie = wasi_load(memory(NULL), DATA + at, 8);
            a.gave += hash(bytes + DATA + at + 24, length) + bytes[DATA + at + 20];
            at += 24 + length;
        }
        if (used < room)
            return a;
        assert_true(at > 0);
    }
}

/* Does something with an open file, and closes it. */
static struct answer use(uint32_t fd, unsigned what, unsigned number)
{
    struct answer a = {0, 0};

    put(IOV, 4, DATA);
    put(IOV + 4, 4, number % 700);
    memset(bytes + RESULT, 0, 8);
    switch (what) {
    case 0:
        memset(bytes + DATA, (int)number, 700);
        a.e = wasi_fd_write(&w, fd, IOV, 1, RESULT);
        a.gave = get(RESULT);
        if (a.e == 0 && number % 3 == 0)
            a.e = wasi_fd_write(&w, fd, IOV, 1, RESULT);
        break;
    case 1:
        memset(bytes + DATA, 0, 700);
        a.e = wasi_fd_read(&w, fd, IOV, 1, RESULT);
        a.gave = get(RESULT) + hash(bytes + DATA, 700);
        break;
    case 2:
        memset(bytes + DATA, (int)number, 700);
        a.e = wasi_fd_pwrite(&w, fd, IOV, 1, number % 3000, RESULT);
        a.gave = get(RESULT);
        break;
    case 3:
        a.e = wasi_fd_seek(&w, fd, (uint64_t)((int64_t)number % 300 - 100), number % 3, RESULT);
        a.gave = wasi_load(memory(NULL), RESULT, 8);
        if (a.e == 0) {
            memset(bytes + DATA, 0, 700);
            a.e = wasi_fd_read(&w, fd, IOV, 1, RESULT);
            a.gave += hash(bytes + DATA, 700);
        }
        break;
    case 4:
        a.e = wasi_fd_filestat_set_size(&w, fd, number % 5000);
        break;
    case 5:
        a.e = wasi_fd_filestat_get(&w, fd, DATA);
        /* (The size of a directory is the file system's own.) */
        a.gave = bytes[DATA + 16] * 1000 + (bytes[DATA + 16] == WASI_DIRECTORY ? 0 : get(DATA + 32) + get(DATA + 24));
        break;
    case 6:
        a = list(fd, 100 + number % 400);
        break;
    default:
        a.e = wasi_fd_filestat_set_times(&w, fd, 1000000007, 2000000009, WASI_ATIM | WASI_MTIM);
        if (a.e == 0)
            a.e = wasi_fd_filestat_get(&w, fd, DATA);
        a.gave = wasi_load(memory(NULL), DATA + 40, 8) + wasi_load(memory(NULL), DATA + 48, 8);
    }
    if (wasi_fd_filestat_get(&w, fd, DATA) == 0 && bytes[DATA + 16] != WASI_DIRECTORY)
        a.gave += (uint64_t)get(DATA + 32) << 32;
    assert_int_equal(wasi_fd_close(&w, fd), 0);
    return a;
}

static struct answer call(uint32_t dir, unsigned what, uint32_t path, uint32_t other, unsigned number)
{
    static const uint64_t rights[] = {WASI_R_FD_READ, WASI_R_FD_WRITE, WASI_R_FD_READ | WASI_R_FD_WRITE};
    struct answer a = {0, 0};

    switch (what) {
    case 0:
        return (struct answer){wasi_path_create_directory(&w, dir, PATH, path), 0};
    case 1:
        return (struct answer){wasi_path_remove_directory(&w, dir, PATH, path), 0};
    case 2:
        return (struct answer){wasi_path_unlink_file(&w, dir, PATH, path), 0};
    case 3:
        return (struct answer){wasi_path_rename(&w, dir, PATH, path, dir, OTHER, other), 0};
    case 4:
        return (struct answer){wasi_path_link(&w, dir, 0, PATH, path, dir, OTHER, other), 0};
    case 5:
        return (struct answer){wasi_path_symlink(&w, OTHER, other, dir, PATH, path), 0};
    case 6:
        memset(bytes + DATA, 0, 100);
        a.e = wasi_path_readlink(&w, dir, PATH, path, DATA, 100, RESULT);
        a.gave = a.e ? 0 : hash(bytes + DATA, 100) + get(RESULT);
        return a;
    case 7:
        a.e = wasi_path_filestat_get(&w, dir, number & 1, PATH, path, DATA);
        if (a.e == 0 && bytes[DATA + 16] != WASI_DIRECTORY)
            a.gave = get(DATA + 32) * 10 + get(DATA + 24) + bytes[DATA + 16];
        return a;
    default:
        a.e = wasi_path_open(&w, dir, number & 1, PATH, path, number >> 1 & 15,
                             rights[number % 3] | WASI_R_FD_SEEK | WASI_R_FD_FILESTAT_GET | WASI_R_FD_SET_SIZE |
                                 WASI_R_FD_SET_TIMES | WASI_R_FD_READDIR,
                             0, number & 64 ? WASI_FD_APPEND : 0, RESULT);
        return a.e ? a : use(get(RESULT), number % 8, number);
    }
}

/* If several things are wrong at once, file systems check them in different orders. */
static bool alike(unsigned what, struct answer real, struct answer mine)
{
    if (real.e == 0 || mine.e == 0)
        return real.e == mine.e && real.gave == mine.gave;
    (void)what;
    return true;
}

/* What is counted is what is there. */
static void check_counts(const struct tree *t, uint64_t most_bytes, uint64_t most_entries)
{
    static const struct tree_node *todo[5000];
    size_t n = 0;

    todo[n++] = t->root;
    for (size_t i = 0; i < n; i++) {
        most_bytes -= todo[i]->size;
        for (const struct tree_entry *e = todo[i]->first; e; e = e->next) {
            size_t k = 0;

            most_entries--;
            while (k < n && todo[k] != e->node)
                k++;
            assert_true(k < sizeof todo / sizeof *todo);
            if (k == n)
                todo[n++] = e->node;
        }
    }
    assert_int_equal(t->bytes_left, most_bytes);
    assert_int_equal(t->entries_left, most_entries);
}

static void test_as_a_real_directory(void **state)
{
    static const char *const names[] = {"mkdir",   "rmdir",    "unlink", "rename", "link",
                                        "symlink", "readlink", "stat",   "open"};
    unsigned well = 0, same = 0, wrong = 0;

    (void)state;
    for (seed = 1; seed < 120; seed++) {
        uint64_t begun = seed;

        for (unsigned i = 0; i < 1500; i++) {
            unsigned what = any(14), number = any(1 << 20);
            uint32_t path = random_path(PATH), other = random_path(OTHER);
            struct answer real, mine;

            what = what > 8 ? 8 : what;
            real = call(REAL, what, path, other, number);
            mine = call(TREE, what, path, other, number);
            if (!alike(what, real, mine))
                fail_msg("seed %d, call %u: %s %s %s (%u): %u gives %llx and not %u with %llx", (int)begun, i,
                         names[what], bytes + PATH, bytes + OTHER, number, mine.e, (unsigned long long)mine.gave,
                         real.e, (unsigned long long)real.gave);
            well += real.e == 0;
            same += real.e != 0 && real.e == mine.e;
            wrong += real.e != mine.e;
        }
        check_counts(tree, BYTES, ENTRIES);
        /* (Each round continues with what the one before has left.) */
        seed = begun;
    }
    assert_true(well > 10000);
    /* Most errors are the same, too. */
    assert_true(same > 20 * wrong);
}

/* ---- its own limits ---- */

static void test_limits(void **state)
{
    struct tree *t = tree_new(1000, 3);
    struct tree_place p;
    struct tree_node *a, *b;
    uint8_t text[2000] = {1};
    size_t n;

    (void)state;
    assert_int_equal(tree_find(t->root, "a", true, &p), 0);
    assert_int_equal(tree_create(&p, WASI_REGULAR_FILE, &a), 0);
    assert_int_equal(tree_write(a, 0, text, sizeof text, &n), 0);
    assert_int_equal(n, 1000);
    assert_int_equal(tree_write(a, 1000, text, 1, &n), WASI_EDQUOT);
    assert_int_equal(tree_write(a, UINT64_MAX - 1, text, 1, &n), WASI_EFBIG);
    assert_int_equal(tree_resize(a, 1001), WASI_EDQUOT);
    assert_int_equal(tree_resize(a, UINT64_MAX), WASI_EDQUOT);
    assert_int_equal(tree_write(a, 999, text, 1, &n), 0);
    assert_int_equal(tree_find(t->root, "b", true, &p), 0);
    assert_int_equal(tree_create(&p, WASI_REGULAR_FILE, &b), 0);
    assert_int_equal(tree_write(b, 0, text, 1, &n), WASI_EDQUOT);
    assert_int_equal(tree_find(t->root, "c", true, &p), 0);
    assert_int_equal(tree_link(&p, b), 0);
    assert_int_equal(tree_find(t->root, "d", true, &p), 0);
    assert_int_equal(tree_link(&p, b), WASI_EDQUOT);
    assert_int_equal(tree_create(&p, WASI_DIRECTORY, NULL), WASI_EDQUOT);
    /* One that is removed while somebody has it keeps its content until then. */
    tree_hold(a);
    assert_int_equal(tree_find(t->root, "a", true, &p), 0);
    assert_int_equal(tree_remove(&p, false), 0);
    assert_int_equal(tree_write(b, 0, text, 1, &n), WASI_EDQUOT);
    assert_int_equal(tree_read(a, 0, text, 1), 1);
    tree_drop(a);
    assert_int_equal(tree_write(b, 0, text, 1, &n), 0);
    assert_int_equal(t->bytes_left, 999);
    assert_int_equal(t->entries_left, 1);
    tree_free(t);
}

static void test_deep_trees_and_circles(void **state)
{
    struct tree *t = tree_new(100000, 20000);
    struct tree_node *at = t->root, *link;
    struct tree_place p;
    size_t n;

    (void)state;
    for (int i = 0; i < 19000; i++) {
        assert_int_equal(tree_find(at, "d", true, &p), 0);
        assert_int_equal(tree_create(&p, WASI_DIRECTORY, &at), 0);
    }
    assert_int_equal(tree_find(t->root, "l", false, &p), 0);
    assert_int_equal(tree_create(&p, WASI_SYMBOLIC_LINK, &link), 0);
    assert_int_equal(tree_write(link, 0, "l/l/l/l", 7, &n), 0);
    assert_int_equal(tree_find(t->root, "l", true, &p), WASI_ELOOP);
    assert_int_equal(tree_find(t->root, "d/../../x", true, &p), WASI_EPERM);
    assert_int_equal(tree_find(t->root, "/d", true, &p), WASI_EPERM);
    assert_int_equal(tree_find(t->root, "", true, &p), WASI_ENOENT);
    tree_free(t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_as_a_real_directory, set_up, tear_down),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_deep_trees_and_circles),
    };

    return cmocka_run_group_tests_name("tree", tests, NULL, NULL);
}
