/* The users and groups of the sandbox: the one that the program runs as, and root. There is no /etc/passwd, and the
 * user cannot be changed. */
#include "../user.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stddef.h>
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
