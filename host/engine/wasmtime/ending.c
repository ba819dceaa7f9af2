#include "core/text.h"
#include "engine/wasmtime/internal.h"
#include "wasi/threads.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The engine's messages have many lines: the outermost error, "Caused by", then the causes, numbered if there are
 * several. Makes one line of them: all, or only the last, which says most about what happened while running. */
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

void wt_error_text(wasmtime_error_t *error, char *to, size_t size, bool all)
{
    wasm_byte_vec_t text;

    wasmtime_error_message(error, &text);
    squeeze(to, size, text.data, text.size, all);
    wasm_byte_vec_delete(&text);
    wasmtime_error_delete(error);
}

int wt_error(wasmtime_error_t *error, const char *what, struct err *err)
{
    char why[512];

    wt_error_text(error, why, sizeof why, true);
    return err_set(err, ERR_SETUP, "%s: %s", what, why);
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

static void take_trace(struct instance *r, wasm_frame_vec_t *trace)
{
    if (!r->given->trace)
        r->given->trace = frames(trace);
    wasm_frame_vec_delete(trace);
}

static void tell_trap(struct instance *r, wasm_trap_t *t)
{
    static const int traps[] = {
        [WASMTIME_TRAP_CODE_STACK_OVERFLOW] = TRAP_STACK,
        [WASMTIME_TRAP_CODE_MEMORY_OUT_OF_BOUNDS] = TRAP_MEMORY,
        [WASMTIME_TRAP_CODE_HEAP_MISALIGNED] = TRAP_ALIGNMENT,
        [WASMTIME_TRAP_CODE_TABLE_OUT_OF_BOUNDS] = TRAP_TABLE,
        [WASMTIME_TRAP_CODE_INDIRECT_CALL_TO_NULL] = TRAP_NULL,
        [WASMTIME_TRAP_CODE_BAD_SIGNATURE] = TRAP_TYPE,
        [WASMTIME_TRAP_CODE_INTEGER_OVERFLOW] = TRAP_OVERFLOW,
        [WASMTIME_TRAP_CODE_INTEGER_DIVISION_BY_ZERO] = TRAP_ZERO,
        [WASMTIME_TRAP_CODE_BAD_CONVERSION_TO_INTEGER] = TRAP_CONVERSION,
        [WASMTIME_TRAP_CODE_UNREACHABLE_CODE_REACHED] = TRAP_ABORT,
    };
    struct end *end = r->end;
    wasmtime_trap_code_t code;
    wasm_message_t message;

    if (wasmtime_trap_code(t, &code) && code < sizeof traps / sizeof *traps) {
        snprintf(end->text, sizeof end->text, "%s", trap_texts[traps[code]]);
        if (traps[code] == TRAP_STACK)
            snprintf(end->hint, sizeof end->hint, "give it a larger stack (--max-wasm-stack); it has %llu KiB",
                     (unsigned long long)r->engine->settings.stack >> 10);
        return;
    }
    wasm_trap_message(t, &message);
    squeeze(end->text, sizeof end->text, message.data, message.size, false);
    wasm_byte_vec_delete(&message);
    /* Which has no words of its own. */
    if (!*end->text)
        snprintf(end->text, sizeof end->text, "%s", trap_texts[TRAP_EXCEPTION]);
}

/* For what the host has stopped it. */
static bool tell_host(const struct instance *r)
{
    struct end *end = r->end;
    const struct engine_run *given = r->given;
    enum control_ending ending = given->control ? control_ending(given->control) : CONTROL_GOES_ON;
    const char *why;

    if (given->wasi->ending == WASI_EXITS) {
        end->status = (int)(given->wasi->status & 0xff);
        end->left = true;
        return false;
    }
    /* Another thread has ended the guest. */
    if (given->wasi->ending == WASI_GOES_ON && ending == CONTROL_OVER && r->crew.over) {
        *end = r->crew.end;
        return end->kind != END_EXITED;
    }
    if (given->wasi->ending == WASI_SPENT_OUTPUT) {
        end->kind = END_OUTPUT;
        why = END_TEXT_OUTPUT;
    } else if (ending == CONTROL_DEADLINE) {
        end->kind = END_DEADLINE;
        why = END_TEXT_DEADLINE;
    } else if (ending == CONTROL_CPU) {
        end->kind = END_CPU;
        why = END_TEXT_CPU;
    } else {
        end->kind = END_CANCELLED;
        why = END_TEXT_CANCELLED;
    }
    end->status = end->kind == END_DEADLINE || end->kind == END_CPU ? STATUS_DEADLINE : STATUS_TRAPPED;
    snprintf(end->text, sizeof end->text, "%s", why);
    return true;
}

bool wt_has_to_end(struct instance *r)
{
    const struct engine_run *g = r->given;

    r->stopped = g->wasi->ending != WASI_GOES_ON || (g->control && control_ending(g->control) != CONTROL_GOES_ON) ||
                 wasi_thread_exits(g->wasi);
    return r->stopped;
}

void wt_ended(struct instance *r, wasmtime_error_t *error, wasm_trap_t *trap)
{
    struct end *end = r->end;
    bool stopped = error || trap;
    wasm_frame_vec_t trace;

    *end = (struct end){.kind = END_EXITED};
    if (stopped && r->stopped) {
        stopped = tell_host(r);
    } else if (stopped) {
        end->kind = END_TRAPPED;
        end->status = STATUS_TRAPPED;
        if (trap)
            tell_trap(r, trap);
    }
    if (stopped && r->given->backtrace) {
        if (trap)
            wasm_trap_trace(trap, &trace);
        else
            wasmtime_error_wasm_trace(error, &trace);
        take_trace(r, &trace);
    }
    /* What a call of the host's refused to go on with, without being asked to stop. */
    if (error && end->kind == END_TRAPPED && !r->stopped)
        wt_error_text(error, end->text, sizeof end->text, false);
    else if (error)
        wasmtime_error_delete(error);
    if (trap)
        wasm_trap_delete(trap);
}
