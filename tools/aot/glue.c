/* What the runtime knows of a module (host/native/runtime.h), written as C and assembler. */
#include "aot.h"

static const char image[] = "    .section .wl_image,\"a\",@progbits\n"
                            "    .balign 65536\n"
                            "    .globl guest_image\n"
                            "    .hidden guest_image\n"
                            "guest_image:\n"
                            "    .incbin \"image\"\n"
                            "    .balign 4096\n"
                            "    .globl guest_image_end\n"
                            "    .hidden guest_image_end\n"
                            "guest_image_end:\n"
                            "    .section .note.GNU-stack,\"\",@progbits\n";

#define IMPORTS "w2c_wasi__snapshot__preview1"

static const char *c_type(uint8_t type)
{
    switch (type) {
    case 0x7f:
        return "uint32_t";
    case 0x7e:
        return "uint64_t";
    case 0x7d:
        return "float";
    case 0x7c:
        return "double";
    default:
        end("a call of WASI has a parameter of an unknown type");
    }
}

/* An imported function as the table calls it: with the instance that imports it. */
static void put_import(FILE *file, const struct functions *f, uint64_t function)
{
    struct wasm_reader type = f->types[f->type[function]], parameters, results, field = f->fields[function];
    int name_n = (int)(field.end - field.at);

    wasm_byte(&type);
    parameters = wasm_part(&type, wasm_number(&type));
    results = wasm_part(&type, wasm_number(&type));
    fprintf(file, "\n%s guest_import_%llu(w2c_guest *instance", results.at < results.end ? c_type(*results.at) : "void",
            (unsigned long long)function);
    for (const uint8_t *p = parameters.at; p < parameters.end; p++)
        fprintf(file, ", %s p%d", c_type(*p), (int)(p - parameters.at));
    fprintf(file, ")\n{\n    %s" IMPORTS "_", results.at < results.end ? "return " : "");
    /* As wasm2c writes it: names of calls have letters, digits and single underscores. */
    fprintf(file, "%.*s(instance->" IMPORTS "_instance", name_n, (const char *)field.at);
    for (const uint8_t *p = parameters.at; p < parameters.end; p++)
        fprintf(file, ", p%d", (int)(p - parameters.at));
    fputs(");\n}\n", file);
}

void glue_write(const char *name, const struct functions *f, const struct fit *fit, const struct image *i,
                bool constant_table)
{
    FILE *file = make_file("image.s");

    put(file, image, sizeof image - 1);
    end_file(file, "image.s");
    file = make_file("glue.c");
    fputs("#include \"guest.h\"\n#include \"native/imports.h\"\n#include \"native/runtime.h\"\n\n", file);
    fprintf(file,
            "const char guest_name[] = \"%s\";\n"
            "const uint64_t guest_image_from = %llu;\n"
            "const bool guest_image_is_all = %s;\n"
            "const size_t guest_size = sizeof(w2c_guest);\n"
            "const bool guest_changes_tables = %s;\n",
            name, (unsigned long long)i->from, i->is_all ? "true" : "false", f->changes_tables ? "true" : "false");
    fprintf(file,
            "\nvoid guest_instantiate(void *instance, struct wasi *w)\n{\n    (void)w;\n    "
            "wasm2c_guest_instantiate(%s);\n}\n",
            fit->imports ? "instance, (void *)w" : "instance");
    fprintf(file, "\nvoid guest_use(void *instance, struct wasi *w)\n{\n    (void)instance;\n    (void)w;\n%s}\n",
            fit->imports ? "    ((w2c_guest *)instance)->" IMPORTS "_instance = (void *)w;\n" : "");
    fprintf(file, "\nvoid guest_start(void *instance)\n{\n%s    w2c_guest_0x5Fstart(instance);\n}\n",
            fit->interrupts ? "    runtime_interrupts(w2c_guest_wl_interrupt_cells(instance));\n" : "");
    fputs("\nvoid guest_free(void *instance)\n{\n    wasm2c_guest_free(instance);\n}\n"
          "\nconst wasm_rt_memory_t *guest_memory(void *instance)\n{\n    return w2c_guest_memory(instance);\n}\n",
          file);
    for (uint64_t k = 0; constant_table && k < f->imported; k++)
        put_import(file, f, k);
    end_file(file, "glue.c");
}
