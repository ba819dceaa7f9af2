/* The user and group ID of the program, and of all its files. */
#ifndef WL_USER_H
#define WL_USER_H

enum { GUEST_USER = 1000 };

#endif
