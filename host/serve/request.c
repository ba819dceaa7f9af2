#include "request.h"

#include "text.h"

#include <stdlib.h>
#include <string.h>

bool http_is(const struct http_request *r, const char *method)
{
    return !strcmp(r->method, method);
}

void http_answer_bytes(struct http_request *r, int status, const char *type, const void *bytes, size_t n)
{
    free(r->text);
    r->text = malloc(n + 1);
    r->status = r->text ? status : 500;
    r->type = type;
    r->text_size = r->text ? n : 0;
    if (r->text && n)
        memcpy(r->text, bytes, n);
}

void http_answer(struct http_request *r, int status, json_t *json)
{
    char *text = json ? json_dumps(json, JSON_COMPACT) : NULL;

    json_decref(json);
    free(r->text);
    r->status = text ? status : 500;
    r->type = "application/json";
    r->text = text;
    r->text_size = text ? strlen(text) : 0;
}

void http_refuse(struct http_request *r, int status, const char *text)
{
    http_answer(r, status, json_pack("{s:{s:o}}", "error", "message", text_json(text, strlen(text))));
}

void http_read_json(struct http_request *r)
{
    if (r->size)
        r->json = text_parse(r->body, r->size, JSON_REJECT_DUPLICATES);
}
