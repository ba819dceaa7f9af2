/* wasi-reference MODULE DIR NAME [ARGUMENT...]: runs a module with libwasmtime and its own WASI, which shares DIR as
 * NAME. aot.sh compares the project's own host (host/wasi/) with it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wasi.h>
#include <wasmtime.h>

static void check(wasmtime_error_t *error, const char *what)
{
    wasm_byte_vec_t text;

    if (!error)
        return;
    wasmtime_error_message(error, &text);
    fprintf(stderr, "%s: %.*s\n", what, (int)text.size, text.data);
    exit(125);
}

static uint8_t *read_all(const char *path, size_t *size)
{
    FILE *f = fopen(path, "rb");
    uint8_t *bytes = malloc(1 << 24);

    if (!f || !bytes)
        exit(125);
    *size = fread(bytes, 1, 1 << 24, f);
    fclose(f);
    return bytes;
}

int main(int argc, char **argv)
{
    wasm_engine_t *engine = wasm_engine_new();
    wasmtime_store_t *store = wasmtime_store_new(engine, NULL, NULL);
    wasmtime_linker_t *linker = wasmtime_linker_new(engine);
    wasi_config_t *config = wasi_config_new();
    wasmtime_instance_t instance;
    wasmtime_module_t *module;
    wasmtime_extern_t start;
    wasm_trap_t *trap = NULL;
    wasmtime_error_t *error;
    int status = 0;
    size_t size;
    uint8_t *bytes;

    if (argc < 4)
        return 125;
    bytes = read_all(argv[1], &size);
    check(wasmtime_module_new(engine, bytes, size, &module), argv[1]);
    wasi_config_inherit_stdin(config);
    wasi_config_inherit_stdout(config);
    wasi_config_inherit_stderr(config);
    if (!wasi_config_preopen_dir(config, argv[2], argv[3], true))
        return 125;
    argv[3] = "program";
    wasi_config_set_argv(config, (size_t)(argc - 3), (const char **)argv + 3);
    check(wasmtime_context_set_wasi(wasmtime_store_context(store), config), "WASI");
    check(wasmtime_linker_define_wasi(linker), "WASI");
    error = wasmtime_linker_instantiate(linker, wasmtime_store_context(store), module, &instance, &trap);
    check(error, "instance");
    if (trap || !wasmtime_instance_export_get(wasmtime_store_context(store), &instance, "_start", 6, &start))
        return 125;
    error = wasmtime_func_call(wasmtime_store_context(store), &start.of.func, NULL, 0, NULL, 0, &trap);
    if (error && wasmtime_error_exit_status(error, &status))
        return status;
    check(error, "_start");
    return trap ? 134 : 0;
}
