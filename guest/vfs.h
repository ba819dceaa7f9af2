/* The files that a guest sees: a layer between libc and the host's WASI.
 *
 * All WASI calls of libc arrive here (wasi-host.h). A descriptor is one of these:
 *
 *   - A descriptor of the host. It is passed on as it is; this layer keeps nothing about it.
 *   - A file of our own, of one of the kinds below. Its number is VFS_FIRST or above, which no host reaches. Pipes and
 * copies have lower numbers, because select() must be able to use them, and so has a file that was moved (fd_renumber,
 * dup2).
 *   - A shared directory: the archive has it, and the host maps a directory of the same name. It has the host's
 *     number and shows the names of both.
 *
 * Our own files are:
 *
 *   - the archive (rofs.h), which is read-only: the library of a Python, or just an empty root, "/"
 *   - memory (memory.h): /tmp and the home directory. The host's take their place if the host maps them, or if it
 *     maps a writable directory that contains them.
 *   - devices (devices.h): /dev, unless the host maps it
 *   - pipes (pipe.h), which have no name
 *
 * If the archive and the host both have a name, the guest sees the archive's; two directories of the same name form
 * a shared directory again. The root of the archive is registered with libc as "/", and our other directories by
 * their names. libc uses the longest mapped directory that a path begins with. So a path in a directory that the
 * host maps below the root ("/data") does not pass through here, except in listings. A directory that the host maps
 * in or above the archive's directories ("/", "/usr") is noted as a shared directory.
 *
 * vfs.c holds the descriptors and vfs-notes.c what is remembered of them, vfs-files.c the calls on descriptors,
 * vfs-places.c finds where a path leads, vfs-paths.c has the calls on paths, vfs-modes.c what the host has of
 * permissions, and vfs-stat.c the functions of libc that deal with modes, owners and times. cwd.c runs before all of
 * them: it makes paths absolute. */
#ifndef WL_VFS_H
#define WL_VFS_H

#include "cwd.h"
#include "devices.h"
#include "memory.h"
#include "pipe.h"
#include "rofs.h"
#include "wasi-host.h"

#include <sys/types.h>

/* The home directory of a guest whose environment names none. */
#define VFS_HOME "/home/user"

enum { VFS_FIRST = 1 << 30, VFS_PATH = MEMORY_PATH, VFS_NAME = 255 };

enum vfs_kind { VFS_ARCHIVE, VFS_MEMORY, VFS_DEVICE, VFS_PIPE };

enum vfs_lock { VFS_UNLOCKED, VFS_SHARED, VFS_EXCLUSIVE };

/* An open file of our own. Descriptors that are copies of each other share it. */
struct vfs_file {
    enum vfs_kind kind;
    unsigned held; /* by how many descriptors */
    union {
        const struct rofs_node *node;
        struct memory_node *memory;
        enum device device;
        struct pipe *pipe;
    };
    unsigned char
        *inflated; /* the bytes of a file that is compressed in the archive, once it has been read; else NULL */
    uint64_t offset;
    __wasi_fdflags_t flags;
    bool reads, writes;
    enum vfs_lock lock; /* flock() */
};

/* A descriptor that is more than a descriptor of the host. */
struct vfs_entry {
    int64_t fd;                  /* the guest's number */
    int64_t host;                /* the host's descriptor behind it, or -1 */
    struct vfs_file *file;       /* NULL: only the number differs from the host's */
    __wasi_rights_t host_rights; /* the rights of what is opened below the host's directory */
    bool used;
    bool gone; /* the guest closed this number, but the host's descriptor is still in use behind another one */
};

/* ---- vfs.c: descriptors. A pointer to an entry is valid until an entry is added. ---- */

/* The entry of a number. NULL: there is none, so it is a descriptor of the host. */
struct vfs_entry *vfs_find(int64_t fd);
/* The entry of a number if it has a file of our own, or NULL. */
struct vfs_entry *vfs_find_file(__wasi_fd_t fd);
/* The host's number of a descriptor that only the host has; -1: it is our own, or closed. */
int64_t vfs_host_only(__wasi_fd_t fd);
/* As vfs_host_only, but also for shared directories. */
int64_t vfs_host_behind(__wasi_fd_t fd);
/* An entry with a new number of our own. NULL: out of memory. */
struct vfs_entry *vfs_take(void);
/* The one of a certain number, or a new one. */
struct vfs_entry *vfs_take_number(int64_t fd);
/* The same with a number that select() accepts, if one is free. */
struct vfs_entry *vfs_take_selectable(void);
/* If the number is that of a directory which the host maps, the directory gets another one, by which libc finds it from
 * now on. For the program, which has not opened the number, it is closed: a program that closes all numbers, as daemons
 * do, or gives one to another file, keeps its directories. */
error_t vfs_move_mapped(int64_t fd);
/* An open file of a kind; the caller sets the other members. NULL: out of memory. */
struct vfs_file *vfs_new_file(enum vfs_kind kind, __wasi_fdflags_t flags);
/* Gives a file a new number. On failure the file is closed. */
error_t vfs_give_number(struct vfs_file *file, __wasi_fd_t *fd);
void vfs_let_go(struct vfs_file *file);
/* Takes over what the host has just opened. A number that is in use here, or as high as ours, is replaced. */
error_t vfs_adopt(error_t error, __wasi_fd_t *fd);
/* A copy of a descriptor: with a new number, or replacing `fd`. */
error_t vfs_copy(__wasi_fd_t of, __wasi_fd_t *fd);
error_t vfs_copy_to(__wasi_fd_t of, __wasi_fd_t fd);
/* Locks a file of our own as a whole. AGAIN: another opening of it has a lock that is in the way. */
error_t vfs_lock(__wasi_fd_t fd, enum vfs_lock lock);
/* The name of a mapped directory of the host: "" if the host does not give one. NULL: it is not a mapped directory,
 * or out of memory. The caller frees it. */
char *vfs_name_of_mapped(int64_t fd);
/* Makes all mapped directories visible in the listings of the directories above them. Only the first call does
 * something. */
void vfs_show_mapped(void);

/* For calls on descriptors: sets `host` to the host's number, or to -1 for a file of our own; returns if there is
 * neither. */
#define VFS_PASS(fd, host)                                                                                             \
    int64_t host = vfs_host_only(fd);                                                                                  \
    if (host < 0 && !vfs_find_file(fd))                                                                                \
    return __WASI_ERRNO_BADF

/* A call of the host that may wait. After an interrupt it is made again, if the handlers want that. Needs threads.h. */
#define VFS_WAIT(error, call)                                                                                          \
    do                                                                                                                 \
        (error) = (call);                                                                                              \
    while (threads_again(error))

/* ---- vfs-notes.c ---- */

/* At the start: forgets everything; the standard streams are inherited. */
void vfs_forget_notes(void);
/* The host has opened a descriptor by a path, relative to another one. */
void vfs_note_path(int64_t host, int64_t above, const char *path);
void vfs_move_path(int64_t from, int64_t to);
void vfs_forget_path(int64_t host);
/* The absolute path that a directory of the host was mapped or opened by; it may lead elsewhere by now. NULL: unknown,
 * or out of memory. The caller frees it. */
char *vfs_path_of(int64_t host);
bool vfs_is_opened(int64_t host);
/* Whether a process that gets all (subprocess's close_fds=False) gets this one: not FD_CLOEXEC. What is opened here is
 * not inherited, because WASI's open() does not tell whether it should be; a copy is. */
bool vfs_is_inherited(int64_t fd);
error_t vfs_inherit(int64_t fd, bool inherits);
/* The numbers of those that are, in no order; -1: there are no more. */
int64_t vfs_inherited(size_t at);

/* ---- vfs-files.c ---- */

bool vfs_is_folder(const struct vfs_file *file);
/* Whether reading or writing would not wait, and how many bytes can be read at once. */
bool vfs_is_ready(const struct vfs_file *file, bool to_write);
uint64_t vfs_left_to_read(const struct vfs_file *file);
/* The status of a node of the archive. */
void vfs_stat_node(const struct rofs_node *node, __wasi_filestat_t *stat, mode_t *mode);
/* As fd_filestat_get, and the permissions. */
error_t vfs_stat_fd(__wasi_fd_t fd, __wasi_filestat_t *stat, mode_t *mode);

/* The size of a file system, and how much is free. For another host than ours it is unknown: ENOTSUP. */
struct vfs_room {
    unsigned long block;         /* bytes */
    uint64_t blocks, free, left; /* left: to the guest */
    uint64_t files, files_free, files_left;
    unsigned long name; /* the longest */
    bool read_only;
};
/* For one of our own file systems; if `host` is not -1, for the host's. */
error_t vfs_room_of(enum vfs_kind kind, int64_t host, struct vfs_room *room);
/* For the file system of an open file. */
error_t vfs_room_fd(__wasi_fd_t fd, struct vfs_room *room);

/* ---- vfs-paths.c ---- */

/* As path_filestat_get, and the permissions. */
error_t vfs_stat_path(__wasi_fd_t fd, __wasi_lookupflags_t flags, const char *path, __wasi_filestat_t *stat,
                      mode_t *mode);
error_t vfs_chmod(__wasi_fd_t fd, const char *path, mode_t mode, bool follow);
/* Whether the owner of a file may be set: to the one it has, or to another. */
error_t vfs_chown(__wasi_fd_t fd, const char *path, bool to_other, bool follow);
/* As vfs_room_fd. */
error_t vfs_room_path(__wasi_fd_t fd, const char *path, struct vfs_room *room);
/* Whether a file may be read, written, executed (R_OK ...). */
error_t vfs_access(__wasi_fd_t fd, const char *path, int how, bool follow);

/* ---- vfs-modes.c: permissions of the host's files ---- */

/* Whether the host has permissions: one of ours, with a shared directory. Asks it once after the start. */
bool vfs_has_modes(void);
/* At the start: forgets what was asked. */
void vfs_forget_modes(void);
/* The umask of the host's process, which a program has until it sets its own. */
mode_t vfs_host_mask(void);
/* The host's calls, and the permissions: the usual ones, if the host has none. While a snapshot is made, what must not
 * end up in it is cleared. */
error_t vfs_host_stat_fd(int64_t fd, __wasi_filestat_t *stat, mode_t *mode);
error_t vfs_host_stat_path(int64_t fd, __wasi_lookupflags_t flags, const char *path, __wasi_filestat_t *stat,
                           mode_t *mode);
/* The following only if vfs_has_modes(). As path_open and path_create_directory, with the mode of what is created. */
error_t vfs_host_create(int64_t fd, __wasi_lookupflags_t lookup, const char *path, __wasi_oflags_t how,
                        __wasi_rights_t base, __wasi_rights_t inheriting, __wasi_fdflags_t flags, mode_t mode,
                        __wasi_fd_t *opened);
error_t vfs_host_make_folder(int64_t fd, const char *path, mode_t mode);
/* Sets the permissions of an open file (path NULL), or of the file that a path leads to. */
error_t vfs_host_chmod(int64_t fd, const char *path, mode_t mode, bool follow);
error_t vfs_host_access(int64_t fd, const char *path, int how, bool follow);

/* ---- vfs-stat.c ---- */

/* The permissions of the file that is being created: those asked for, minus the umask. */
mode_t vfs_mode_for(mode_t otherwise);

#endif
