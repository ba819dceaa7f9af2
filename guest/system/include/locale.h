/* A setlocale() that refuses locales that do not exist: see guest/system/locale.c. */
#ifndef WL_LOCALE_H
#define WL_LOCALE_H

#include_next <locale.h>

char *wl_setlocale(int category, const char *name);

#define setlocale(category, name) wl_setlocale(category, name)

#endif
