/* The command line of wlpy. */
#ifndef WL_SERVE_OPTIONS_H
#define WL_SERVE_OPTIONS_H

#include "http.h"

#include <limits.h>

enum { MOST_RULES = 64, STATUS_USAGE = 2 };

struct options {
    bool http; /* serve; else mcp */
    struct sandbox_config sandbox;
    struct http_config server;
    const char *net[MOST_RULES], *hosts[MOST_RULES];
    char program[PATH_MAX], cache[PATH_MAX], token[1024];
};

/* 0; the exit status with a message, if something is wrong; -1 if it only has to end, after --help or --version. */
int options_read(struct options *o, int argc, char **argv);

/* A line on standard error. Returns STATUS_USAGE. */
int refuse(const char *what, const char *value, const char *hint);

#endif
