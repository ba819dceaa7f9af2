/* What `run` starts, recorded so that the next run starts it at once.
 *
 * Making a plan takes longer than starting a Python, and so does loading the libraries that the tool is linked with. So
 * the program wl-make (launch.c) has no library at all, not even libc. It looks for a record of the command line that
 * it is given. If none of the files that the record depends on has changed, it starts what is recorded. Otherwise it
 * starts the tool, wl-make-tool, which records what it starts (record.c).
 *
 * A record is a file CACHE/identity/launch-HASH, made and read on one machine by one version of the tool:
 *
 *     struct launch_header
 *     question    the command line up to the guest's words, and what else decides what it means
 *     directory   the working directory that the record is for; "": any
 *     command     the program that is started, and its arguments before the guest's
 *     base        a directory
 *     paths       the files whose fingerprint the header has; from the base unless they are absolute
 *
 * where each is a sequence of strings, which end in a zero byte. Reading it needs no allocation. */
#ifndef WL_LAUNCH_H
#define WL_LAUNCH_H

#include <linux/stat.h>
#include <stddef.h>
#include <stdint.h>

/* The version is part of it: another one may start programs in another way. */
#define LAUNCH_MAGIC "wl-launch 2 " WL_VERSION

/* The variable that wl-make.sh sets to its own path when it starts wl-make, and to nothing when it starts the tool. */
#define LAUNCH_SCRIPT_VARIABLE "WL_MAKE_SCRIPT"

/* The runner's option that gives the guest a descriptor of the caller's: "--fd=3" in the command. */
#define LAUNCH_FD_OPTION "--fd="

enum {
    LAUNCH_MAX_SIZE = 1 << 18,
    LAUNCH_NAME_SIZE = sizeof "launch-0123456789abcdef",
};

struct launch_header {
    char magic[32];
    uint32_t size; /* of the file */
    /* The sizes of the parts, in bytes. */
    uint32_t question, directory, command, base, paths;
    uint64_t fingerprint;
};

#define LAUNCH_HASH_INIT UINT64_C(0xcbf29ce484222325)

/* FNV-1a. It only chooses a file's name; the question in the file is compared. */
static inline uint64_t launch_hash(uint64_t hash, const char *data, size_t n)
{
    for (size_t i = 0; i < n; i++)
        hash = (hash ^ (unsigned char)data[i]) * UINT64_C(0x100000001b3);
    return hash;
}

static inline void launch_name(char name[LAUNCH_NAME_SIZE], uint64_t hash)
{
    static const char prefix[] = "launch-";
    size_t n = 0;

    for (; prefix[n]; n++)
        name[n] = prefix[n];
    for (int shift = 60; shift >= 0; shift -= 4)
        name[n++] = "0123456789abcdef"[hash >> shift & 15];
    name[n] = '\0';
}

static inline uint64_t launch_mix(uint64_t fingerprint, uint64_t value)
{
    fingerprint = (fingerprint ^ value) * UINT64_C(0x9e3779b97f4a7c15);
    return fingerprint ^ fingerprint >> 32;
}

/* Adds a file to a fingerprint: everything that changes when the file or, of a directory, an entry does. NULL: the file
 * does not exist. */
static inline uint64_t launch_add_file(uint64_t fingerprint, const struct statx *s)
{
    if (!s)
        return launch_mix(fingerprint, 0);
    fingerprint = launch_mix(fingerprint, (uint64_t)s->stx_dev_major << 32 | s->stx_dev_minor);
    fingerprint = launch_mix(fingerprint, s->stx_ino);
    fingerprint = launch_mix(fingerprint, s->stx_size);
    fingerprint = launch_mix(fingerprint, s->stx_mode);
    fingerprint = launch_mix(fingerprint, (uint64_t)s->stx_mtime.tv_sec);
    fingerprint = launch_mix(fingerprint, s->stx_mtime.tv_nsec);
    fingerprint = launch_mix(fingerprint, (uint64_t)s->stx_ctime.tv_sec);
    return launch_mix(fingerprint, s->stx_ctime.tv_nsec);
}

#endif
