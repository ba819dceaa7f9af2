/* fuzz_seeds NAME DIR: writes the seeds of the fuzz target NAME. */
#include "make_archive.h"

#include "util/fs.h"
#include "util/str.h"

#include <stdio.h>
#include <string.h>

static void archive_seeds(const char *folder)
{
    static const struct entry entries[] = {
        {'d', "p/", NULL, 0},       {'f', "p/file", "some text\n", 0}, {'f', "p/run", "#!/bin/sh\n", 0755},
        {'l', "p/link", "file", 0}, {'h', "p/hard", "p/file", 0},      {'d', "p/d", NULL, 0700},
        {'s', "p/hole", "x", 0},    {'f', "p/d/tést", "", 0},          {0}};
    static const struct entry bad[] = {{'l', "p/up", "../x", 0}, {'f', "../evil", "x", 0}, {'c', "null", NULL, 0}, {0}};
    static const struct entry plain[] = {{'f', "p/a", "text", 0}, {'l', "p/b", "a", 0}, {0}};
    static const char *const kinds[] = {"tar", "ustar", "tar.gz", "tar.bz2", "tar.xz", "tar.zst", NULL};

    for (const char *const *k = kinds; *k; k++) {
        WL_CLEANUP_FREE char *file = xasprintf("%s/good.%s", folder, *k), *deb = xasprintf("%s/%s.deb", folder, *k),
                             *worse = xasprintf("%s/bad.%s", folder, *k);

        make_archive(file, *k, entries);
        make_archive(worse, *k, bad);
        make_deb(deb, folder, *k, entries);
    }
    {
        WL_CLEANUP_FREE char *zip = path_join(folder, "good.zip"), *cut = path_join(folder, "cut.zip");

        make_archive(zip, "zip", plain);
        make_archive(cut, "zip", plain);
        cut_file(cut, 60);
    }
}

static void recipe_seeds(const char *folder)
{
    static const char *const recipes[] = {
        "version: \"1\"\nsteps: [{name: a, run: b}]\n",
        "from: f/base\nversion: \"${v}\"\nsummary: \"${version.major} ${series}\"\nneeds: []\n",
        "abstract: true\nmin-sdk: 21\ntoolchain: native\n",
        "for-each: f\nfrom: f/base\n",
        "version: \"3.11.2\"\ndate: 2023-02-07\nlicense: x\nhomepage: x\nvars: [\"a=b\"]\nenv: [\"A=${a}\"]\n"
        "sources:\n  - url: https://example.org/${version}.tar.gz\n    sha256: "
        "29e4b8f5f1658542a8c13e2dd277358c9c48f2b2f7318652ef1675e402b9d2af\n    mirrors: [\"file:/a\"]\n    also:\n"
        "      - {url: \"debian:pool/main/p/p/p.tar.gz\", sha256: "
        "2411c74bda5bbcfcddaf4531f66d1adc73f247f529aee981b029513aefdbf849}\n    into: sub\n    strip: 0\n"
        "    unpack: false\npatches: [x]\nfiles: [/guest/x]\nneeds: [a/b]\nbuild-needs: [c]\ntest-needs: [d]\n"
        "contains: [e]\nsteps:\n  - name: one\n    run: |\n      make\ntests:\n  - {name: t, run: x}\n",
        "version: &a \"1\"\nsummary: *a\nsteps: !!seq [{name: a, run: >\n  folded}]\n",
        "version: [\n",
    };

    for (size_t i = 0; i < sizeof recipes / sizeof *recipes; i++) {
        WL_CLEANUP_FREE char *file = xasprintf("%s/%zu.yaml", folder, i);
        WL_CLEANUP_ERR struct wl_err err = WL_ERR_INIT;

        if (file_write(file, recipes[i], strlen(recipes[i]), &err) < 0)
            fprintf(stderr, "%s\n", err.text);
    }
}

/* Without the last line, which the target adds. */
static void manifest_seeds(const char *folder)
{
#define HASH_OF "29e4b8f5f1658542a8c13e2dd277358c9c48f2b2f7318652ef1675e402b9d2af"
    static const char *const manifests[] = {
        "{\n \"format\": 1,\n \"key\": \"" HASH_OF
        "\",\n \"kind\": \"port\",\n \"name\": \"a\",\n \"version\": \"1\",\n"
        " \"license\": \"MIT\",\n \"toolchain\": \"\",\n \"sources\": [\n  {\"file\": \"a\", \"sha256\": \"" HASH_OF
        "\", \"from\": \"https://example.org/a\"}\n ],\n \"needs\": [\n  {\"name\": \"b\", \"key\": \"" HASH_OF
        "\", \"use\": \"link\"}\n ],\n \"files\": [\n  {\"path\": \"d\", \"type\": \"folder\", \"mode\": \"755\"},\n"
        "  {\"path\": \"d/f\", \"type\": \"file\", \"mode\": \"444\", \"size\": 7, \"sha256\": \"" HASH_OF
        "\"},\n  {\"path-hex\": \"ff\", \"type\": \"link\", \"target\": \"d/f\"}\n ],\n",
        "{\"format\": 1, \"files\": [{\"path\": \"../x\"}],\n",
        "[",
    };
#undef HASH_OF

    for (size_t i = 0; i < sizeof manifests / sizeof *manifests; i++) {
        WL_CLEANUP_FREE char *file = xasprintf("%s/%zu.json", folder, i);
        WL_CLEANUP_ERR struct wl_err err = WL_ERR_INIT;

        if (file_write(file, manifests[i], strlen(manifests[i]), &err) < 0)
            fprintf(stderr, "%s\n", err.text);
    }
}

static void address_seeds(const char *folder)
{
    static const char *const addresses[] = {
        "https://example.org/a/1.2/a-1.2.3.tar.xz",
        "https://github.com/o/r/releases/download/v1.2.3/r-1.2.3.tar.gz",
        "https://github.com/o/r/archive/refs/tags/v1.2.3.tar.gz",
        "https:/example.org/a-1.2.3.tgz",
        "http://127.0.0.1:1/a-1.2.3.tgz?x=%2f#y",
        "file:///nonexistent/a-1.2.3.tgz",
        "git+https://example.org/r.git#0123456789abcdef0123456789abcdef01234567",
        "debian:pool/main/z/zlib/zlib_1.2.3.orig.tar.gz",
        "debian:pool/x_1.orig.tar.gz",
        "pypi:a==1.2.3/a-1.2.3-py3-none-any.whl",
        "npm:@s/a@1.2.3",
        "crate:a@1.2.3",
        "<a href=\"a-1.2.3.tar.gz\">a</a> <A HREF='b%20c/'> <a href=d?e>",
    };

    for (size_t i = 0; i < sizeof addresses / sizeof *addresses; i++) {
        WL_CLEANUP_FREE char *file = xasprintf("%s/%zu", folder, i);
        WL_CLEANUP_ERR struct wl_err err = WL_ERR_INIT;

        if (file_write(file, addresses[i], strlen(addresses[i]), &err) < 0)
            fprintf(stderr, "%s\n", err.text);
    }
}

/* Sequences of calls in the format of fuzz_wasi.c: each call alone, with small arguments and with paths. */
static void wasi_seeds(const char *folder)
{
    for (int number = 0; number < 45; number++)
        for (int kind = 0; kind < 4; kind++) {
            unsigned char bytes[40] = {(unsigned char)(kind & 1)};
            WL_CLEANUP_FREE char *file = xasprintf("%s/%d-%d", folder, number, kind);
            WL_CLEANUP_ERR struct wl_err err = WL_ERR_INIT;

            for (int i = 1; i < 40; i++)
                bytes[i] = (unsigned char)(i % 10 == 1 ? number : i % 10 == 2 ? 3 : kind < 2 ? i : 128 + 7 * i % 96);
            if (file_write(file, (char *)bytes, sizeof bytes, &err) < 0)
                fprintf(stderr, "%s\n", err.text);
        }
}

static void write_texts(const char *folder, const char *const *texts, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        WL_CLEANUP_FREE char *file = xasprintf("%s/%zu", folder, i);
        WL_CLEANUP_ERR struct wl_err err = WL_ERR_INIT;

        if (file_write(file, texts[i], strlen(texts[i]), &err) < 0)
            fprintf(stderr, "%s\n", err.text);
    }
}

/* A rule, and requests. The channel is descriptor 0, a file 1 and a directory 2, so sockets count from 3. */
static void channel_seeds(const char *folder)
{
    static const char *const seeds[] = {
        "*:80,443-500\nversion\nnet.socket 4 stream\nnet.connect 3 127.0.0.1 9\nnet.peer 3\nnet.option 3 error\n",
        "[2001:db8::/32]:80\nnet.socket 6 dgram\nnet.bind 3 ::1 0\nnet.name 3\nnet.to 3 ::1 9\nnet.from 3\n",
        "*.example.com\nnet.socket 4 stream\nnet.bind 3 127.0.0.1 0\nnet.listen 3 5\nnet.option 3 acceptconn\n",
        "10.0.0.0/8\nnet.pair stream\nnet.pair dgram\nnet.linger 3 1 3\nnet.linger 3\nnet.option 3 nodelay 1\n",
        "localhost:0\nnet.resolve 0 localhost\nnet.resolve 4 example.com\nnet.resolve 6 127.0.0.1\nnet.none\n",
        "x\naes.gcm encrypt 100 32 200 300 400 500 160\naes.gcm decrypt 0 16 16 32 48 48 16\n",
        "x\naes.gcm encrypt 0 24 0 0 0 0 17\n",
        "x\nlock.whole 1 exclusive\nlock.range 1 write 0 5\nlock.range 1 read 3 0 wait\nlock.test 1 read 0 0\n",
        "x\nfs.space 1\nfs.space 0\nfs.space 9\n",
        "x\nfs.modes\nfs.mkdir 2 0 3 448\nfs.chmod 2 511 0 3\nfs.chmod 1 384\nfs.access 2 7 0 3\n",
        "x\nfs.open 2 1 0 7 1 64 0 0 438\nfs.open 2 1 0 7 5 64 0 0 438\nfs.chmod 3 3565\nfs.chmod 2 0 0 7 nofollow\n",
        "x\nprocess.self\nprocess.pipe\nprocess.pair dgram\nprocess.semaphore 3\nprocess.count 7\n",
        "x\nprocess.memory 65536\n",
        "x\nsignal.begin 12000\nsignal.take 15 handle\nsignal.take 1 ignore\nsignal.send 15\n",
        "x\nsignal.begin 12000\nsignal.timer 1000 1000\nsignal.timer\n",
        "x\nprocess.spawn 0 0 0 0 0 3 0 0\nprocess.wait any now\nprocess.kill 43 9\nprocess.note 0 0\n",
        "x\ntty.set 0 now 0 0 0 0 00\ntty.get 0\ntty.size 1\ntty.flush 0 in\ntty.drain 0\n",
    };

    write_texts(folder, seeds, sizeof seeds / sizeof *seeds);
}

/* Requests, and texts with a secret in them. */
static void door_seeds(const char *folder)
{
    static const char *const seeds[] = {
        "GET /a?b HTTP/1.1\r\nAuthorization: Bearer PLACEHOLDER123\r\nHost: h\r\n\r\n",
        "POST / HTTP/1.0\r\nAuthorization: Basic dTpQTEFDRUhPTERFUjEyMw==\r\nContent-Length: 7\r\n\r\n",
        "PUT / HTTP/1.1\r\nTransfer-Encoding: chunked\r\nExpect: 100-continue\r\nX-Api-Key: PLACEHOLDER123\r\n\r\n",
        "\3 SECRETaSECRETaSECRETb SECRETaSECRETaSECRE",
    };

    write_texts(folder, seeds, sizeof seeds / sizeof *seeds);
}

struct seed {
    const char *bytes;
    size_t size;
};

#define SEED(text)                                                                                                     \
    {                                                                                                                  \
        text, sizeof text - 1                                                                                          \
    }

static void write_seeds(const char *folder, const struct seed *seeds, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        WL_CLEANUP_FREE char *file = xasprintf("%s/%zu", folder, i);
        WL_CLEANUP_ERR struct wl_err err = WL_ERR_INIT;

        if (file_write(file, seeds[i].bytes, seeds[i].size, &err) < 0)
            fprintf(stderr, "%s\n", err.text);
    }
}

/* The first eight bytes are a limit, the rest is a module without its header. */
static void module_seeds(const char *folder)
{
#define TYPES "\1\4\1\x60\0\0"
#define LIMIT "\0\0\x10\0\0\0\0\0"
    static const struct seed seeds[] = {
        SEED(LIMIT TYPES "\3\2\1\0\4\4\1\x70\0\1\5\3\1\0\1\7\1\0\xa\4\1\2\0\xb"),
        SEED(LIMIT TYPES "\4\10\2\x70\1\2\5\x6f\0\7\5\4\1\1\1\4\xd\3\1\0\0\x9\1\0"),
        SEED(LIMIT "\4\12\1\x40\0\x64\x70\0\1\xd2\0\xb\5\3\1\0\1\xb\1\0"),
    };

    write_seeds(folder, seeds, sizeof seeds / sizeof *seeds);
}

/* An object file with every kind of table of functions, and an archive with it. (clang made it from a module of the
 * small Python of tests/e2e/bundle.sh.) */
static void object_seeds(const char *folder)
{
    static const char object[] =
        "\000asm\001\000\000\000\001\n\002`\000\001\177`\001\177\001\177\002#\001\003env\031__indirect_functio"
        "n_table\001p\000\003\003\005\004\000\000\001\000\005\003\001\000\001\011\010\001\000A\001\013\002\002"
        "\003\n\"\004\004\000A\002\013\021\000A\214\200\200\200\000A\000\020\200\200\200\200\000\033\013\004\000"
        " \000\013\004\000A\001\013\013\273\002\015\000A\000\013\002d\000\000A\002\013\002f\000\000A\004\013\002"
        "n\000\000A\006\013\002t\000\000A\010\013\002g\000\000A\n\013\002s\000\000A\014\013 \001\000\000\000\000"
        "\000\000\000\000\000\000\0000\000\000\000`\000\000\000p\000\000\000\244\000\000\000\000\000\000\000\000"
        "A0\0130\002\000\000\000\001\000\000\000\004\000\000\000\000\000\000\000\004\000\000\000\002\000\000\000"
        "\003\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000A"
        "\340\000\013\020\002\000\000\000\002\000\000\000\000\000\000\000\000\000\000\000\000A\360\000\0134\001"
        "\000\000\000\000\000\000\000\006\000\000\000\001\000\000\000\002\000\000\000\000\000\000\0000\000\000"
        "\000\300\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000"
        "A\244\001\013\024\n\000\000\000\001\000\000\000\000\000\000\000\000\000\000\000\360\000\000\000\000A\300"
        "\001\013(\010\000\000\000\001\000\000\000\002\000\000\000\000\000\000\000\000\000\000\000\000\000\000"
        "\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000A\360\001\013\0303\000\000\000"
        "\002\000\000\000@\000\000\0000\000\000\000\000\000\000\000\000\000\000\000\000\355\002\007linking\002"
        "\010\245\001\022\000\005\000\001w\000\004\001\010PyInit_d\005\220\001\000\001\002\001d\006\000 \000\002"
        "\002\001f\000\002\003\001n\001\002\006.L.str\000\000\002\001\002\001m\007\0000\001\002\002ph\010\000\020"
        "\001\002\001t\011\0004\001\002\002sp\n\000\024\001\002\010.L.str.1\001\000\002\001\002\010.L.str.2\002"
        "\000\002\001\002\010.L.str.3\003\000\002\001\002\001g\013\000(\001\002\010.L.str.5\005\000\002\001\002"
        "\001s\014\000\030\001\002\010.L.str.4\004\000\002\005\271\001\015\016.rodata..L.str\000\000\020.rodat"
        "a..L.str.1\000\000\020.rodata..L.str.2\000\000\020.rodata..L.str.3\000\000\020.rodata..L.str.4\000\000"
        "\020.rodata..L.str.5\000\000\007.data.d\002\000\007.data.m\004\000\010.data.ph\004\000\007.data.t\002"
        "\000\010.data.sp\002\000\007.data.g\004\000\007.data.s\004\000\000\024\nreloc.CODE\005\002\004\011\003"
        "\000\000\021\000\000f\nreloc.DATA\006\025\0058\006\000\005<\007\000\005@\010\000\005D\011\000\005H\n\000"
        "\005U\013\000\002Y\004\005e\014\000\002i\005\002\217\001\005\005\251\001\015\000\002\261\001\005\005\271"
        "\001\007\000\005\275\001\016\000\005\333\001\017\000\005\353\001\020\000\005\365\001\021\000\002\371\001"
        "\004\002\375\001\005\002\247\002\005\005\257\002\007\000\000!\011wl.bundlelanguage c++\nlibrary z\n";
    /* A function of C++ that throws and catches. */
    static const char throws[] =
        "\000asm\001\000\000\000\001\235\200\200\200\000\006`\001\177\001~`\001\177\000`\001|\001\177`\000\000`\001\177"
        "\001\177`\003\177\177\177\000\002\254\202\200\200\000\015\003env\017__linear_memory\002\000\001\003env\017__s"
        "tack_pointer\003\177\001\003env\007_Z3mayi\000\001\003env\010_Z4deepd\000\002\003env\017_"
        "ZSt9terminatev\000\003"
        "\003env\030__cxa_allocate_exception\000\004\003env\013__cxa_throw\000\005\003env\017__cpp_"
        "exception\004\000\001"
        "\003env\027_Unwind_CallPersonality\000\004\003env\021__cxa_begin_catch\000\004\003env\015__cxa_rethrow\000\003"
        "\003env\017__cxa_end_catch\000\003\003env\031__indirect_function_"
        "table\001p\000\000\003\202\200\200\200\000\001"
        "\000\014\201\200\200\200\000\001\n\255\205\200\200\000\001\252\005\004\002\177\001~\003\177\001~#\200\200\200"
        "\200\000!\001A\000!\002\002@\003@ \003!\003\002@ \002\"\002 \000H\015\000B\007!\003\014\002\013\002@\002@\006"
        "@\002@\002@\002@\002@\002@\002@\002@\002@ \002 \000j\016\005\000\001\007\002\003\004\013A\001\020\200\200\200"
        "\200\000A\001!\004\014\004\013A\002\020\200\200\200\200\000A\001!\004\014\003\013D\000\000\000\000\000\000\000"
        "@\020\201\200\200\200\000!\005A\000!\004 "
        "\005\254!\003\014\003\013A\007\020\200\200\200\200\000\013A\004\020\200"
        "\200\200\200\000A\001!\004\013 \003!\003\013 \003!\003 \004!\004\006@ \002\020\200\200\200\200\000\014\003\031"
        " \001$\200\200\200\200\000\020\202\200\200\200\000\000\013\013\006@A\004\020\203\200\200\200\000!\006\030\005"
        " \006\"\004A\0036\002\000 \004A\200\200\200\200\000A\000\020\204\200\200\200\000\031 \001$\200\200\200\200\000"
        "\006@ \002\020\200\200\200\200\000\031 \001$\200\200\200\200\000\020\202\200\200\200\000\000\013\006@\006@\011"
        "\002\007\200\200\200\200\000!\004 \001$\200\200\200\200\000A\004A\200\200\200\200\0006\002\200\200\200\200\000"
        "A\000A\0006\002\200\200\200\200\000 \004\020\205\200\200\200\000\032\002@\002@A\010(\002\200\200\200\200\000\""
        "\005A\002G\015\000 \004\020\206\200\200\200\000\032\006@\006@A\005\020\200\200\200\200\000\014\003\007\200\200"
        "\200\200\000!\002 \001$\200\200\200\200\000 \002\020\206\200\200\200\000\032\006@A\006\020\200\200\200\200\000"
        "\020\207\200\200\200\000\031 \001$\200\200\200\200\000\006@\020\210\200\200\200\000\031 \001$\200\200\200\200"
        "\000\020\202\200\200\200\000\000\013\011\000\013\000\013\031 "
        "\001$\200\200\200\200\000\006@\020\210\200\200\200"
        "\000\030\n\011\000\013\013\002@\002@ \005A\001G\015\000 \004\020\206\200\200\200\000\032\006@A\010\020\200\200"
        "\200\200\000\014\002\031 "
        "\001$\200\200\200\200\000\006@\020\210\200\200\200\000\030\013\011\000\013\013\011\002"
        "\013\006@\020\210\200\200\200\000\030\010 \003!\007\014\005\013\006@\020\210\200\200\200\000\030\007 \003!\007"
        "\014\004\013\031 \001$\200\200\200\200\000\006@ \000\020\200\200\200\200\000\031 \001$\200\200\200\200\000\020"
        "\202\200\200\200\000\000\013\011\000\013\013\000\013 \003!\007 \003!\003 \004E\015\002\013 \002A\001j!\002 "
        "\007"
        "!\003\014\000\013\013 \003!\003\006@ \000\020\200\200\200\200\000\031 "
        "\001$\200\200\200\200\000\020\202\200\200"
        "\200\000\000\013 \003\013\013\242\200\200\200\000\001\000A\000\013\034\377\000\031\001\002\000\003\001\000\002"
        "}\003\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\231\201\200\200\000\007linking\002"
        "\010"
        "\350\200\200\200\000\021\000\004\011\001f\002\020\000\000\020\000\000\020\001\000\020\002\000\020\003\001\020"
        "\005_ZTIi\000\020\004\004\020\000\001\002\021GCC_except_table0\000\000\034\001\020\023__wasm_lpad_context\000"
        "\020\005\000\020\006\000\020\007\000\020\010\001\020\005_ZTId\005\220\001\000\005\234\200\200\200\000\001\030"
        ".rodata.gcc_except_table\002\000\000\322\201\200\200\000\nreloc.CODE\0041\007\015\001\000Y\002\000h\002\000~"
        "\003"
        "\000\224\001\002\000\235\001\002\000\271\001\002\007\304\001\001\000\312\001\004\000\327\001\005\004\354\001"
        "\006"
        "\000\000\364\001\007\007\375\001\001\000\207\002\002\007\220\002\001\000\226\002\004\n\244\002\010\007\256\002"
        "\001\004\266\002\011\000\003\275\002\n\000\003\310\002\n\000\000\320\002\013\003\336\002\n\000\000\355\002\014"
        "\000\372\002\002\n\202\003\010\007\214\003\001\000\224\003\014\000\237\003\002\000\245\003\015\007\256\003\001"
        "\000\266\003\016\007\277\003\001\000\305\003\004\007\325\003\001\000\335\003\016\000\366\003\014\000\201\004"
        "\002"
        "\007\214\004\001\000\224\004\016\000\245\004\016\000\266\004\016\007\310\004\001\000\322\004\002\007\333\004"
        "\001"
        "\000\341\004\004\000\224\005\002\007\235\005\001\000\243\005\004\000\225\200\200\200\000\nreloc."
        "DATA\005\002\005"
        "\032\006\000\005\036\017\000\000\264\201\200\200\000\017target_features\n+\013bulk-memory+\017bulk-memory-opt"
        "+\026call-indirect-overlong+\022exception-handling+\nmultivalue+\017mutable-globals+\023nontrapping-fptoint+"
        "\017"
        "reference-types+\010sign-ext-\nshared-mem";
    WL_CLEANUP_FREE char *file = path_join(folder, "object"), *other = path_join(folder, "throws"),
                         *archive = path_join(folder, "archive");
    WL_CLEANUP_ERR struct wl_err err = WL_ERR_INIT;
    char bytes[sizeof object + 200];
    size_t n = sizeof object - 1;
    int head = snprintf(bytes, sizeof bytes, "!<arch>\n%-16s%-12d%-6d%-6d%-8d%-10zu`\n", "object/", 0, 0, 0, 644, n);

    memcpy(bytes + head, object, n);
    if (file_write(file, object, n, &err) < 0 || file_write(other, throws, sizeof throws - 1, &err) < 0 ||
        file_write(archive, bytes, n + (size_t)head, &err) < 0)
        fprintf(stderr, "%s\n", err.text);
}

static void osv_seeds(const char *folder)
{
    static const char *const texts[] = {
        "{\"id\": \"CVE-1\", \"aliases\": [\"GHSA-1\"], \"affected\": [{\"package\": {\"ecosystem\": \"Debian:12\", "
        "\"name\": "
        "\"zlib\"}, \"ranges\": [{\"type\": \"ECOSYSTEM\", \"events\": [{\"introduced\": \"0\"}, {\"fixed\": "
        "\"1:1.2.13.dfsg-1\"}]}]}]}",
        "{\"id\": \"CVE-2\", \"affected\": [{\"ranges\": [{\"type\": \"GIT\", \"repo\": "
        "\"https://github.com/madler/zlib\", "
        "\"database_specific\": {\"cpe\": \"cpe:2.3:a:zlib:zlib:*\", \"versions\": [{\"introduced\": \"1.2\"}, "
        "{\"last_affected\": \"1.2.12\"}]}}], \"versions\": [\"v1.2.11\", \"zlib_1_2_11\"]}]}",
        "{\"id\": \"PYSEC-1\", \"severity\": [{\"score\": \"CVSS:3.1/AV:N\"}], \"affected\": [{\"package\": "
        "{\"ecosystem\": "
        "\"PyPI\", \"name\": \"attrs\", \"purl\": \"pkg:pypi/attrs\"}, \"versions\": [\"1.2.11\", \"1.2.11.0\"]}]}"};

    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        WL_CLEANUP_FREE char *file = xasprintf("%s/record-%zu", folder, i);
        WL_CLEANUP_ERR struct wl_err err = WL_ERR_INIT;

        if (file_write(file, texts[i], strlen(texts[i]), &err) < 0)
            fprintf(stderr, "%s\n", err.text);
    }
}

/* What patch(1) prints, a zero byte, and a patch. */
static void patch_seeds(const char *folder)
{
    static const struct seed seeds[] = {
        SEED("patching file a\nHunk #2 FAILED at 7.\n1 out of 2 hunks FAILED\n\0--- x/a\n+++ y/a\n@@ -1 +1 @@\n-q\n+Q\n"
             "@@ -7,3 +7,2 @@ f()\n g\n--- y\n\n"),
        SEED("checking file 'a b'\nHunk #1 FAILED at 1 (different line endings).\n\0--- x/a b\t2026\n+++ /dev/null\n"
             "@@ -1,2 +0,0 @@\n-q\n-r\n\\ No newline at end of file\n--- x/a\n+++ y/a\n@@ -0,0 +1 @@\n+@@ -1 +1 @@"),
        SEED("can't find file to patch at input line 3\nReversed (or previously applied) patch detected!\n"),
        SEED("patch: **** malformed patch at line 5: x\n\0@@ -1 +1 @@\n@@ -99999999999999999999,1 +1 @@\n\t\n"),
    };

    write_seeds(folder, seeds, sizeof seeds / sizeof *seeds);
}

/* Notes of modules; addresses; licences. */
static void sbom_seeds(const char *folder)
{
    static const char *const seeds[] = {
        "{\"wl-make\": 1, \"name\": \"python/v1\", \"version\": \"1\", \"license\": \"MIT OR (A AND B WITH C)\", "
        "\"contains\": [{\"name\": \"libs/z\", \"version\": \"1.2\", \"license\": \"LicenseRef-x\", \"from\": "
        "\"debian:pool/main/z/z/z_1.2_all.deb\", \"file\": \"z\"}], \"homepage\": \"https://example.org/\"}",
        "{\"wl-make\": 1, \"contains\": [{}, 1, {\"name\": \"\\u00e9\", \"from\": \"npm:@s/a@1\"}]}",
        "https://example.org/a-1.2.tar.gz",
        "git+https://example.org/r.git#0123456789abcdef0123456789abcdef01234567",
        "debian:pool/main/z/zlib/zlib_1.2.3.orig.tar.gz",
        "debian:pool/main/z/zlib/zlib_1.2.3_amd64.deb",
        "pypi:a_B==1.2.3/a-1.2.3-py3-none-any.whl",
        "npm:@s/a@1.2.3",
        "crate:a@1.2.3",
        "zlib:zlib",
        "(MIT OR Apache-2.0) AND GPL-2.0-or-later WITH eCos-exception-2.0",
    };

    write_texts(folder, seeds, sizeof seeds / sizeof *seeds);
}

/* A byte for what is put right, the size of the file, and the trailer (host/engine/wasmtime/trailer.h): a name of eight
 * bytes; the needs, which are five numbers of four bytes and 16 pairs of them; a spare one; three numbers of eight
 * bytes.
 */
static void trailer_seeds(const char *folder)
{
    enum { SIZE = 1, NAME = 9, NEEDS = 17, PLACES = 17 + 20 + 16 * 8 + 4, ALL = PLACES + 24 };

    for (int kind = 0; kind < 4; kind++) {
        WL_CLEANUP_FREE char *file = xasprintf("%s/%d", folder, kind);
        WL_CLEANUP_ERR struct wl_err err = WL_ERR_INIT;
        char bytes[ALL] = {(char)(kind & 1 ? 3 : 2)};

        memcpy(bytes + NAME, "wl-code", 8);
        bytes[SIZE + 2] = 2;
        bytes[NEEDS] = 1;     /* a memory */
        bytes[NEEDS + 4] = 9; /* pages */
        bytes[NEEDS + 8] = (char)kind;
        for (int table = 0; table < kind; table++)
            bytes[NEEDS + 20 + 8 * table] = bytes[NEEDS + 24 + 8 * table] = 5;
        bytes[PLACES + 2] = 1;
        bytes[PLACES + 10] = 1;
        bytes[PLACES + 18] = (char)(kind & 2);
        if (file_write(file, bytes, sizeof bytes, &err) < 0)
            fprintf(stderr, "%s\n", err.text);
    }
}

/* Requests and messages with 0xff behind each, and an answer of a session: parts with a kind and a size of four bytes.
 */
static void serve_seeds(const char *folder)
{
    static const char *const paths[] = {
        "POST\n/v1/run\n{\"code\": \"1\", \"files\": {\"a\": \"b\"}, \"deadline\": 1, \"session\": \"s\"}",
        "POST\n/v1/sessions\n{\"name\": \"s\"}\377POST\n/v1/sessions/s/eval\n{\"code\": "
        "\"1\"}\377GET\n/v1/sessions\n\377"
        "PUT\n/v1/sessions/s/files/a\ntext\377GET\n/v1/sessions/s/files/a\n\377GET\n/v1/sessions/s/files\n\377DELETE\n/"
        "v1/sessions/"
        "s\n",
        "POST\n/execute\n{\"code\": \"1\", \"context_id\": null, \"env_vars\": {\"A\": \"b\"}}\377POST\n/contexts\n"
        "{\"language\": \"python\", \"cwd\": \"/\"}\377GET\n/contexts\n\377GET\n/openapi.json\n",
        "POST\n/librechat/exec\n{\"lang\": \"py\", \"code\": \"1\", \"args\": [\"x\"], \"files\": [{\"id\": \"a\", "
        "\"name\": "
        "\"b\", \"session_id\": \"c\"}]}\377POST\n/librechat/upload\nname\ntext\377GET\n/librechat/files/a\n",
        "{\"jsonrpc\": \"2.0\", \"id\": 1, \"method\": \"initialize\", \"params\": {\"protocolVersion\": "
        "\"2025-06-18\"}}\377"
        "{\"jsonrpc\": \"2.0\", \"id\": 2, \"method\": \"tools/list\"}\377{\"jsonrpc\": \"2.0\", \"method\": "
        "\"notifications/cancelled\", \"params\": {\"requestId\": 2}}",
        "{\"jsonrpc\": \"2.0\", \"id\": \"a\", \"method\": \"tools/call\", \"params\": {\"name\": \"run_python\", "
        "\"arguments\": "
        "{\"code\": \"1\"}, \"_meta\": {\"progressToken\": 1}}}",
        "{\"jsonrpc\": \"2.0\", \"id\": 1, \"method\": \"tools/call\", \"params\": {\"name\": \"run_in_session\", "
        "\"arguments\": "
        "{\"session\": \"s\", \"code\": \"1\"}}}\377{\"jsonrpc\": \"2.0\", \"id\": 2, \"method\": \"tools/call\", "
        "\"params\": "
        "{\"name\": \"put_file\", \"arguments\": {\"session\": \"s\", \"path\": \"a\", \"text\": "
        "\"b\"}}}\377{\"jsonrpc\": "
        "\"2.0\", \"id\": 3, \"method\": \"tools/call\", \"params\": {\"name\": \"get_file\", \"arguments\": "
        "{\"session\": \"s\", "
        "\"path\": \"a\"}}}",
    };
    static const char answer[] =
        "\377\377r\2\0\0\00042j\2\0\0\00042o\0\0\0\0d\14\0\0\0image/png\0abt\12\0\0\0ValueError";

    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        WL_CLEANUP_FREE char *file = xasprintf("%s/request-%zu", folder, i);
        WL_CLEANUP_ERR struct wl_err err = WL_ERR_INIT;
        WL_CLEANUP_STR struct str s = {0};

        str_add(&s, paths[i]);
        for (size_t k = 0; k < sizeof answer - 1; k++)
            str_addc(&s, answer[k]);
        if (file_write(file, s.s, s.len, &err) < 0)
            fprintf(stderr, "%s\n", err.text);
    }
}

int main(int argc, char **argv)
{
    if (argc != 3)
        return 2;
    if (!strcmp(argv[1], "address"))
        address_seeds(argv[2]);
    else if (!strcmp(argv[1], "archive"))
        archive_seeds(argv[2]);
    else if (!strcmp(argv[1], "manifest"))
        manifest_seeds(argv[2]);
    else if (!strcmp(argv[1], "osv"))
        osv_seeds(argv[2]);
    else if (!strcmp(argv[1], "patch"))
        patch_seeds(argv[2]);
    else if (!strcmp(argv[1], "sbom"))
        sbom_seeds(argv[2]);
    else if (!strcmp(argv[1], "trailer"))
        trailer_seeds(argv[2]);
    else if (!strcmp(argv[1], "recipe"))
        recipe_seeds(argv[2]);
    else if (!strcmp(argv[1], "module"))
        module_seeds(argv[2]);
    else if (!strcmp(argv[1], "wasi"))
        wasi_seeds(argv[2]);
    else if (!strcmp(argv[1], "object"))
        object_seeds(argv[2]);
    else if (!strcmp(argv[1], "channel"))
        channel_seeds(argv[2]);
    else if (!strcmp(argv[1], "door"))
        door_seeds(argv[2]);
    else if (!strcmp(argv[1], "serve"))
        serve_seeds(argv[2]);
    return 0;
}
