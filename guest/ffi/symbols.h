/* ctypes.CDLL(None) finds what these headers declare and Python's libraries contain, except for a few names that
 * symbols.py leaves out. */
#include <Python.h>

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>
#include <unistd.h>
#include <wchar.h>

#include <sqlite3.h>
#include <zlib.h>

/* No public header declares it, but CPython's tests use it. */
extern const struct _frozen *_PyImport_FrozenBootstrap, *_PyImport_FrozenStdlib, *_PyImport_FrozenTest;
