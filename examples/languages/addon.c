/* A small addon for Node: sessions of a sandboxed Python (Node-API, https://nodejs.org/api/n-api.html).
 *
 *     session = start(file, call)              call(input): what the guest asks of price(); returns text, or throws
 *     value = await evaluate(session, code)    {out, repr, type, message, stopped}
 *
 * A guest runs on a thread of Node's pool, so that JavaScript goes on meanwhile, and can answer what the guest asks. */
#include <node_api.h>
#include <wlpy.h>

#include <stdlib.h>
#include <string.h>

struct notebook {
    struct wlpy_engine *engine;
    struct wlpy_program *python;
    struct wlpy_session *session;
    napi_threadsafe_function call;
};

static char *text_of(napi_env env, napi_value value)
{
    size_t n;
    char *text;

    if (napi_get_value_string_utf8(env, value, NULL, 0, &n) != napi_ok || !(text = malloc(n + 1)))
        return NULL;
    napi_get_value_string_utf8(env, value, text, n + 1, &n);
    return text;
}

/* On JavaScript's thread: asks the function, and ends the guest's call. */
static void ask(napi_env env, napi_value function, void *context, void *data)
{
    struct wlpy_call *call = data;
    napi_value undefined, input, answer;
    char *text = NULL;
    size_t n;
    const char *given = wlpy_call_input(call, &n);

    (void)context;
    /* (Without an environment, Node ends.) */
    if (env && napi_get_undefined(env, &undefined) == napi_ok &&
        napi_create_string_utf8(env, given, n, &input) == napi_ok &&
        napi_call_function(env, undefined, function, 1, &input, &answer) == napi_ok)
        text = text_of(env, answer);
    if (text) {
        wlpy_call_return(call, text, strlen(text));
    } else {
        if (env)
            napi_get_and_clear_last_exception(env, &answer);
        wlpy_call_raise(call, "KeyError", "there is no price");
    }
    free(text);
}

/* On the guest's thread. */
static void price(void *arg, struct wlpy_call *call)
{
    const struct notebook *b = arg;

    wlpy_call_later(call);
    if (napi_call_threadsafe_function(b->call, call, napi_tsfn_blocking) != napi_ok)
        wlpy_call_raise(call, "RuntimeError", "Node ends");
}

static void finish(napi_env env, void *data, void *hint)
{
    struct notebook *b = data;

    (void)env;
    (void)hint;
    wlpy_session_free(b->session);
    wlpy_program_free(b->python);
    wlpy_engine_free(b->engine);
    napi_release_threadsafe_function(b->call, napi_tsfn_release);
    free(b);
}

static int begin(struct notebook *b, const char *file, struct wlpy_err *err)
{
    const struct wlpy_engine_config how = {.size = sizeof how, .quick = true, .cache_dir = "compiled"};
    const struct wlpy_function function = {
        .size = sizeof function, .name = "price", .signature = "(name: str) -> float", .call = price, .arg = b};
    const struct wlpy_limits limits = {.size = sizeof limits, .memory = 256 << 20, .deadline_ms = 2000};
    const struct wlpy_run_config config = {.size = sizeof config,
                                           .out = {.kind = WLPY_MEMORY},
                                           .limits = &limits,
                                           .functions = &function,
                                           .function_count = 1};

    if (wlpy_engine_new(&how, &b->engine, err) < 0 || wlpy_program_load(b->engine, file, &b->python, err) < 0)
        return -1;
    return wlpy_session_new(b->python, &config, &b->session, err);
}

static napi_value start(napi_env env, napi_callback_info info)
{
    struct notebook *b = calloc(1, sizeof *b);
    struct wlpy_err err;
    napi_value args[2], name, external;
    size_t n = 2;
    char *file;

    napi_get_cb_info(env, info, &n, args, NULL, NULL);
    napi_create_string_utf8(env, "price", NAPI_AUTO_LENGTH, &name);
    file = n == 2 ? text_of(env, args[0]) : NULL;
    if (!b || !file ||
        napi_create_threadsafe_function(env, args[1], NULL, name, 0, 1, NULL, NULL, NULL, ask, &b->call) != napi_ok) {
        napi_throw_type_error(env, NULL, "start(file, call)");
        free(file);
        free(b);
        return NULL;
    }
    /* (Node may end while it exists.) */
    napi_unref_threadsafe_function(env, b->call);
    if (begin(b, file, &err) < 0) {
        napi_throw_error(env, NULL, err.text);
        finish(env, b, NULL);
        b = NULL;
    }
    free(file);
    return b && napi_create_external(env, b, finish, NULL, &external) == napi_ok ? external : NULL;
}

static void set(napi_env env, napi_value object, const char *name, const char *text, size_t n)
{
    napi_value value;

    if (text && napi_create_string_utf8(env, text, n, &value) == napi_ok)
        napi_set_named_property(env, object, name, value);
}

struct work {
    struct notebook *notebook;
    char *code;
    struct wlpy_value value;
    struct wlpy_err err;
    int failed;
    napi_ref session; /* it stays as long as this */
    napi_deferred promise;
    napi_async_work work;
};

/* On a thread of the pool. */
static void execute(napi_env env, void *data)
{
    struct work *w = data;
    const struct wlpy_eval eval = {.size = sizeof eval, .code = w->code, .code_size = strlen(w->code)};

    (void)env;
    w->value.size = sizeof w->value;
    w->failed = wlpy_session_eval(w->notebook->session, &eval, &w->value, &w->err);
}

static void complete(napi_env env, napi_status status, void *data)
{
    struct work *w = data;
    const struct wlpy_value *v = &w->value;
    napi_value result, stopped, text;

    if (status != napi_ok || w->failed < 0) {
        napi_create_string_utf8(env, w->failed < 0 ? w->err.text : "Node ends", NAPI_AUTO_LENGTH, &text);
        napi_create_error(env, NULL, text, &result);
        napi_reject_deferred(env, w->promise, result);
    } else {
        napi_create_object(env, &result);
        set(env, result, "out", v->out, v->out_size);
        set(env, result, "repr", v->repr, v->repr_size);
        set(env, result, "type", v->type, NAPI_AUTO_LENGTH);
        set(env, result, "message", v->message, NAPI_AUTO_LENGTH);
        napi_get_boolean(env, v->end == WLPY_DEADLINE, &stopped);
        napi_set_named_property(env, result, "stopped", stopped);
        napi_resolve_deferred(env, w->promise, result);
    }
    wlpy_value_free(&w->value);
    napi_delete_reference(env, w->session);
    napi_delete_async_work(env, w->work);
    free(w->code);
    free(w);
}

static napi_value evaluate(napi_env env, napi_callback_info info)
{
    struct work *w = calloc(1, sizeof *w);
    napi_value args[2], name, promise = NULL;
    size_t n = 2;

    napi_get_cb_info(env, info, &n, args, NULL, NULL);
    if (w && n == 2 && napi_get_value_external(env, args[0], (void **)&w->notebook) == napi_ok)
        w->code = text_of(env, args[1]);
    if (!w || !w->code) {
        free(w);
        napi_throw_type_error(env, NULL, "evaluate(session, code)");
        return NULL;
    }
    napi_create_reference(env, args[0], 1, &w->session);
    napi_create_promise(env, &w->promise, &promise);
    napi_create_string_utf8(env, "evaluate", NAPI_AUTO_LENGTH, &name);
    napi_create_async_work(env, NULL, name, execute, complete, w, &w->work);
    napi_queue_async_work(env, w->work);
    return promise;
}

NAPI_MODULE_INIT()
{
    const napi_property_descriptor functions[] = {
        {.utf8name = "start", .method = start, .attributes = napi_enumerable},
        {.utf8name = "evaluate", .method = evaluate, .attributes = napi_enumerable},
    };

    napi_define_properties(env, exports, sizeof functions / sizeof *functions, functions);
    return exports;
}
