/* The number of the user, and of the group, that the program runs as, and that its files belong to. */
#ifndef WL_USER_H
#define WL_USER_H

enum { GUEST_USER = 1000 };

#endif
