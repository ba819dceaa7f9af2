#include "wall.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/landlock.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

/* ---- system calls ---- */

#if defined __x86_64__
#define ARCHITECTURE AUDIT_ARCH_X86_64
#elif defined __aarch64__
#define ARCHITECTURE AUDIT_ARCH_AARCH64
#endif

/* What a server of Python never does. (A list of what it may do would have to follow every version of libc.) */
static const int refused[] = {
    SYS_execve,
    SYS_execveat,
    SYS_ptrace,
    SYS_process_vm_readv,
    SYS_process_vm_writev,
    SYS_mount,
    SYS_umount2,
    SYS_pivot_root,
    SYS_chroot,
    SYS_setns,
    SYS_unshare,
    SYS_init_module,
    SYS_finit_module,
    SYS_delete_module,
    SYS_kexec_load,
    SYS_bpf,
    SYS_perf_event_open,
    SYS_add_key,
    SYS_request_key,
    SYS_keyctl,
    SYS_reboot,
    SYS_swapon,
    SYS_swapoff,
    SYS_open_by_handle_at,
    SYS_name_to_handle_at,
    SYS_userfaultfd,
    SYS_personality,
    SYS_quotactl,
    SYS_acct,
    SYS_settimeofday,
    SYS_clock_settime,
    SYS_sethostname,
    SYS_setdomainname,
    SYS_io_uring_setup,
    SYS_io_uring_enter,
    SYS_io_uring_register,
    SYS_pidfd_open,
    SYS_pidfd_getfd,
    SYS_pidfd_send_signal,
    SYS_kill,
    SYS_tkill,
    SYS_rt_sigqueueinfo,
    SYS_process_madvise,
    SYS_process_mrelease,
    SYS_kcmp,
    SYS_move_pages,
    SYS_migrate_pages,
    SYS_syslog,
    SYS_fanotify_init,
    SYS_lookup_dcookie,
    SYS_adjtimex,
    SYS_clock_adjtime,
    SYS_vhangup,
    SYS_mount_setattr,
    SYS_move_mount,
    SYS_open_tree,
    SYS_fsopen,
    SYS_fsconfig,
    SYS_fsmount,
    SYS_fspick,
#ifdef __x86_64__
    SYS_iopl,
    SYS_ioperm,
    SYS_modify_ldt,
#endif
    /* The last ones only if code may not connect to anything: */
    SYS_socket,
    SYS_connect,
    SYS_bind,
};
enum { FOR_NETWORK = 3 };

#ifdef ARCHITECTURE

/* A filter is a program for each call: a value is loaded, compared, and the call refused if it is what it must not be.
 */
struct filter {
    struct sock_filter code[2 * sizeof refused / sizeof *refused + 16];
    unsigned short n;
};

static void put(struct filter *f, uint16_t what, uint32_t value, uint8_t yes, uint8_t no)
{
    f->code[f->n++] = (struct sock_filter)BPF_JUMP(what, value, yes, no);
}

static void load(struct filter *f, size_t at)
{
    put(f, BPF_LD | BPF_W | BPF_ABS, (uint32_t)at, 0, 0);
}

static void refuse_if(struct filter *f, uint16_t compares, uint32_t value)
{
    put(f, BPF_JMP | compares | BPF_K, value, 0, 1);
    put(f, BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM, 0, 0);
}

static void refuse_unless(struct filter *f, uint32_t value)
{
    put(f, BPF_JMP | BPF_JEQ | BPF_K, value, 1, 0);
    put(f, BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM, 0, 0);
}

#endif

static bool refuse_calls(bool network)
{
#ifdef ARCHITECTURE
    enum { MOST = sizeof refused / sizeof *refused };
    struct filter f = {.n = 0};

    /* Other tables of calls, such as those of 32 bits, have other numbers; x32 has numbers from 0x40000000 on. */
    load(&f, offsetof(struct seccomp_data, arch));
    refuse_unless(&f, ARCHITECTURE);
    load(&f, offsetof(struct seccomp_data, nr));
    refuse_if(&f, BPF_JGE, 0x40000000);
    for (int i = 0; i < (network ? MOST - FOR_NETWORK : MOST); i++)
        refuse_if(&f, BPF_JEQ, (uint32_t)refused[i]);
    /* Signals are for its own threads only. (The low half of an argument comes first.) */
    put(&f, BPF_JMP | BPF_JEQ | BPF_K, SYS_tgkill, 1, 0);
    put(&f, BPF_JMP | BPF_JEQ | BPF_K, SYS_rt_tgsigqueueinfo, 0, 3);
    load(&f, offsetof(struct seccomp_data, args));
    refuse_unless(&f, (uint32_t)getpid());
    put(&f, BPF_RET | BPF_K, SECCOMP_RET_ALLOW, 0, 0);
    return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC,
                   &(struct sock_fprog){.len = f.n, .filter = f.code}) == 0;
#else
    (void)network;
    return true;
#endif
}

/* ---- files ---- */

static void allow(int rules, const char *path, uint64_t access)
{
    struct landlock_path_beneath_attr rule = {.allowed_access = access, .parent_fd = open(path, O_PATH | O_CLOEXEC)};

    if (rule.parent_fd < 0)
        return;
    syscall(SYS_landlock_add_rule, rules, LANDLOCK_RULE_PATH_BENEATH, &rule, 0);
    close(rule.parent_fd);
}

/* (A kernel without Landlock says so, and that is no failure.) */
static bool refuse_files(bool network, const char *socket)
{
    static const char *const for_names[] = {
        "/etc", "/usr/lib", "/usr/lib64", "/lib", "/lib64", "/run/systemd/resolve", "/var/run"};
    const uint64_t read = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR;
    struct landlock_ruleset_attr all = {.handled_access_fs = (LANDLOCK_ACCESS_FS_MAKE_SYM << 1) - 1};
    bool well;
    int rules;

    /* (Truncating and moving came with later versions.) */
    switch (syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION)) {
    case -1:
        return errno == ENOSYS || errno == EOPNOTSUPP;
    case 1:
        break;
    case 2:
        all.handled_access_fs |= 1 << 13;
        break;
    default:
        all.handled_access_fs |= 3 << 13;
    }
    rules = (int)syscall(SYS_landlock_create_ruleset, &all, sizeof all, 0);
    if (rules < 0)
        return false;
    allow(rules, "/proc/self", read);
    allow(rules, "/dev/null", LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE);
    for (size_t i = 0; network && i < sizeof for_names / sizeof *for_names; i++)
        allow(rules, for_names[i], read);
    if (socket) {
        char directory[PATH_MAX];
        char *slash;

        snprintf(directory, sizeof directory, "%s", socket);
        slash = strrchr(directory, '/');
        slash[slash == directory] = '\0';
        allow(rules, directory, LANDLOCK_ACCESS_FS_REMOVE_FILE);
    }
    well = syscall(SYS_landlock_restrict_self, rules, 0) == 0;
    close(rules);
    return well;
}

bool wall_build(bool network, const char *socket)
{
    const struct rlimit none = {0};

    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
        return false;
    return setrlimit(RLIMIT_CORE, &none) == 0 && refuse_files(network, socket) && refuse_calls(network);
}
