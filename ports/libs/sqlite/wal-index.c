/* Part of locks.c: the index of a write-ahead log (the file -shm), which processes have in common. SQLite maps that file into the
 * memory of each; WebAssembly cannot map files. So each process has a copy of the file here, which it brings up to date wherever
 * SQLite needs the memory of another process to be visible: when it takes a lock, before it gives one back, and at SQLite's memory
 * barriers. A process changes words only while it has an exclusive lock that nobody else has, so copies never contradict each other.
 * Programs of this machine that map the file see what is written to it.
 *
 * A process that reads the two copies of the header must not find the first one from before and the second one from after a change:
 * ports/libs/sqlite/recipe.yaml adds barriers in front of the first and behind the last.
 *
 * Behind the memory of a region that SQLite sees is what the file had when both were the same. */

/* The header, twice, and what checkpoints and readers have written: read as a whole. */
enum { INDEX_HEADER = WALINDEX_HDR_SIZE };
/* Locks for those that change the file: of writers, checkpoints and a recovery. */
enum { CHANGING = 3 };

static void *map_region(void *at, size_t size, int protection, int flags, int fd, off_t offset)
{
    char *region = malloc(2 * size);
    ssize_t n = region ? pread(fd, region, size, offset) : -1;

    (void)at, (void)protection, (void)flags;
    if (n < 0) {
        free(region);
        return MAP_FAILED;
    }
    memset(region + n, 0, size - (size_t)n);
    memcpy(region + size, region, size);
    return region;
}

static int unmap_region(void *at, size_t size)
{
    (void)size;
    free(at);
    return 0;
}

/* A region is one mapping. */
static int region_page(void)
{
    return 4096;
}

/* Whether a connection of this process may have changed something. */
static int has_exclusive_lock(const unixShmNode *node)
{
    for (const unixShm *p = node->pFirst; p; p = p->pNext)
        if (p->exclMask)
            return 1;
    return 0;
}

/* Writes the words from `from` to `to` of a region that differ from those of the file. */
static int write_changes(const unixShmNode *node, int region, size_t from, size_t to)
{
    u32 *now = (u32 *)node->apRegion[region], *before = now + node->szRegion / sizeof *now;
    const size_t end = to / sizeof *now;

    for (size_t i = from / sizeof *now; i < end;) {
        const size_t first = i;

        while (i < end && now[i] != before[i])
            i++;
        if (i == first) {
            i++;
            continue;
        }
        if (pwrite(node->hShm, now + first, (i - first) * sizeof *now,
                   (off_t)region * node->szRegion + (off_t)(first * sizeof *now)) != (ssize_t)((i - first) * sizeof *now))
            return SQLITE_IOERR_SHMMAP;
        memcpy(before + first, now + first, (i - first) * sizeof *now);
    }
    return SQLITE_OK;
}

/* The header comes last, because it says how much of the rest counts. */
static int write_all_changes(const unixShmNode *node)
{
    int r = SQLITE_OK;

    for (int i = node->nRegion - 1; r == SQLITE_OK && i >= 0; i--)
        r = write_changes(node, i, i ? 0 : INDEX_HEADER, (size_t)node->szRegion);
    return r == SQLITE_OK && node->nRegion ? write_changes(node, 0, 0, INDEX_HEADER) : r;
}

/* What this process has not changed becomes what the file has. *changed: whether it was something else. */
static int read_again(const unixShmNode *node, int region, size_t from, size_t to, int *changed)
{
    u32 *now = (u32 *)node->apRegion[region], *before = now + node->szRegion / sizeof *now;
    u32 words[1024];

    while (from < to) {
        const size_t size = to - from < sizeof words ? to - from : sizeof words, at = from / sizeof *now;

        if (pread(node->hShm, words, size, (off_t)region * node->szRegion + (off_t)from) != (ssize_t)size)
            return SQLITE_IOERR_SHMMAP;
        if (memcmp(words, before + at, size) != 0) {
            *changed = 1;
            for (size_t i = 0; i < size / sizeof *words; i++)
                if (now[at + i] == before[at + i])
                    now[at + i] = before[at + i] = words[i];
        }
        from += size;
    }
    return SQLITE_OK;
}

/* whole: also if the header is as before. */
static int bring_up_to_date(unixShmNode *node, int whole)
{
    int r = SQLITE_OK;

    if (!node || node->hShm < 0)
        return SQLITE_OK;
    sqlite3_mutex_enter(node->pShmMutex);
    if (!node->isReadonly && has_exclusive_lock(node))
        r = write_all_changes(node);
    if (r == SQLITE_OK && node->nRegion)
        r = read_again(node, 0, 0, INDEX_HEADER, &whole);
    for (int i = 0; r == SQLITE_OK && whole && i < node->nRegion; i++)
        r = read_again(node, i, i ? 0 : INDEX_HEADER, (size_t)node->szRegion, &whole);
    sqlite3_mutex_leave(node->pShmMutex);
    return r;
}

static unixShmNode *node_of(sqlite3_file *file)
{
    const unixShm *shm = ((unixFile *)file)->pShm;

    return shm ? shm->pShmNode : NULL;
}

static int lock_index(sqlite3_file *file, int first, int n, int how)
{
    int r = how & SQLITE_SHM_UNLOCK ? bring_up_to_date(node_of(file), 0) : SQLITE_OK, unlocked;

    if (how & SQLITE_SHM_UNLOCK) {
        unlocked = unixShmLock(file, first, n, how);
        return r == SQLITE_OK ? unlocked : r;
    }
    r = unixShmLock(file, first, n, how);
    if (r != SQLITE_OK)
        return r;
    r = bring_up_to_date(node_of(file), first < CHANGING && how & SQLITE_SHM_EXCLUSIVE);
    if (r != SQLITE_OK)
        unixShmLock(file, first, n, (how & ~SQLITE_SHM_LOCK) | SQLITE_SHM_UNLOCK);
    return r;
}

/* (What fails here fails again at the next lock.) */
static void index_barrier(sqlite3_file *file)
{
    unixShmBarrier(file);
    (void)bring_up_to_date(node_of(file), 0);
}
