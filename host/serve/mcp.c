#include "mcp.h"

#include "text.h"
#include "tools.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* JSON-RPC 2.0's numbers for what is wrong with a request. */
enum { NOT_JSON = -32700, NO_REQUEST = -32600, NO_METHOD = -32601, WRONG_PARAMETERS = -32602, INTERNAL = -32603 };

static const char *const versions[] = {"2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05"};

static uint64_t now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

bool mcp_init(struct mcp *m, struct sandbox *s, uint64_t deadline_ms)
{
    *m = (struct mcp){.sandbox = s, .deadline_ms = deadline_ms, .lock = malloc(sizeof(pthread_mutex_t))};
    return m->lock && pthread_mutex_init(m->lock, NULL) == 0;
}

void mcp_free(struct mcp *m)
{
    pthread_mutex_destroy(m->lock);
    free(m->lock);
}

/* ---- answers ---- */

static json_t *answer(const json_t *id, const char *key, json_t *value)
{
    return json_pack("{s:s, s:O, s:o}", "jsonrpc", "2.0", "id", id ? id : json_null(), key, value);
}

static json_t *error(const json_t *id, int code, const char *text)
{
    return answer(id, "error", json_pack("{s:i, s:s}", "code", code, "message", text));
}

json_t *mcp_not_json(void)
{
    return error(NULL, NOT_JSON, "the message is not JSON");
}

/* ---- calls in progress ---- */

bool mcp_uses(struct mcp *m, struct mcp_call *call, struct sandbox_session *session)
{
    bool well;

    pthread_mutex_lock(m->lock);
    call->session = session;
    well = !call->cancelled;
    pthread_mutex_unlock(m->lock);
    return well;
}

static void begin(struct mcp *m, struct mcp_call *call)
{
    pthread_mutex_lock(m->lock);
    call->since_ms = now_ms();
    call->most_ms = m->deadline_ms;
    call->next = m->calls;
    m->calls = call;
    pthread_mutex_unlock(m->lock);
}

/* Whether it was cancelled. */
static bool end(struct mcp *m, const struct mcp_call *call)
{
    struct mcp_call **at = &m->calls;
    bool cancelled;

    pthread_mutex_lock(m->lock);
    while (*at != call)
        at = &(*at)->next;
    *at = call->next;
    cancelled = call->cancelled;
    pthread_mutex_unlock(m->lock);
    return cancelled;
}

static void cancel(struct mcp *m, const json_t *params)
{
    const json_t *id = json_object_get(params, "requestId");

    pthread_mutex_lock(m->lock);
    for (struct mcp_call *c = m->calls; c; c = c->next)
        if (id && json_equal(c->id, id)) {
            c->cancelled = true;
            if (c->session)
                sandbox_interrupt(c->session);
        }
    pthread_mutex_unlock(m->lock);
}

json_t *mcp_progress(struct mcp *m)
{
    json_t *list = json_array();
    uint64_t now = now_ms();

    pthread_mutex_lock(m->lock);
    for (struct mcp_call *c = m->calls; c; c = c->next)
        if (c->token)
            json_array_append_new(list, json_pack("{s:s, s:s, s:{s:O, s:f, s:f, s:s}}", "jsonrpc", "2.0", "method",
                                                  "notifications/progress", "params", "progressToken", c->token,
                                                  "progress", (double)(now - c->since_ms) / 1000, "total",
                                                  (double)c->most_ms / 1000, "message", "seconds of at most"));
    pthread_mutex_unlock(m->lock);
    return list;
}

/* ---- methods ---- */

static json_t *initialize(const json_t *params)
{
    static const char instructions[] =
        "Runs Python in a sandbox of WebAssembly, without the machine's files and network. run_python starts from a "
        "clean state each time; run_in_session keeps variables under a name. Files that code and the user exchange are "
        "in " SANDBOX_FILES ".";
    const char *wanted = json_string_value(json_object_get(params, "protocolVersion")), *version = versions[0];

    for (size_t i = 0; wanted && i < sizeof versions / sizeof *versions; i++)
        if (!strcmp(wanted, versions[i]))
            version = versions[i];
    return json_pack("{s:s, s:{s:{}}, s:{s:s, s:s, s:s}, s:s}", "protocolVersion", version, "capabilities", "tools",
                     "serverInfo", "name", "wlpy", "title", "Python in a sandbox", "version", wlpy_version(),
                     "instructions", instructions);
}

static json_t *call_tool(struct mcp *m, const json_t *id, const json_t *params)
{
    const char *name = json_string_value(json_object_get(params, "name"));
    const json_t *arguments = json_object_get(params, "arguments");
    struct mcp_call call = {.id = (json_t *)id,
                            .token = json_object_get(json_object_get(params, "_meta"), "progressToken")};
    json_t *result;

    if (!name || (arguments && !json_is_object(arguments)))
        return error(id, WRONG_PARAMETERS, "tools/call needs the name of a tool, and arguments that are an object");
    begin(m, &call);
    result = tools_call(m, &call, name, arguments);
    /* (The protocol wants no answer to what was cancelled.) */
    if (end(m, &call)) {
        json_decref(result);
        return NULL;
    }
    return result ? answer(id, "result", result) : error(id, WRONG_PARAMETERS, "there is no tool of that name");
}

bool mcp_is_call(const json_t *message)
{
    const char *method = json_string_value(json_object_get(message, "method"));

    return method && !strcmp(method, "tools/call");
}

static json_t *request(struct mcp *m, const json_t *id, const char *method, const json_t *params)
{
    if (!strcmp(method, "initialize"))
        return answer(id, "result", initialize(params));
    if (!strcmp(method, "ping"))
        return answer(id, "result", json_object());
    if (!strcmp(method, "tools/list"))
        return answer(id, "result", tools_list());
    if (!strcmp(method, "tools/call"))
        return call_tool(m, id, params);
    return error(id, NO_METHOD, "there is no such method");
}

json_t *mcp_handle(struct mcp *m, const json_t *message)
{
    const json_t *id = json_object_get(message, "id"), *params = json_object_get(message, "params");
    const char *method = json_string_value(json_object_get(message, "method"));

    if (!json_is_object(message) || strcmp("2.0", json_string_value(json_object_get(message, "jsonrpc"))
                                                      ? json_string_value(json_object_get(message, "jsonrpc"))
                                                      : ""))
        return error(NULL, NO_REQUEST, "the message is not of JSON-RPC 2.0");
    /* (An answer of the client's: nothing was asked.) */
    if (!method)
        return id && (json_object_get(message, "result") || json_object_get(message, "error"))
                   ? NULL
                   : error(id, NO_REQUEST, "the message has no method");
    if (id && !json_is_string(id) && !json_is_number(id))
        return error(NULL, NO_REQUEST, "the id is neither a text nor a number");
    if (id)
        return request(m, id, method, params);
    if (!strcmp(method, "notifications/cancelled"))
        cancel(m, params);
    return NULL;
}
