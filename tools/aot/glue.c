/* Writes the host's facts about a module (host/abi/native.h) as C and assembler. */
#include "aot.h"

#include "core/sha256.h"

static const char image[] = "    .section .wl_image,\"a\",@progbits\n"
                            "    .balign 65536\n"
                            "    .globl guest_image\n"
                            "    .hidden guest_image\n"
                            "guest_image:\n"
                            "    .incbin \"image\"\n"
                            "    .balign %d\n"
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

/* An imported function for the table, which calls it with the instance that imports it. */
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
    /* The name that wasm2c gives the function. Names of calls have only letters, digits and single underscores. */
    fprintf(file, "%.*s(instance->" IMPORTS "_instance", name_n, (const char *)field.at);
    for (const uint8_t *p = parameters.at; p < parameters.end; p++)
        fprintf(file, ", p%d", (int)(p - parameters.at));
    fputs(");\n}\n", file);
}

static void hash(const struct module *m, char hex[65])
{
    struct sha256 sha;

    sha256_init(&sha);
    sha256_add(&sha, m->bytes, m->n);
    sha256_hex(&sha, hex);
}

void glue_write(const struct module *m, const struct functions *f, const struct fit *fit, const struct image *i,
                const struct build *b)
{
    const char *interrupts = fit->interrupts ? "    native_interrupts(w2c_guest_wl_interrupt_cells(instance));\n" : "";
    FILE *file = make_file("image.s");
    char hex[65];

    /* It is mapped by whole pages, which are this large at most. */
    fprintf(file, image, is_for(b, "aarch64") ? 65536 : 4096);
    end_file(file, "image.s");
    file = make_file("glue.c");
    fputs("#include \"guest.h\"\n#include \"abi/native.h\"\n\n"
          "extern const uint8_t guest_image[] __attribute__((visibility(\"hidden\"))),\n"
          "    guest_image_end[] __attribute__((visibility(\"hidden\")));\n"
          "extern const char guest_name[];\n"
          "bool bridge_connect(const struct native_host *host);\n",
          file);
    fprintf(file,
            "\nstatic void instantiate(void *instance, struct " IMPORTS " *w)\n{\n    (void)w;\n    "
            "wasm2c_guest_instantiate(instance%s);\n}\n",
            fit->imports ? ", w" : "");
    fprintf(file,
            "\nstatic void use(void *instance, struct " IMPORTS " *w)\n{\n    (void)instance;\n    (void)w;\n%s}\n",
            fit->imports ? "    ((w2c_guest *)instance)->" IMPORTS "_instance = w;\n" : "");
    fprintf(file, "\nstatic void start(void *instance)\n{\n%s    w2c_guest_0x5Fstart(instance);\n}\n", interrupts);
    if (fit->sessions)
        fprintf(file,
                "\nstatic uint32_t session(void *instance, uint32_t what, uint32_t size)\n{\n%s    "
                "return w2c_guest_wl_session(instance, what, size);\n}\n",
                interrupts);
    if (fit->threads)
        fputs("\nstatic void thread(void *instance, uint32_t argument)\n{\n"
              "    w2c_guest_wl_thread(instance, argument);\n}\n",
              file);
    fputs("\nstatic void release(void *instance)\n{\n    wasm2c_guest_free(instance);\n}\n"
          "\nstatic struct native_memory memory(void *instance)\n{\n"
          "    const wasm_rt_memory_t *m = w2c_guest_memory(instance);\n\n"
          "    return (struct native_memory){m->data, m->size};\n}\n"
          "\nstatic void resize(void *instance, uint64_t size)\n{\n"
          "    wasm_rt_memory_t *m = w2c_guest_memory(instance);\n\n"
          "    m->size = size;\n    m->pages = size / 65536;\n}\n",
          file);
    hash(m, hex);
    fprintf(file,
            "\n%sconst struct native_guest wlpy_native_program = {\n"
            "    .abi = NATIVE_ABI,\n    .size = sizeof wlpy_native_program,\n    .name = guest_name,\n"
            "    .image = guest_image,\n    .image_end = guest_image_end,\n    .image_from = %llu,\n"
            "    .instance_size = sizeof(w2c_guest),\n    .image_is_all = %s,\n    .changes_tables = %s,\n"
            "    .instantiate = instantiate,\n    .use = use,\n    .start = start,\n    .free = release,\n"
            "    .memory = memory,\n    .resize = resize,\n"
            "    .module = \"%s\",\n%s%s%s};\n",
            b->library ? "__attribute__((visibility(\"default\")))\n" : "", (unsigned long long)i->from,
            i->is_all ? "true" : "false", f->changes_tables ? "true" : "false", hex,
            b->library ? "    .connect = bridge_connect,\n" : "", fit->sessions ? "    .session = session,\n" : "",
            fit->threads ? "    .thread = thread,\n" : "");
    for (uint64_t k = 0; b->constant_table && k < f->imported; k++)
        put_import(file, f, k);
    end_file(file, "glue.c");
}
