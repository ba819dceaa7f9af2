#include "recipe/python.h"

#include "recipe/known_ports.h"
#include "util/str.h"
#include "util/version.h"

#include <string.h>

/* A Python's directory is called after its version: "v3.13.5". The directories beside it are recipes that several
 * Pythons share, and families. */
#define PYTHONS PYTHON_KIND "/v"
#define SUITES SUITES_KIND "/"

bool python_is(const char *port)
{
    return starts_with(port, PYTHONS) && port[strlen(PYTHONS)] >= '0' && port[strlen(PYTHONS)] <= '9' &&
           !strchr(port + strlen(PYTHONS), '/');
}

const char *python_version(const char *port)
{
    return port + strlen(PYTHONS);
}

char *python_series(const char *port)
{
    return version_series(python_version(port));
}

/* The port of that kind which is made for a Python: families keep the name of its directory (docs/recipes.md). A Python
 * with packages, "python/v3.13.5+numpy", shares those of the Python that it is made of. */
static char *made_for(const char *kind, const char *port)
{
    const char *version = python_version(port);

    return xasprintf("%s/v%.*s", kind, (int)strcspn(version, "+"), version);
}

char *python_build(const char *port)
{
    return made_for(BUILD_PYTHON_KIND, port);
}

char *python_tests(const char *port)
{
    return made_for(PYTHON_TESTS_KIND, port);
}

char *python_sources(const char *port)
{
    const char *last = strrchr(port, '/');

    if (!starts_with(port, PYTHON_KIND "/") || last[1] != 'v' || last[2] < '0' || last[2] > '9')
        return NULL;
    return xasprintf("%s%.*s", PYTHON_SOURCES_KIND, (int)strcspn(last, "+"), last);
}

char *python_profile(const char *port, bool native)
{
    return made_for(native ? NATIVE_PROFILE_KIND : PYTHON_PROFILE_KIND, port);
}

bool suite_is(const char *port)
{
    return starts_with(port, SUITES);
}

const char *suite_name(const char *port)
{
    return port + strlen(SUITES);
}

char *suite_port(const char *name)
{
    return xasprintf(SUITES "%s", name);
}
