/* The engine that compiles with Cranelift, through libwasmtime's C API. Its WASI is not used: wasi/ answers the calls.
 */
#include "core/err.h"
#include "core/text.h"
#include "engine.h"
#include "interrupt.h"
#include "needs.h"
#include "sha256.h"
#include "snapshot.h"
#include "wasi/wasi.h"

#include <errno.h>
#include <inttypes.h>
#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <wasmtime.h>

#if defined __x86_64__
#include <cpuid.h>
#else
#include <sys/auxv.h>
#endif

#define WASI_MODULE "wasi_snapshot_preview1"
#define MEMORY "memory"
#if defined __x86_64__ || defined __aarch64__
#define HAS_WINCH true
#else
#define HAS_WINCH false
#endif
#define LEN(s) (sizeof(s) - 1)

struct engine {
    wasm_engine_t *engine;
    size_t stack;
};

struct module {
    wasmtime_module_t *code;
    struct needs needs;
};

/* What stands behind the compiled code in a file. */
struct trailer {
    char magic[8];
    struct needs needs;
};

static const char trailer_magic[8] = "wl-need"; /* and its zero byte */

struct run {
    const struct wlpy_config *config;
    struct engine *engine;
    struct module *module;
    const struct module_bytes *wasm;
    wasi *wasi;
    wasmtime_context_t *context;
    wasmtime_memory_t memory; /* the guest's; valid if has_memory */
    bool has_memory;
    bool exited;
    uint32_t exit_code;
};

/* The engine's messages are many lines: the outermost error, "Caused by", then the causes, numbered where there is more
 * than one. This makes one line of them: all, or only the last, which tells most of what happened while running. */
static void squeeze(char *to, size_t size, const char *text, size_t n, bool all)
{
    const char *end = text + n;
    size_t used = 0;

    *to = '\0';
    for (const char *p = text, *stop; p < end; p = stop + 1) {
        stop = memchr(p, '\n', (size_t)(end - p));
        if (!stop)
            stop = end;
        while (p < stop && *p == ' ')
            p++;
        for (const char *q = p; q < stop && *q >= '0' && *q <= '9'; q++)
            if (q + 2 < stop && q[1] == ':')
                p = q + 3;
        if (p >= stop || (stop - p >= 9 && !memcmp(p, "Caused by", 9)))
            continue;
        if (all && used && used + 3 < size) {
            memcpy(to + used, ": ", 3);
            used += 2;
        } else if (!all) {
            used = 0;
        }
        text_one_line(to + used, size - used, p, (size_t)(stop - p));
        used += strlen(to + used);
    }
}

static void error_text(wasmtime_error_t *error, char *to, size_t size, bool all)
{
    wasm_byte_vec_t text;

    wasmtime_error_message(error, &text);
    squeeze(to, size, text.data, text.size, all);
    wasm_byte_vec_delete(&text);
    wasmtime_error_delete(error);
}

/* ---- the engine ---- */

#if defined __x86_64__
static void processor(char *out, size_t size)
{
    unsigned r[4] = {0}, all[12] = {0};

    /* What the code generator asks the processor: the feature words of leaves 1, 7 and 0x80000001. */
    if (__get_cpuid(1, &r[0], &r[1], &r[2], &r[3]))
        memcpy(all, r, sizeof r);
    all[1] = 0; /* holds the number of the core this runs on */
    if (__get_cpuid_count(7, 0, &r[0], &r[1], &r[2], &r[3]))
        memcpy(all + 4, r, sizeof r);
    if (__get_cpuid(0x80000001, &r[0], &r[1], &r[2], &r[3]))
        memcpy(all + 8, r, sizeof r);
    all[9] = 0;
    snprintf(out, size, "x86_64 %x %x %x %x %x %x %x %x", all[0], all[2], all[3], all[5], all[6], all[7], all[10],
             all[11]);
}
#else
static void processor(char *out, size_t size)
{
    snprintf(out, size, "hwcap %lx %lx", getauxval(AT_HWCAP), getauxval(AT_HWCAP2));
}
#endif

struct build_id {
    uintptr_t inside; /* an address in the library */
    char hex[65];
};

static int find_build_id(struct dl_phdr_info *info, size_t size, void *arg)
{
    struct build_id *id = arg;
    bool hit = false;

    (void)size;
    for (int i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *p = &info->dlpi_phdr[i];

        hit |= p->p_type == PT_LOAD && id->inside - (info->dlpi_addr + p->p_vaddr) < p->p_memsz;
    }
    for (int i = 0; hit && i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *p = &info->dlpi_phdr[i];
        const char *at = (const char *)(info->dlpi_addr + p->p_vaddr), *end = at + p->p_memsz;

        while (p->p_type == PT_NOTE && (size_t)(end - at) >= sizeof(ElfW(Nhdr))) {
            const ElfW(Nhdr) *note = (const void *)at;
            const char *name = at + sizeof *note;
            const unsigned char *desc = (const unsigned char *)name + ((note->n_namesz + 3) & ~3u);

            at = (const char *)desc + ((note->n_descsz + 3) & ~3u);
            if (note->n_type != NT_GNU_BUILD_ID || note->n_namesz != 4 || memcmp(name, "GNU", 4) != 0)
                continue;
            for (size_t b = 0; b < note->n_descsz && b < 32; b++)
                sprintf(id->hex + 2 * b, "%02x", desc[b]);
            return 1;
        }
    }
    return hit;
}

static int wt_identity(const struct wlpy_config *config, char *out, size_t size, struct err *err)
{
    /* The version in the header may not be the library's that is loaded; its build id is. */
    struct build_id id = {.inside = (uintptr_t)&wasmtime_module_new, .hex = "?"};
    char cpu[128];

    /* The stack is a limit while running, no part of the code. */
    (void)err;
    dl_iterate_phdr(find_build_id, &id);
    processor(cpu, sizeof cpu);
    snprintf(out, size, "wasmtime %s %s; %s; needs 1; %s", WASMTIME_VERSION, id.hex,
             config->quick && HAS_WINCH ? "winch" : "speed", cpu);
    return 0;
}

/* One memory and tables of 32 bits are all that a limit can be divided among. What the other proposals allocate would
 * lie beside it. (Exceptions stay: needs.h counts their heap.) */
static void leave_out_proposals(wasm_config_t *settings)
{
    wasmtime_config_wasm_multi_memory_set(settings, false);
    wasmtime_config_wasm_memory64_set(settings, false);
    wasmtime_config_wasm_custom_page_sizes_set(settings, false);
    wasmtime_config_wasm_gc_set(settings, false);
    wasmtime_config_wasm_stack_switching_set(settings, false);
    wasmtime_config_shared_memory_set(settings, false);
}

static int wt_open(const struct wlpy_config *config, struct engine **out, struct err *err)
{
    const struct wlpy_limits *limits = &config->limits;
    struct engine *e = calloc(1, sizeof *e);
    wasm_config_t *settings = e ? wasm_config_new() : NULL;

    *out = NULL;
    if (!settings) {
        free(e);
        return err_set(err, ERR_SETUP, "out of memory");
    }
    e->stack = limits->stack;
    wasmtime_config_max_wasm_stack_set(settings, limits->stack);
#ifdef WASMTIME_FEATURE_ASYNC
    /* Not used, but checked against the other. */
    wasmtime_config_async_stack_size_set(settings, limits->stack + engine_spare_stack);
#endif
    leave_out_proposals(settings);
    /* All that a 32 bit memory can become is reserved at once: it never moves, so a signal handler may keep its
     * address, and the code needs no checks of bounds. */
    wasmtime_config_memory_reservation_set(settings, UINT64_C(4) << 30);
    wasmtime_config_memory_may_move_set(settings, false);
    /* Winch is for these two only; elsewhere the other does it. */
    if (config->quick && HAS_WINCH)
        wasmtime_config_strategy_set(settings, WASMTIME_STRATEGY_WINCH);
    else
        wasmtime_config_cranelift_opt_level_set(settings, WASMTIME_OPT_LEVEL_SPEED);
    e->engine = wasm_engine_new_with_config(settings);
    if (!e->engine) {
        free(e);
        return err_set(err, ERR_SETUP, "cannot start the engine");
    }
    *out = e;
    return 0;
}

static void wt_close(struct engine *e)
{
    if (!e)
        return;
    wasm_engine_delete(e->engine);
    free(e);
}

/* Whether a limit can be kept with what the module has; what the engine refuses anyway is left to it. */
static int check_needs(const struct needs *n, const char *name, struct err *err)
{
    if (n->memories > 1)
        return err_set(err, ERR_MODULE, "cannot run %s: it has %u memories, and one is the most", name, n->memories);
    if (n->tables > NEEDS_MAX_TABLES)
        return err_set(err, ERR_MODULE, "cannot run %s: it has %u tables, and %d are the most", name, n->tables,
                       NEEDS_MAX_TABLES);
    return 0;
}

static struct module *make_module(wasmtime_module_t *code, const struct needs *needs, struct err *err)
{
    struct module *m = malloc(sizeof *m);

    if (!m) {
        wasmtime_module_delete(code);
        err_set(err, ERR_SETUP, "out of memory");
        return NULL;
    }
    *m = (struct module){code, *needs};
    return m;
}

static int wt_compile(struct engine *e, const char *name, const uint8_t *wasm, size_t size, struct module **out,
                      struct err *err)
{
    wasmtime_module_t *code = NULL;
    wasmtime_error_t *error;
    struct needs needs;
    int r;

    needs_read(&needs, wasm, size);
    r = check_needs(&needs, name, err);
    if (r < 0)
        return r;
    error = wasmtime_module_new(e->engine, wasm, size, &code);
    if (error) {
        char why[512];

        error_text(error, why, sizeof why, true);
        err_set(err, ERR_MODULE, "cannot run %s: it is no valid WebAssembly module: %s", name, why);
        return err_hint(err, "build it again, or fetch it again if it was downloaded");
    }
    if (needs.unknown) {
        wasmtime_module_delete(code);
        return err_set(err, ERR_MODULE, "cannot run %s: how much memory it needs cannot be told", name);
    }
    *out = make_module(code, &needs, err);
    return *out ? 0 : -ERR_SETUP;
}

static int wt_save(struct module *m, uint8_t **bytes, size_t *size, struct err *err)
{
    struct trailer trailer;
    wasm_byte_vec_t data;
    wasmtime_error_t *error = wasmtime_module_serialize(m->code, &data);

    if (error) {
        char why[256];

        error_text(error, why, sizeof why, true);
        return err_set(err, ERR_SETUP, "cannot keep the compiled module: %s", why);
    }
    memcpy(trailer.magic, trailer_magic, sizeof trailer.magic);
    trailer.needs = m->needs;
    *size = data.size + sizeof trailer;
    *bytes = malloc(*size);
    if (*bytes) {
        memcpy(*bytes, data.data, data.size);
        memcpy(*bytes + data.size, &trailer, sizeof trailer);
    }
    wasm_byte_vec_delete(&data);
    return *bytes ? 0 : err_set(err, ERR_SETUP, "out of memory");
}

/* The engine maps a file that it opens by itself. Where there is no /proc to name it by, it gets a copy. */
static wasmtime_error_t *deserialize(struct engine *e, int fd, size_t size, wasmtime_module_t **code)
{
    wasmtime_error_t *error;
    char path[32];
    void *bytes;

    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    if (access(path, R_OK) == 0)
        return wasmtime_module_deserialize_file(e->engine, path, code);
    bytes = mmap(NULL, size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (bytes == MAP_FAILED)
        return wasmtime_error_new("it cannot be mapped");
    error = wasmtime_module_deserialize(e->engine, bytes, size, code);
    munmap(bytes, size);
    return error;
}

static int wt_load(struct engine *e, int fd, struct module **out, struct err *err)
{
    wasmtime_module_t *code = NULL;
    wasmtime_error_t *error;
    struct trailer trailer;
    struct stat st;

    if (fstat(fd, &st) < 0 || st.st_size < (off_t)sizeof trailer ||
        pread(fd, &trailer, sizeof trailer, st.st_size - (off_t)sizeof trailer) != (ssize_t)sizeof trailer ||
        memcmp(trailer.magic, trailer_magic, sizeof trailer.magic) != 0)
        return err_set(err, ERR_SETUP, "the compiled module is of no use: it is not whole");
    error = deserialize(e, fd, (size_t)st.st_size, &code);
    if (error) {
        char why[256];

        error_text(error, why, sizeof why, true);
        return err_set(err, ERR_SETUP, "the compiled module is of no use: %s", why);
    }
    *out = make_module(code, &trailer.needs, err);
    return *out ? 0 : -ERR_SETUP;
}

static void wt_free_module(struct module *m)
{
    if (!m)
        return;
    wasmtime_module_delete(m->code);
    free(m);
}

/* ---- calls that the guest makes ---- */

static wasm_trap_t *trap(const char *text)
{
    return wasmtime_trap_new(text, strlen(text));
}

/* An empty memory if the guest exports none: every address in it is a fault. */
static struct guest_memory memory_of(void *arg)
{
    struct run *r = arg;

    if (!r->has_memory)
        return (struct guest_memory){0};
    return (struct guest_memory){wasmtime_memory_data(r->context, &r->memory),
                                 wasmtime_memory_data_size(r->context, &r->memory)};
}

/* Notes the guest's memory, if what it exports under that name is one. */
static void take_memory(struct run *r, wasmtime_extern_t *item)
{
    if (item->kind == WASMTIME_EXTERN_MEMORY) {
        r->memory = item->of.memory;
        r->has_memory = true;
    } else {
        wasmtime_extern_delete(item);
    }
}

/* Before a call is answered. The memory may be asked for before there is an instance to ask. */
static void enter(struct run *r, wasmtime_caller_t *caller)
{
    wasmtime_extern_t item;

    r->context = wasmtime_caller_context(caller);
    if (!r->has_memory && wasmtime_caller_export_get(caller, MEMORY, LEN(MEMORY), &item))
        take_memory(r, &item);
}

/* What a call gets, by number; the ones it has not are 0. Each is of its parameter's type when it is passed on. */
#define ARGUMENT(i) (n > (i) ? (uint64_t)v[i].i64 : 0)
#define ANSWER(name, parameters, arguments)                                                                            \
    static wasm_trap_t *on_##name(void *env, wasmtime_caller_t *caller, wasmtime_val_raw_t *v, size_t n)               \
    {                                                                                                                  \
        struct run *run = env;                                                                                         \
        wasi *w = run->wasi;                                                                                           \
        uint64_t a = ARGUMENT(0), b = ARGUMENT(1), c = ARGUMENT(2), d = ARGUMENT(3), e = ARGUMENT(4), f = ARGUMENT(5), \
                 g = ARGUMENT(6), h = ARGUMENT(7), i = ARGUMENT(8);                                                    \
                                                                                                                       \
        (void)a, (void)b, (void)c, (void)d, (void)e, (void)f, (void)g, (void)h, (void)i;                               \
        enter(run, caller);                                                                                            \
        v[0].i64 = 0;                                                                                                  \
        v[0].i32 = (int32_t)wasi_##name arguments;                                                                     \
        return NULL;                                                                                                   \
    }
WASI_CALLS(ANSWER)

static wasm_trap_t *on_proc_exit(void *env, wasmtime_caller_t *caller, wasmtime_val_raw_t *v, size_t n)
{
    struct run *r = env;

    (void)caller;
    (void)n;
    r->exited = true;
    r->exit_code = (uint32_t)v[0].i32;
    return trap("exit");
}

/* Each call, and its parameters as C has them: what tells their types. */
static const struct own_call {
    const char *name, *parameters;
    wasmtime_func_unchecked_callback_t callback;
} own_calls[] = {
#define ENTRY(name, parameters, arguments) {#name, #parameters, on_##name},
    WASI_CALLS(ENTRY)
#undef ENTRY
        {"proc_exit", "(uint32_t)", on_proc_exit},
};

/* ---- a run ---- */

static int engine_error(wasmtime_error_t *error, struct err *err)
{
    char why[512];

    error_text(error, why, sizeof why, true);
    return err_set(err, ERR_SETUP, "cannot prepare the program: %s", why);
}

static int link_call(struct run *r, wasmtime_linker_t *linker, const struct own_call *call, struct err *err)
{
    wasm_valtype_t *params[9], *results[1];
    wasm_valtype_vec_t p, q;
    wasm_functype_t *type;
    wasmtime_error_t *error;
    size_t n = 0, gives = call->callback != on_proc_exit;

    for (const char *at = call->parameters; (at = strstr(at, "uint")) != NULL; at += 4)
        params[n++] = wasm_valtype_new(!strncmp(at, "uint64_t", 8) ? WASM_I64 : WASM_I32);
    if (gives)
        results[0] = wasm_valtype_new(WASM_I32);
    wasm_valtype_vec_new(&p, n, params);
    wasm_valtype_vec_new(&q, gives, results);
    type = wasm_functype_new(&p, &q);
    error = wasmtime_linker_define_func_unchecked(linker, WASI_MODULE, LEN(WASI_MODULE), call->name, strlen(call->name),
                                                  type, call->callback, r, NULL);
    wasm_functype_delete(type);
    return error ? engine_error(error, err) : 0;
}

/* Names an import that nobody gives. */
static int check_imports(wasmtime_linker_t *linker, wasmtime_context_t *ctx, struct module *m, const char *file,
                         struct err *err)
{
    wasm_importtype_vec_t imports;
    int r = 0;

    wasmtime_module_imports(m->code, &imports);
    for (size_t i = 0; r == 0 && i < imports.size; i++) {
        const wasm_name_t *from = wasm_importtype_module(imports.data[i]),
                          *name = wasm_importtype_name(imports.data[i]);
        wasmtime_extern_t item;
        char a[128], b[128];

        if (wasmtime_linker_get(linker, ctx, from->data, from->size, name->data, name->size, &item)) {
            wasmtime_extern_delete(&item);
            continue;
        }
        text_one_line(a, sizeof a, from->data, from->size);
        text_one_line(b, sizeof b, name->data, name->size);
        err_set(err, ERR_MODULE, "cannot run %s: it imports %s.%s, which is not there", file, a, b);
        r = err_hint(err, strcmp(a, "wasi_unstable") == 0 || strncmp(a, "wasi:", 5) == 0
                              ? "only WASI preview 1 is; build it for wasm32-wasip1"
                              : "only WASI preview 1 is; link the program without it");
    }
    wasm_importtype_vec_delete(&imports);
    return r;
}

static const char *name_of(const wasm_name_t *name)
{
    return name && name->size ? name->data : NULL;
}

/* One line a call, the innermost first. */
static char *frames(const wasm_frame_vec_t *trace)
{
    char *text = NULL;
    size_t size = 0;
    FILE *f = open_memstream(&text, &size);

    if (!f)
        return NULL;
    for (size_t i = 0; i < trace->size; i++) {
        const wasm_name_t *name = wasmtime_frame_func_name(trace->data[i]);
        char func[160];

        if (name_of(name))
            text_one_line(func, sizeof func, name->data, name->size);
        else
            snprintf(func, sizeof func, "function %u", wasm_frame_func_index(trace->data[i]));
        fprintf(f, "%4zu: %s at 0x%zx\n", i, func, wasm_frame_module_offset(trace->data[i]));
    }
    return fclose(f) == 0 ? text : NULL;
}

static void tell_trap(const struct run *r, wasm_trap_t *t, struct wlpy_result *result)
{
    static const char *const texts[] = {
        [WASMTIME_TRAP_CODE_STACK_OVERFLOW] = "its call stack is used up",
        [WASMTIME_TRAP_CODE_MEMORY_OUT_OF_BOUNDS] = "it used memory that it does not have",
        [WASMTIME_TRAP_CODE_HEAP_MISALIGNED] = "it used an atomic value at an odd address",
        [WASMTIME_TRAP_CODE_TABLE_OUT_OF_BOUNDS] = "it used a place of a table that does not exist",
        [WASMTIME_TRAP_CODE_INDIRECT_CALL_TO_NULL] = "it called a null function pointer",
        [WASMTIME_TRAP_CODE_BAD_SIGNATURE] = "it called a function through a pointer of another type",
        [WASMTIME_TRAP_CODE_INTEGER_OVERFLOW] = "a result did not fit into an integer",
        [WASMTIME_TRAP_CODE_INTEGER_DIVISION_BY_ZERO] = "it divided by zero",
        [WASMTIME_TRAP_CODE_BAD_CONVERSION_TO_INTEGER] = "a number did not fit into an integer",
        [WASMTIME_TRAP_CODE_UNREACHABLE_CODE_REACHED] = "it aborted",
    };
    wasmtime_trap_code_t code;
    wasm_frame_vec_t trace;

    result->end = WLPY_TRAPPED;
    if (wasmtime_trap_code(t, &code) && code < sizeof texts / sizeof texts[0] && texts[code]) {
        snprintf(result->text, sizeof result->text, "%s", texts[code]);
        if (code == WASMTIME_TRAP_CODE_STACK_OVERFLOW)
            snprintf(result->hint, sizeof result->hint, "give it more with --max-wasm-stack (it has %zu KiB)",
                     r->engine->stack >> 10);
    } else {
        wasm_message_t message;

        wasm_trap_message(t, &message);
        squeeze(result->text, sizeof result->text, message.data, message.size, false);
        wasm_byte_vec_delete(&message);
    }
    if (r->config->backtrace) {
        wasm_trap_trace(t, &trace);
        result->backtrace = frames(&trace);
        wasm_frame_vec_delete(&trace);
    }
}

/* What a call of the host's refused to go on with comes back as an error. */
static void tell_error(const struct run *r, wasmtime_error_t *error, struct wlpy_result *result)
{
    wasm_frame_vec_t trace;

    result->end = WLPY_TRAPPED;
    if (r->config->backtrace) {
        wasmtime_error_wasm_trace(error, &trace);
        result->backtrace = frames(&trace);
        wasm_frame_vec_delete(&trace);
    }
    error_text(error, result->text, sizeof result->text, false);
}

/* Ends a call into the guest: it returned, left by proc_exit, or was stopped. */
static void call_ended(struct run *r, wasmtime_error_t *error, wasm_trap_t *t, struct wlpy_result *result)
{
    result->end = WLPY_EXITED;
    result->left = r->exited;
    result->status = r->exited ? (int)(r->exit_code & 0xff) : 0;
    if (error && !r->exited) {
        tell_error(r, error, result);
        error = NULL;
    } else if (t && !r->exited) {
        tell_trap(r, t, result);
    }
    /* Which has no words of its own. */
    if (result->end == WLPY_TRAPPED && !*result->text)
        snprintf(result->text, sizeof result->text, "it threw an exception that nothing caught");
    if (error)
        wasmtime_error_delete(error);
    if (t)
        wasm_trap_delete(t);
}

static bool get_function(wasmtime_context_t *ctx, const wasmtime_instance_t *instance, const char *name,
                         wasmtime_func_t *func)
{
    wasmtime_extern_t item;

    if (!wasmtime_instance_export_get(ctx, instance, name, strlen(name), &item))
        return false;
    if (item.kind != WASMTIME_EXTERN_FUNC) {
        wasmtime_extern_delete(&item);
        return false;
    }
    *func = item.of.func;
    return true;
}

/* A module without the list, or with a senseless one, leaves SIGINT as it is. 1 if the module ended the run instead of
 * giving the list. */
static int set_up_interrupts(struct run *r, wasmtime_context_t *ctx, const wasmtime_instance_t *instance,
                             struct wlpy_result *result, struct err *err)
{
    struct interrupt_cell cells[INTERRUPT_MAX_CELLS];
    struct guest_memory memory = memory_of(r);
    wasmtime_func_t func;
    wasmtime_val_t address;
    wasm_functype_t *type;
    wasm_trap_t *t = NULL;
    wasmtime_error_t *error;
    size_t count, params, results;

    if (!r->config->interrupts || !get_function(ctx, instance, "wl_interrupt_cells", &func))
        return 0;
    type = wasmtime_func_type(ctx, &func);
    params = wasm_functype_params(type)->size;
    results = wasm_functype_results(type)->size;
    wasm_functype_delete(type);
    if (params != 0 || results != 1)
        return 0;
    error = wasmtime_func_call(ctx, &func, NULL, 0, &address, 1, &t);
    if (r->exited) {
        call_ended(r, error, t, result);
        return 1;
    }
    if (error)
        wasmtime_error_delete(error);
    if (t)
        wasm_trap_delete(t);
    if (error || t)
        return 0;
    if (address.kind != WASMTIME_I32 ||
        !interrupt_read_cells(memory.base, memory.size, (uint32_t)address.of.i32, cells, &count))
        return 0;
    r->wasi->wait = interrupt_poll;
    r->wasi->interrupted = interrupt_take;
    return interrupt_start(memory.base, cells, count, err);
}

/* 1 if the module's own start function has already ended the run. */
static int instantiate(struct run *r, wasmtime_context_t *ctx, wasmtime_linker_t *linker, struct module *m,
                       wasmtime_instance_t *instance, struct wlpy_result *result, struct err *err)
{
    wasmtime_instance_pre_t *pre = NULL;
    wasm_trap_t *t = NULL;
    wasmtime_error_t *error = wasmtime_linker_instantiate_pre(linker, m->code, &pre);
    wasm_frame_vec_t trace = {0};
    char why[512];

    if (error) {
        error_text(error, why, sizeof why, true);
        return err_set(err, ERR_MODULE, "cannot run %s: %s", r->config->module, why);
    }
    error = wasmtime_instance_pre_instantiate(pre, ctx, instance, &t);
    wasmtime_instance_pre_delete(pre);
    if (error)
        wasmtime_error_wasm_trace(error, &trace);
    if (error && !r->exited && trace.size == 0) {
        wasm_frame_vec_delete(&trace);
        error_text(error, why, sizeof why, true);
        err_set(err, ERR_SETUP, "cannot give %s its memory: %s", r->config->module, why);
        return err_hint(err, "4 GiB of addresses are reserved for it (ulimit -v), and --max-memory must hold what it "
                             "starts with");
    }
    if (error)
        wasm_frame_vec_delete(&trace);
    if (!error && !t)
        return 0;
    call_ended(r, error, t, result);
    return 1;
}

/* ---- what a snapshot does not keep: tables, and the variable outside of the memory ---- */

struct state {
    char tables[65]; /* a hash */
    char variable[65];
};

/* Of a function its address; of something that only the host could have made, whether it is there. */
static uintptr_t identity_of(wasmtime_val_t *v)
{
    uintptr_t is;

    if (v->kind == WASMTIME_FUNCREF)
        return v->of.funcref.store_id ? (uintptr_t)v->of.funcref.__private : 0;
    is = v->kind == WASMTIME_EXTERNREF ? !wasmtime_externref_is_null(&v->of.externref) : 1;
    wasmtime_val_unroot(v);
    return is;
}

static bool hash_table(wasmtime_context_t *ctx, const wasmtime_table_t *table, struct sha256 *sha)
{
    uint64_t n = wasmtime_table_size(ctx, table);
    wasmtime_val_t v;

    sha256_add(sha, &n, sizeof n);
    for (uint64_t i = 0; i < n; i++) {
        uintptr_t is;

        if (!wasmtime_table_get(ctx, table, i, &v))
            return false;
        is = identity_of(&v);
        sha256_add(sha, &is, sizeof is);
    }
    return true;
}

/* What all tables hold, as a hash: they may be large. */
static bool hash_tables(const struct run *r, wasmtime_context_t *ctx, const wasmtime_instance_t *instance, char hex[65])
{
    struct sha256 sha;

    sha256_init(&sha);
    for (unsigned i = 0; i < r->module->needs.tables; i++) {
        char name[SNAPSHOT_TABLE_NAME];
        wasmtime_extern_t item;

        snapshot_table_name(i, name);
        if (!wasmtime_instance_export_get(ctx, instance, name, strlen(name), &item) ||
            item.kind != WASMTIME_EXTERN_TABLE || !hash_table(ctx, &item.of.table, &sha))
            return false;
    }
    sha256_hex(&sha, hex);
    return true;
}

/* A module that has none gives a hash, too. */
static void hash_variable(wasmtime_context_t *ctx, const wasmtime_instance_t *instance, char hex[65])
{
    struct sha256 sha;
    wasmtime_extern_t item;
    wasmtime_val_t v;
    uintptr_t is;

    sha256_init(&sha);
    if (wasmtime_instance_export_get(ctx, instance, SNAPSHOT_VARIABLE_NAME, LEN(SNAPSHOT_VARIABLE_NAME), &item) &&
        item.kind == WASMTIME_EXTERN_GLOBAL) {
        wasmtime_global_get(ctx, &item.of.global, &v);
        switch (v.kind) {
        case WASMTIME_I32:
        case WASMTIME_F32:
            sha256_add(&sha, &v.of.i32, sizeof v.of.i32);
            break;
        case WASMTIME_I64:
        case WASMTIME_F64:
            sha256_add(&sha, &v.of.i64, sizeof v.of.i64);
            break;
        default: /* of others no snapshot is made */
            is = identity_of(&v);
            sha256_add(&sha, &is, sizeof is);
        }
    }
    sha256_hex(&sha, hex);
}

static bool read_state(const struct run *r, wasmtime_context_t *ctx, const wasmtime_instance_t *instance,
                       struct state *s)
{
    hash_variable(ctx, instance, s->variable);
    return hash_tables(r, ctx, instance, s->tables);
}

/* Fails if that is not as it was before. */
static int check_state(const struct run *r, wasmtime_context_t *ctx, const wasmtime_instance_t *instance,
                       const struct state *before, struct err *err)
{
    struct state now;
    const char *changed = !read_state(r, ctx, instance, &now) || strcmp(now.tables, before->tables) != 0 ? "a table"
                          : strcmp(now.variable, before->variable) != 0                                  ? "a global"
                                                                                                         : NULL;

    if (!changed)
        return 0;
    err_set(err, ERR_MODULE, "cannot make a snapshot of %s: it has changed %s, and a snapshot keeps only memory",
            r->config->module, changed);
    return err_hint(err, "set it when the program is linked, or when it starts");
}

static int take_snapshot(struct run *r, struct err *err)
{
    const struct wlpy_config *c = r->config;
    struct guest_memory memory = memory_of(r);

    if (!r->has_memory)
        return err_set(err, ERR_MODULE, "cannot make a snapshot of %s: it does not export its memory", c->module);
    return snapshot_write(c->module, r->wasm->at, r->wasm->size, c->entry, memory.base, memory.size, c->snapshot, err);
}

/* ---- the whole run ---- */

static int set_limits(const struct run *r, wasmtime_store_t *store, struct err *err)
{
    const struct needs *n = &r->module->needs;
    struct share share;

    if (!needs_share(n, r->config->limits.memory, &share)) {
        err_set(err, ERR_SETUP, "cannot give %s its memory: it starts with more than the limit of %" PRIu64 " KiB",
                r->config->module, r->config->limits.memory >> 10);
        return err_hint(err, "--max-memory must hold what it starts with, its tables included");
    }
    wasmtime_store_limiter(store, (int64_t)share.memory, (int64_t)share.elements, 1, NEEDS_MAX_TABLES, 1);
    return 0;
}

/* Calls what the run is for. */
static int call(struct run *r, wasmtime_context_t *ctx, const wasmtime_instance_t *instance,
                const wasmtime_func_t *start, struct wlpy_result *result, struct err *err)
{
    struct state before;
    wasm_trap_t *t = NULL;
    wasmtime_error_t *error;
    int status;

    /* Before any of its code has run. */
    if (r->config->entry && !read_state(r, ctx, instance, &before))
        return err_set(err, ERR_SETUP, "cannot read the tables of %s", r->config->module);
    status = set_up_interrupts(r, ctx, instance, result, err);
    if (status != 0)
        return status < 0 ? status : 0;
    error = wasmtime_func_call(ctx, start, NULL, 0, NULL, 0, &t);
    result->interrupts = interrupt_stop();
    call_ended(r, error, t, result);
    if (r->config->entry && result->end == WLPY_EXITED && !r->exited) {
        status = check_state(r, ctx, instance, &before, err);
        if (status == 0)
            status = take_snapshot(r, err);
    }
    return status;
}

static int run_in(struct run *r, wasmtime_store_t *store, wasmtime_linker_t *linker, struct module *m,
                  struct wlpy_result *result, struct err *err)
{
    wasmtime_context_t *ctx = wasmtime_store_context(store);
    const char *file = r->config->module, *entry = r->config->entry;
    wasmtime_instance_t instance;
    wasmtime_func_t start;
    wasmtime_extern_t item;
    int status = set_limits(r, store, err);

    for (size_t i = 0; status == 0 && i < sizeof own_calls / sizeof *own_calls; i++)
        status = link_call(r, linker, &own_calls[i], err);
    if (status == 0)
        status = check_imports(linker, ctx, m, file, err);
    if (status < 0)
        return status;
    status = instantiate(r, ctx, linker, m, &instance, result, err);
    if (status != 0)
        return status < 0 ? status : 0;
    r->context = ctx;
    if (!r->has_memory && wasmtime_instance_export_get(ctx, &instance, MEMORY, LEN(MEMORY), &item))
        take_memory(r, &item);
    if (!get_function(ctx, &instance, entry ? entry : "_start", &start)) {
        err_set(err, ERR_MODULE, "cannot run %s: it exports no %s%s", file, entry ? entry : "_start",
                entry ? "" : ", so it is no program");
        return err_hint(err, entry ? "--entry names the function to call" : "link it as a command, not as a library");
    }
    return call(r, ctx, &instance, &start, result, err);
}

static int wt_run(struct engine *e, struct module *m, const struct wlpy_config *config, wasi *wasi,
                  const struct module_bytes *wasm, struct wlpy_result *result, struct err *err)
{
    struct run r = {.config = config, .engine = e, .module = m, .wasm = wasm, .wasi = wasi};
    wasmtime_store_t *store = wasmtime_store_new(e->engine, NULL, NULL);
    wasmtime_linker_t *linker = wasmtime_linker_new(e->engine);
    int status;

    wasi->memory = memory_of;
    wasi->arg = &r;
    status = run_in(&r, store, linker, m, result, err);
    wasmtime_linker_delete(linker);
    wasmtime_store_delete(store);
    return status;
}

const struct engine_ops engine_wasmtime = {
    .name = "wasmtime " WASMTIME_VERSION,
    .identity = wt_identity,
    .open = wt_open,
    .close = wt_close,
    .compile = wt_compile,
    .save = wt_save,
    .load = wt_load,
    .free_module = wt_free_module,
    .run = wt_run,
};
