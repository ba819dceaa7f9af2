/* python-files PYTHON: a Python with a directory in memory, of 1 MiB and 50 names, does in it what programs do with
 * files. Prints what it printed, how it ended, and what it left. */
#include "wlpy.h"

#include <stdio.h>
#include <stdlib.h>

static const char code[] =
    "import os, pathlib, shutil, sqlite3, tempfile\n"
    "os.chdir('/work')\n"
    "print(os.listdir('.'), open('input/data.csv').read().split())\n"
    "os.makedirs('output/a/b')\n"
    "pathlib.Path('output/a/x.txt').write_text('hello' * 10)\n"
    "os.rename('output/a/x.txt', 'output/y.txt')\n"
    "os.symlink('y.txt', 'output/link')\n"
    "print(open('output/link').read()[:5], os.readlink('output/link'), os.stat('output/link').st_size)\n"
    "shutil.copytree('output', 'copy', symlinks=True)\n"
    "print([(here, sorted(dirs), sorted(files)) for here, dirs, files in os.walk('copy')])\n"
    "shutil.rmtree('copy')\n"
    "with sqlite3.connect('t.db') as db:\n"
    "    db.execute('create table t(a)')\n"
    "    db.executemany('insert into t values(?)', [(i,) for i in range(1000)])\n"
    "print(db.execute('select sum(a) from t').fetchone())\n"
    "db.close()\n"
    "with tempfile.NamedTemporaryFile(dir='/work') as t:\n"
    "    t.write(b'x')\n"
    "try:\n"
    "    open('big', 'wb').write(b'x' * (2 << 20))\n"
    "except OSError as e:\n"
    "    print(e)\n"
    "os.truncate('big', 10)\n"
    "try:\n"
    "    for i in range(100):\n"
    "        open(f'n{i}', 'w').close()\n"
    "except OSError as e:\n"
    "    print(e)\n"
    "for name in os.listdir('.'):\n"
    "    if name[0] == 'n':\n"
    "        os.remove(name)\n"
    "raise ValueError('the end')\n";

static int see(void *arg, const char *path, int64_t size)
{
    (void)arg;
    printf("%s %d\n", path, (int)size);
    return 0;
}

static int fail(const struct wlpy_err *err)
{
    fprintf(stderr, "%s\n", err->text);
    return 1;
}

int main(int argc, char **argv)
{
    const struct wlpy_engine_config how = {.size = sizeof how, .quick = true};
    struct wlpy_files *files = wlpy_files_new(1 << 20, 50);
    const struct wlpy_dir dir = {.guest = "/work", .files = files};
    struct wlpy_run_config config = {.size = sizeof config,
                                     .dirs = &dir,
                                     .dir_count = 1,
                                     .out = {.kind = WLPY_MEMORY},
                                     .err = {.kind = WLPY_MEMORY}};
    struct wlpy_exception exception = {.size = sizeof exception};
    struct wlpy_result result = {.size = sizeof result};
    struct wlpy_engine *engine;
    struct wlpy_program *python;
    struct wlpy_err err;
    const char **words = wlpy_python_argv(WLPY_CODE | WLPY_ISOLATED, code, NULL, 0, &config.argc);

    config.argv = words;
    if (argc != 2 || !files || !words)
        return 2;
    if (wlpy_files_put(files, "input/data.csv", "1,2\n3,4\n", 8, &err) < 0 ||
        wlpy_engine_new(&how, &engine, &err) < 0 || wlpy_program_load(engine, argv[1], &python, &err) < 0 ||
        wlpy_run(python, &config, &result, &err) < 0)
        return fail(&err);
    fwrite(result.out, 1, result.out_size, stdout);
    if (wlpy_python_exception(result.err, result.err_size, &exception))
        printf("%d %.*s %.*s\n", result.status, (int)exception.type_size, exception.type, (int)exception.message_size,
               exception.message);
    else
        fwrite(result.err, 1, result.err_size, stderr);
    wlpy_files_list(files, see, NULL);
    wlpy_result_free(&result);
    wlpy_program_free(python);
    wlpy_engine_free(engine);
    wlpy_files_free(files);
    free(words);
    return 0;
}
