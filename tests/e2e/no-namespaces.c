/* Runs a command where namespaces cannot be created, which is the default in a container: a seccomp filter refuses them
 * like Docker's, and the capabilities that such a container lacks are dropped.
 *
 *   no-namespaces COMMAND [ARGUMENT...] */
#include <errno.h>
#include <linux/audit.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#define NAMESPACES                                                                                                     \
    (CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWCGROUP)

#define LOAD(what) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, what))
#define ANSWER(what) BPF_STMT(BPF_RET | BPF_K, what)
#define REFUSE(error) ANSWER(SECCOMP_RET_ERRNO | (error))
/* The next statement is only for this call; others skip n statements. */
#define CALL(name, n) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_##name, 0, n)

static const struct sock_filter filter[] = {
    LOAD(nr),
    /* The C library falls back to clone, whose flags the filter can check. */
    CALL(clone3, 1),
    REFUSE(ENOSYS),
    CALL(setns, 1),
    REFUSE(EPERM),
    CALL(mount, 1),
    REFUSE(EPERM),
    CALL(umount2, 1),
    REFUSE(EPERM),
    CALL(pivot_root, 1),
    REFUSE(EPERM),
    CALL(unshare, 3),
    LOAD(args[0]),
    BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, NAMESPACES, 5, 0),
    ANSWER(SECCOMP_RET_ALLOW),
    CALL(clone, 2),
    LOAD(args[0]),
    BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, NAMESPACES, 1, 0),
    ANSWER(SECCOMP_RET_ALLOW),
    REFUSE(EPERM),
};

/* The capabilities that root has in a container by default. */
static const int kept[] = {CAP_CHOWN,   CAP_DAC_OVERRIDE, CAP_FSETID,           CAP_FOWNER,     CAP_MKNOD,
                           CAP_NET_RAW, CAP_SETGID,       CAP_SETUID,           CAP_SETFCAP,    CAP_SETPCAP,
                           CAP_KILL,    CAP_SYS_CHROOT,   CAP_NET_BIND_SERVICE, CAP_AUDIT_WRITE};

static int drop_capabilities(void)
{
    struct __user_cap_header_struct head = {_LINUX_CAPABILITY_VERSION_3, 0};
    struct __user_cap_data_struct data[2];
    unsigned long long mask = 0;

    for (size_t i = 0; i < sizeof kept / sizeof *kept; i++)
        mask |= 1ULL << kept[i];
    for (int cap = 0; cap <= CAP_LAST_CAP; cap++)
        if (!(mask >> cap & 1) && prctl(PR_CAPBSET_READ, cap) == 1 && prctl(PR_CAPBSET_DROP, cap) < 0)
            return -1;
    if (syscall(SYS_capget, &head, data) < 0)
        return -1;
    for (int i = 0; i < 2; i++) {
        unsigned part = (unsigned)(mask >> (32 * i));

        data[i].effective &= part;
        data[i].permitted &= part;
        data[i].inheritable &= part;
    }
    return (int)syscall(SYS_capset, &head, data);
}

static int set_filter(void)
{
    const struct sock_fprog program = {sizeof filter / sizeof *filter, (struct sock_filter *)filter};

    return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
}

int main(int argc, char **argv)
{
    if (argc < 2) {
        fprintf(stderr, "usage: no-namespaces COMMAND [ARGUMENT...]\n");
        return 2;
    }
    /* Root can set the filter directly, so that sudo still works. Other users must give up new privileges for it. */
    if (set_filter() < 0 && (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || set_filter() < 0)) {
        perror("no-namespaces: cannot set the filter");
        return 1;
    }
    if (geteuid() == 0 && drop_capabilities() < 0) {
        perror("no-namespaces: cannot drop capabilities");
        return 1;
    }
    execvp(argv[1], argv + 1);
    perror(argv[1]);
    return 127;
}
