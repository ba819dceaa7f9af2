#include "mcp.h"

#include "text.h"
#include "tools.h"

#include <string.h>

/* JSON-RPC 2.0's numbers for what is wrong with a request. */
enum { NOT_JSON = -32700, NO_REQUEST = -32600, NO_METHOD = -32601, WRONG_PARAMETERS = -32602, INTERNAL = -32603 };

static const char *const versions[] = {"2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05"};

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

/* ---- methods ---- */

static json_t *initialize(const json_t *params)
{
    static const char instructions[] =
        "Runs Python in a sandbox of WebAssembly, without the machine's files and network. run_python starts from a "
        "clean state each time; run_in_session keeps variables under a name. Files that code and the user exchange are "
        "in " SANDBOX_FILES ".";
    const char *wanted = text_member(params, "protocolVersion"), *version = versions[0];

    for (size_t i = 0; wanted && i < sizeof versions / sizeof *versions; i++)
        if (!strcmp(wanted, versions[i]))
            version = versions[i];
    return json_pack("{s:s, s:{s:{}}, s:{s:s, s:s, s:s}, s:s}", "protocolVersion", version, "capabilities", "tools",
                     "serverInfo", "name", "wlpy", "title", "Python in a sandbox", "version", wlpy_version(),
                     "instructions", instructions);
}

static json_t *call_tool(struct mcp *m, const json_t *id, const json_t *params)
{
    const char *name = text_member(params, "name");
    const json_t *arguments = json_object_get(params, "arguments");
    struct mcp_call call = {.id = id, .token = json_object_get(json_object_get(params, "_meta"), "progressToken")};
    json_t *result;

    if (!name || (arguments && !json_is_object(arguments)))
        return error(id, WRONG_PARAMETERS, "tools/call needs the name of a tool, and arguments that are an object");
    mcp_begin(m, &call);
    result = tools_call(m, &call, name, arguments);
    /* (The protocol wants no answer to what was cancelled.) */
    if (mcp_end(m, &call)) {
        json_decref(result);
        return NULL;
    }
    return result ? answer(id, "result", result) : error(id, WRONG_PARAMETERS, "there is no tool of that name");
}

bool mcp_is_call(const json_t *message)
{
    const char *method = text_member(message, "method");

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
    const char *method = text_member(message, "method"), *version = text_member(message, "jsonrpc");

    if (!version || strcmp(version, "2.0") != 0)
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
        mcp_cancel(m, json_object_get(params, "requestId"));
    return NULL;
}
