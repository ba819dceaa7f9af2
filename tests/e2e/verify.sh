#!/bin/bash
# Ports that leak something into what they make, and ports that do not.
# shellcheck source=tests/e2e/lib.sh disable=SC2317,SC2016
LIMIT=${LIMIT:-600}
. "$(dirname -- "$0")/lib.sh"

# The tool for verify, which has no --output; the library for the steps comes from the checkout.
check() {
    mkdir -p "$ROOT/tools/verify"
    cp "$WL_SOURCE_ROOT/tools/verify/vary.c" "$ROOT/tools/verify/"
    WL_MAKE_ROOT=$ROOT run "$WL_MAKE" verify --cache-dir "$CACHE" --ports "$PORTS" "$@"
}

# `made NAME LINE...`: a port whose steps are these lines of shell.
made() {
    local name=$1
    shift
    {
        printf 'version: "1"\ntoolchain: none\nsteps:\n  - name: make\n    run: |\n'
        printf '      %s\n' "$@"
    } | port "$name"
}

# It works, and what it made is only in the two caches, which are gone.
clean_end() {
    is "$(ls "$CACHE/build")" '' 'left in build'
    is "$(ls "$CACHE/artifacts" | wc -l)" "${1-0}" 'artifacts'
    nothing_half
}

test_a_port_that_leaks_nothing() {
    archive a.tar.gz text=one other=two
    from_url made/a "file:$T/a.tar.gz" "$(sha256 a.tar.gz)"
    made made/b 'mkdir -p "$STAGE/x/y"' 'echo text >"$STAGE/x/file"; ln -s file "$STAGE/x/link"' \
        'install -m 755 /dev/null "$STAGE/x/program"' 'date -u -d "@$SOURCE_DATE_EPOCH" >"$STAGE/day"'
    check made/a made/b
    status 0
    out 'made/a: 2 files, the same in both builds' 'made/b: 4 files, the same in both builds'
    clean_end
    check -q made/a
    status 0
    says_nothing .out
}

test_the_date() {
    made made/a 'date >"$STAGE/built"' 'echo same >"$STAGE/same"' 'echo "built on $(date +%Y-%m-%d)" >"$STAGE/day"'
    check --vary date made/a
    status 5
    out 'made/a: built: differs from byte ' 'made/a: day: differs from byte ' 'and "t on 20'
    not_out 'made/a: same'
    err '2 files of 1 ports differ between two builds'
    clean_end
    made made/b 'echo "built in $(date +%Y)" >"$STAGE/day"'
    check --vary order,umask made/b
    status 0
}

test_the_clock_of_python_and_touch() {
    made made/a 'python3 -c "import time; print(time.gmtime().tm_year)" >"$STAGE/year"'
    check --vary date made/a
    status 5
    out 'made/a: year: differs'
}

test_the_order_of_files() {
    made made/a 'mkdir d; for f in 1 2 3 4 5; do echo $f >d/$f; done' \
        '(cd d && find . -type f) >"$STAGE/list"' '(cd d && find . -type f | LC_ALL=C sort) >"$STAGE/sorted"' \
        'tar -C d --mtime=@0 --owner=0 --group=0 -cf "$STAGE/all.tar" .'
    check --vary order made/a
    status 5
    out 'made/a: list: differs from byte' 'made/a: all.tar: has its members in another order'
    not_out 'made/a: sorted'
    check --vary date made/a
    status 0
}

# A directory that breaks off is not listed in part, as if that were all. (other.c is what readdir64() finds behind vary.c.)
test_a_directory_that_cannot_be_read() {
    mkdir folder
    touch folder/{a,b,c}
    cat >other.c <<'END'
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <stddef.h>
struct dirent64 *readdir64(DIR *dir)
{
    static int n;

    if (++n < 3)
        return ((struct dirent64 * (*)(DIR *)) dlsym(RTLD_NEXT, "readdir64"))(dir);
    errno = EIO;
    return NULL;
}
END
    cat >list.c <<'END'
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
int main(void)
{
    DIR *dir = opendir("folder");
    int n = 0;

    for (errno = 0; readdir(dir); errno = 0)
        n++;
    printf("%d %d\n", n, errno == EIO);
    return closedir(dir);
}
END
    gcc -shared -fPIC -o other.so other.c
    gcc -shared -fPIC -DVARY_DATE=0 -o vary.so "$WL_SOURCE_ROOT/tools/verify/vary.c"
    gcc -o list list.c
    is "$(LD_PRELOAD="$PWD/vary.so" ./list)" '5 0'
    is "$(LD_PRELOAD="$PWD/vary.so $PWD/other.so" ./list)" '0 1'
}

test_the_directory() {
    made made/a 'pwd -P >"$STAGE/where"'
    if has_sandbox; then
        check made/a
        status 0
    fi
    check --vary directory --no-sandbox made/a
    status 5
    out 'made/a: where: differs from byte' '"' 'another-directory'
}

test_with_and_without_the_sandbox() {
    needs_sandbox
    made made/a 'pwd -P >"$STAGE/where"'
    made made/b 'echo same >"$STAGE/file"'
    check --vary sandbox made/a made/b
    status 5
    out 'made/a: where: differs' 'made/b: 1 files, the same'
}

test_the_user() {
    needs_sandbox
    made made/a 'id -u >"$STAGE/user"; touch f; tar -cf "$STAGE/f.tar" --mtime=@0 f'
    check --vary user made/a
    status 5
    out 'made/a: user: differs' 'made/a: f.tar: member f: has mode 100644, owner '
}

test_the_number_of_jobs() {
    made made/a 'echo "$JOBS" >"$STAGE/jobs"'
    check --vary jobs made/a
    status 5
}

# Neither the umask of the person who builds nor that of the one who made the checkout is in what is built.
test_the_umask_makes_no_difference() {
    made made/a 'mkdir "$STAGE/d"; echo x >"$STAGE/d/f"; cp "$FILES/mine" "$STAGE/"'
    printf 'files: [mine]\n' >>"$PORTS/made/a/recipe.yaml"
    echo mine >"$PORTS/made/a/mine"
    chmod 600 "$PORTS/made/a/mine"
    check --vary umask,locale,timezone made/a
    status 0
    wl made/a
    local private
    private=$(grep -h '"sha256"' "$CACHE"/artifacts/*/manifest.json)
    wl clean made/a
    chmod 644 "$PORTS/made/a/mine"
    wl made/a
    is "$(grep -h '"sha256"' "$CACHE"/artifacts/*/manifest.json)" "$private" 'manifest'
}

test_sections_and_members() {
    command -v clang-22 >/dev/null && command -v wasm-ld-22 >/dev/null || not_available 'no clang for WebAssembly'
    # A module and an archive of objects in which only one place differs.
    made made/a 'printf "const char when[] = \"%s\"; int f(void) { return 1; } int _start(void) { return when[0]; }" "$(date +%Y)" >a.c' \
        'echo "int g(void) { return 2; }" >b.c' \
        'clang-22 --target=wasm32 -O1 -c a.c b.c' \
        'wasm-ld-22 --no-entry --export=_start --export=when a.o -o "$STAGE/a.wasm"' \
        'llvm-ar-22 rcD "$STAGE/lib.a" a.o b.o'
    check --vary date made/a
    status 5
    out 'made/a: a.wasm: section data: differs from byte ' 'made/a: lib.a: member a.o: section data: differs from byte '
    not_out 'b.o'
    not_out 'section code'
}

test_files_that_only_one_build_has() {
    made made/a 'mkdir "$STAGE/$(date +%Y)"; ln -s "$(date +%Y)" "$STAGE/link"; touch "$STAGE/$(date +%Y)/f"'
    check --vary date made/a
    status 5
    out 'is only in the first build' 'is only in the second build' 'made/a: link: leads to 20'
}

# What a port needs is taken from the cache, and with --needs built twice as well.
test_needs() {
    made made/leaky 'date +%Y >"$STAGE/year"'
    made made/a 'cp "$NEED_MADE_LEAKY/year" "$STAGE/year"'
    printf 'build-needs: [made/leaky]\n' >>"$PORTS/made/a/recipe.yaml"
    wl made/leaky
    check made/a
    if has_sandbox; then
        status 0
    else
        # (An artifact belongs to the directory of its cache then.)
        status 5
    fi
    clean_end 1
    check --needs made/a
    status 5
    out 'made/leaky: year: differs' 'made/a: year: differs'
    clean_end 1
}

test_keep() {
    made made/a 'date >"$STAGE/built"'
    check --keep "$T/kept" --vary date made/a
    status 5
    is "$(ls -d "$T"/kept/*/artifacts "$T"/kept/*/*/artifacts "$T"/kept/*/*/*/artifacts 2>/dev/null | wc -l)" 2 'caches'
    check --keep "$T/kept" made/a
    clean_failure 2
    err 'it exists already'
}

test_failures() {
    made made/bad 'exit 3'
    check made/bad
    status 1
    err "step 'make' failed with exit status 3" 'the first build failed'
    clean_end
    made made/later 'test "$(date +%Y)" -lt '"$(($(date +%Y) + 1))"
    check --vary date made/later
    status 1
    err 'the second build failed'
    check --vary date,nothing made/bad
    clean_failure 2
    err "'nothing' cannot be varied" 'umask'
    check
    clean_failure 2
    check made/none
    clean_failure 3
}

main "$@"
