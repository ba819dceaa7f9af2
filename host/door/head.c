#include "door/head.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { BAD_REQUEST = 400, NOT_ALLOWED = 405, TOO_LARGE = 431, NOT_IMPLEMENTED = 501 };

/* ---- parsing ---- */

static bool is_token(const char *s, size_t n)
{
    static const char marks[] = "!#$%&'*+-.^_`|~";

    for (size_t i = 0; i < n; i++)
        if (!(s[i] >= '0' && s[i] <= '9') && !(s[i] >= 'A' && s[i] <= 'Z') && !(s[i] >= 'a' && s[i] <= 'z') &&
            (!s[i] || !strchr(marks, s[i])))
            return false;
    return n > 0;
}

/* The line that begins there, without its end; moves *text behind it. NULL: it does not end as it must, or has a
 * character that no line has. */
static char *take_line(char **text, const char *end)
{
    char *line = *text, *at = line;

    while (at < end && *at != '\r')
        if (((unsigned char)*at < ' ' && *at != '\t') || *at++ == 0x7f)
            return NULL;
    if (end - at < 2 || at[1] != '\n')
        return NULL;
    *at = '\0';
    *text = at + 2;
    return line;
}

static int parse_request(char *line, struct head *h)
{
    char *target = strchr(line, ' '), *version = target ? strchr(target + 1, ' ') : NULL;
    size_t n = target ? (size_t)(target - line) : 0;

    if (!version || !is_token(line, n) || n >= sizeof h->method)
        return BAD_REQUEST;
    memcpy(h->method, line, n);
    h->method[n] = '\0';
    *version++ = '\0';
    h->target = target + 1;
    h->old = !strcmp(version, "HTTP/1.0");
    if (!h->old && strcmp(version, "HTTP/1.1") != 0)
        return BAD_REQUEST;
    /* TRACE would send the headers back, and CONNECT leads elsewhere. */
    if (!strcmp(h->method, "TRACE") || !strcmp(h->method, "CONNECT"))
        return NOT_ALLOWED;
    if (*h->target != '/')
        return BAD_REQUEST;
    for (const char *c = h->target; *c; c++)
        if (*c <= ' ' || *c == '#')
            return BAD_REQUEST;
    return 0;
}

static int parse_length(const char *value, struct head *h)
{
    size_t n = strspn(value, "0123456789");

    if (!n || n > 18 || value[n] || h->length >= 0)
        return BAD_REQUEST;
    h->length = strtoll(value, NULL, 10);
    return 0;
}

/* What a header says about the connection and the body. */
static int note(const char *name, const char *value, struct head *h)
{
    if (!strcasecmp(name, "Content-Length"))
        return parse_length(value, h);
    if (!strcasecmp(name, "Transfer-Encoding")) {
        if (h->chunked || h->old || strcasecmp(value, "chunked") != 0)
            return NOT_IMPLEMENTED;
        h->chunked = true;
    }
    if (!strcasecmp(name, "Connection") && strcasestr(value, "close"))
        h->keep = false;
    if (!strcasecmp(name, "Expect") && !strcasecmp(value, "100-continue"))
        h->expects = !h->old;
    return 0;
}

static int parse_header(char *line, struct head *h)
{
    char *colon = strchr(line, ':'), *value, *end;

    if (!colon || !is_token(line, (size_t)(colon - line)))
        return BAD_REQUEST;
    if (h->n == HEAD_MOST_LINES)
        return TOO_LARGE;
    *colon = '\0';
    value = colon + 1 + strspn(colon + 1, " \t");
    end = value + strlen(value);
    while (end > value && (end[-1] == ' ' || end[-1] == '\t'))
        *--end = '\0';
    h->lines[h->n].name = line;
    h->lines[h->n++].value = value;
    return note(line, value, h);
}

int head_parse(char *text, size_t n, struct head *h)
{
    const char *end = text + n;
    char *line = take_line(&text, end);
    int status;

    *h = (struct head){.length = -1};
    status = line ? parse_request(line, h) : BAD_REQUEST;
    h->keep = !h->old;
    while (status == 0 && (line = take_line(&text, end)) && *line)
        status = parse_header(line, h);
    if (status == 0 &&
        (!line || (h->chunked && h->length >= 0) || (!strcmp(h->method, "HEAD") && (h->chunked || h->length > 0))))
        status = BAD_REQUEST;
    return status;
}

/* ---- headers ---- */

static bool is_one_of(const char *name, const char *const *list, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!strcasecmp(name, list[i]))
            return true;
    return false;
}

bool head_goes_on(const char *name)
{
    static const char *const others[] = {
        "Host",     "Connection",        "Keep-Alive",     "Proxy-Connection", "Proxy-Authorization",
        "TE",       "Trailer",           "Upgrade",        "Expect",           "Range",
        "If-Range", "Transfer-Encoding", "Content-Length", "Accept-Encoding",  "HTTP2-Settings"};

    return !is_one_of(name, others, sizeof others / sizeof *others);
}

bool head_has_credentials(const char *name)
{
    static const char *const list[] = {"Authorization",
                                       "X-Api-Key",
                                       "Api-Key",
                                       "Apikey",
                                       "X-Goog-Api-Key",
                                       "Ocp-Apim-Subscription-Key",
                                       "X-Functions-Key",
                                       "X-Auth-Key",
                                       "X-Auth-Token",
                                       "X-Access-Token",
                                       "X-Token",
                                       "Private-Token",
                                       "X-Subscription-Token",
                                       "X-Vault-Token",
                                       "Dd-Api-Key",
                                       "Dd-Application-Key"};

    return is_one_of(name, list, sizeof list / sizeof *list);
}

/* ---- Basic ---- */

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/* Decodes base64 of n digits, which has its padding. Returns the number of bytes, or -1. */
static long decode(const char *text, size_t n, unsigned char *out)
{
    unsigned bits = 0;
    long at = 0;
    size_t i;

    for (i = 0; i < n && text[i] != '='; i++) {
        const char *digit = text[i] ? strchr(digits, text[i]) : NULL;

        if (!digit)
            return -1;
        bits = bits << 6 | (unsigned)(digit - digits);
        if (i % 4)
            out[at++] = (unsigned char)(bits >> (6 - 2 * (i % 4)));
    }
    return n % 4 || n - i > 2 || strspn(text + i, "=") != n - i ? -1 : at;
}

static void encode(const unsigned char *bytes, size_t n, char *out)
{
    for (size_t i = 0; i < n; i += 3) {
        const unsigned more = (unsigned)(n - i > 2 ? 2 : n - i - 1);
        const unsigned bits = (unsigned)bytes[i] << 16 | (more > 0 ? (unsigned)bytes[i + 1] << 8 : 0) |
                              (more > 1 ? (unsigned)bytes[i + 2] : 0);

        *out++ = digits[bits >> 18];
        *out++ = digits[bits >> 12 & 63];
        *out++ = more > 0 ? digits[bits >> 6 & 63] : '=';
        *out++ = more > 1 ? digits[bits & 63] : '=';
    }
}

static int put_basic(char *text, const struct filter *secrets, struct filter *answers)
{
    const size_t n = strlen(text);
    unsigned char *bytes = malloc(n + 1);
    char *given = strdup(text);
    long size = bytes && given ? decode(text, n, bytes) : -1;
    int r = bytes && given ? 0 : -1;

    if (size > 0) {
        filter_text(secrets, (char *)bytes, (size_t)size);
        encode(bytes, (size_t)size, text);
        if (strcmp(text, given) != 0)
            r = filter_add(answers, text, given, n);
    }
    if (bytes)
        explicit_bzero(bytes, n);
    free(bytes);
    free(given);
    return r;
}

int head_put_secrets(char *value, const struct filter *secrets, struct filter *answers)
{
    static const char basic[] = "Basic ";

    if (!strncasecmp(value, basic, sizeof basic - 1))
        return put_basic(value + sizeof basic - 1 + strspn(value + sizeof basic - 1, " "), secrets, answers);
    filter_text(secrets, value, strlen(value));
    return 0;
}
