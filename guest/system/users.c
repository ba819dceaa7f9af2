/* The users and groups of the sandbox: the one that the program runs as, and root. There is no /etc/passwd, and the
 * user cannot be changed. */
#include "../user.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

static struct passwd users[] = {
    {"user", "x", GUEST_USER, GUEST_USER, "", "/home/user", "/bin/sh"},
    {"root", "x", 0, 0, "root", "/root", "/bin/sh"},
};
static char *nobody[] = {NULL};
static struct group groups[] = {
    {"user", "x", GUEST_USER, nobody},
    {"root", "x", 0, nobody},
};
static size_t next_user, next_group;

enum { USERS = sizeof users / sizeof *users, GROUPS = sizeof groups / sizeof *groups };

uid_t getuid(void)
{
    return GUEST_USER;
}

uid_t geteuid(void)
{
    return GUEST_USER;
}

gid_t getgid(void)
{
    return GUEST_USER;
}

gid_t getegid(void)
{
    return GUEST_USER;
}

int getgroups(int size, gid_t list[])
{
    if (size < 0) {
        errno = EINVAL;
        return -1;
    }
    if (size > 0)
        list[0] = GUEST_USER;
    return 1;
}

int getresuid(uid_t *real, uid_t *effective, uid_t *saved)
{
    *real = *effective = *saved = GUEST_USER;
    return 0;
}

int getresgid(gid_t *real, gid_t *effective, gid_t *saved)
{
    *real = *effective = *saved = GUEST_USER;
    return 0;
}

/* As for every user without privileges: it can become what it is. UINT32_MAX is -1, which means no change. */
static int become(int may_be_none, uid_t a, uid_t b, uid_t c)
{
    const uid_t wanted[] = {a, b, c};

    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++) {
        if (wanted[i] == GUEST_USER || (may_be_none && wanted[i] == UINT32_MAX))
            continue;
        errno = wanted[i] == UINT32_MAX ? EINVAL : EPERM;
        return -1;
    }
    return 0;
}

int setuid(uid_t uid)
{
    return become(0, uid, uid, uid);
}

int seteuid(uid_t uid)
{
    return become(0, uid, uid, uid);
}

int setreuid(uid_t real, uid_t effective)
{
    return become(1, real, effective, effective);
}

int setresuid(uid_t real, uid_t effective, uid_t saved)
{
    return become(1, real, effective, saved);
}

int setgid(gid_t gid)
{
    return become(0, gid, gid, gid);
}

int setegid(gid_t gid)
{
    return become(0, gid, gid, gid);
}

int setregid(gid_t real, gid_t effective)
{
    return become(1, real, effective, effective);
}

int setresgid(gid_t real, gid_t effective, gid_t saved)
{
    return become(1, real, effective, saved);
}

/* Only root may, even without a change. */
int setgroups(size_t n, const gid_t *list)
{
    (void)n;
    (void)list;
    errno = EPERM;
    return -1;
}

int initgroups(const char *user, gid_t group)
{
    (void)user;
    (void)group;
    errno = EPERM;
    return -1;
}

/* No user is in a further group. */
int getgrouplist(const char *user, gid_t group, gid_t *list, int *n)
{
    const int room = *n;

    (void)user;
    *n = 1;
    if (room < 1)
        return -1;
    *list = group;
    return 1;
}

char *getlogin(void)
{
    return users[0].pw_name;
}

struct passwd *getpwnam(const char *name)
{
    for (size_t i = 0; i < USERS; i++)
        if (strcmp(users[i].pw_name, name) == 0)
            return &users[i];
    return NULL;
}

struct passwd *getpwuid(uid_t uid)
{
    for (size_t i = 0; i < USERS; i++)
        if (users[i].pw_uid == uid)
            return &users[i];
    return NULL;
}

struct passwd *getpwent(void)
{
    return next_user < USERS ? &users[next_user++] : NULL;
}

void setpwent(void)
{
    next_user = 0;
}

void endpwent(void)
{
    next_user = 0;
}

struct group *getgrnam(const char *name)
{
    for (size_t i = 0; i < GROUPS; i++)
        if (strcmp(groups[i].gr_name, name) == 0)
            return &groups[i];
    return NULL;
}

struct group *getgrgid(gid_t gid)
{
    for (size_t i = 0; i < GROUPS; i++)
        if (groups[i].gr_gid == gid)
            return &groups[i];
    return NULL;
}

struct group *getgrent(void)
{
    return next_group < GROUPS ? &groups[next_group++] : NULL;
}

void setgrent(void)
{
    next_group = 0;
}

void endgrent(void)
{
    next_group = 0;
}
