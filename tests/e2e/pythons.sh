#!/bin/bash
# All Pythons that have recipes, without building one: each can be planned, a series means its newest release, and a
# patch release is three lines.
# shellcheck source=tests/e2e/lib.sh disable=SC2016,SC2317
. "$(dirname -- "$0")/lib.sh"

# The releases that have a recipe, oldest first.
releases() {
    for recipe in "$WL_SOURCE_ROOT"/ports/python/v*/recipe.yaml; do
        basename "$(dirname "$recipe")"
    done | sed 's/^v//' | sort -V
}

# With the project's own ports after the made-up ones. Only a machine without a compiler for WASI cannot plan.
real() {
    ROOT=$WL_SOURCE_ROOT
    wl "$@"
    [ "$st" != 6 ] || skip "no toolchain here: $(head -c 300 .err)"
}

# The patches that `info` just printed, as paths.
told_patches() {
    sed -n '/^patches/,/^[a-z]/p' .out | grep -oE '/[^ ]+\.patch$'
}

test_every_release_can_be_planned() {
    local version n=0 patch
    for version in $(releases); do
        real --dry-run "python/v$version"
        status 0
        out "  build-python/v$version $version" "  python/v$version $version" \
            "    fetch https://www.python.org/ftp/python/$version/Python-$version.tar.xz" '    step configure' '    check imports'
        sed -n "/^  python\/v$version /,/^  [a-z]/p" .out | sed -n 's/^    patch //p' >planned
        real info "python/v$version"
        status 0
        told_patches | sed 's|.*/||' >named
        [ -s named ] || fail "$version has no patches"
        cmp -s named planned || fail "$version: other patches planned than named: $(diff named planned)"
        for patch in $(told_patches); do
            grep -q '^What: ' "$patch" && grep -q '^Why: ' "$patch" && grep -q '^Upstream: ' "$patch" ||
                fail "$patch does not say what it is for"
        done
        n=$((n + 1))
    done
    [ "$n" -ge 7 ] || fail "$n releases"
    not_there "$OUT"
    [ -z "$(find "$CACHE/sources" "$CACHE/artifacts" -type f 2>/dev/null)" ] || fail 'something was fetched or built'
}

test_a_series_means_its_newest_release() {
    local series newest
    for series in $(releases | cut -d . -f 1,2 | sort -uV); do
        newest=$(releases | grep "^$series\." | tail -n 1)
        real info "python/$series"
        status 0
        out "port         python/v$newest"
    done
    real info python/3
    out "port         python/v$(releases | tail -n 1)"
    real info python/3.1
    clean_failure 3
}

test_all_releases_share_every_library() {
    local version ports=() twice
    for version in $(releases); do
        ports+=("python/v$version")
    done
    real --dry-run "${ports[@]}"
    status 0
    twice=$(grep -oE '^  [a-z][^ ]+' .out | sort | uniq -d)
    [ -z "$twice" ] || fail "to be built more than once: $twice"
    out '  libs/zlib ' '  libs/zstd '
    is "$(grep -c '^  python/v' .out)" "${#ports[@]}" 'Pythons in the plan'
}

# `ssl: false` in a recipe: every release can then be planned without OpenSSL and its certificates, and otherwise with
# the same ports.
test_every_release_can_do_without_ssl() {
    local version
    for version in $(releases); do
        printf 'from: python/v%s\nssl: false\n' "$version" | port small/python
        real --dry-run "python/v$version"
        status 0
        out '  libs/openssl ' '  data/ca-certificates '
        grep -oE '^  [a-z][^ ]+' .out | grep -vE '^  (libs/openssl|data/ca-certificates|python/v.*)$' | sort >with
        real --dry-run small/python
        status 0
        not_out openssl
        not_out ca-certificates
        grep -oE '^  [a-z][^ ]+' .out | grep -v '^  small/python$' | sort >without
        cmp -s with without || fail "$version: $(diff with without)"
    done
}

# The check at the end of every build, run by this machine's Python: if a module is missing although the table of
# modules lists it, or the other way round, the check names it with the reason and fails.
test_a_module_that_is_not_as_the_table_says_fails_the_build() {
    local check=$WL_SOURCE_ROOT/ports/python/base/imports.py
    mkdir lib
    printf 'import nothing_like_this\n' >lib/broken.py
    printf 'raise RuntimeError("no good today")\n' >lib/angry.py
    printf 'module\tstatus\tnote\njson\tyes\t\nbroken\tyes\t\nangry\tyes\t\nlost\tyes\t\ncsv\tno\tleft out\nodd\tuseless\t\n' >table
    "$PYTHON" -c 'import zipfile; zipfile.ZipFile("empty.zip", "w").close()'
    run env PYTHONPATH="$T/lib" "$PYTHON" "$check" table empty.zip
    status 1
    out "module broken cannot be imported: ModuleNotFoundError: No module named 'nothing_like_this'" \
        'module angry cannot be imported: RuntimeError: no good today' \
        "module lost cannot be imported: ModuleNotFoundError: No module named 'lost'" \
        'module csv can be imported, contrary to modules.txt'
    not_out 'module json'
    err '4 of 5 modules are not as modules.txt says'
    printf 'module\tstatus\tnote\njson\tyes\t\nlost\tno\tgone\n' >table
    run "$PYTHON" "$check" table empty.zip
    status 0
    out '2 modules are as they should be, 1 of them missing'
}

# A base, a family like build-python, and releases that contain only what they must.
test_a_release_of_three_lines_is_built_from_a_local_file() {
    port python/base <<'EOF'
abstract: true
toolchain: none
sources:
  - url: https://no-such-host.invalid/${version}/Python-${version}.tar.xz
build-needs: ["build-python/v${version}"]
steps:
  - name: install
    run: |
      "$NEED_BUILD_PYTHON/bin/version" | grep -x "built $VERSION"
      mkdir -p "$STAGE/lib"
      cp "$SRC/lib.py" "$STAGE/lib/"
contains: [lib/lib.py]
EOF
    port python/base-9.1 <<'EOF'
from: python/base
abstract: true
patches: [fix.patch]
EOF
    cat >"$PORTS/python/base-9.1/fix.patch" <<'EOF'
--- a/lib.py
+++ b/lib.py
@@ -2,3 +2,3 @@
 second
-wrong
+right
 fourth
EOF
    port build-python <<'EOF'
for-each: python
toolchain: none
steps:
  - name: install
    run: |
      mkdir -p "$STAGE/bin"
      printf '#!/bin/sh\necho built %s\n' "$(cat "$SRC/version")" >"$STAGE/bin/version"
      chmod +x "$STAGE/bin/version"
EOF
    local v
    for v in 9.1.9 9.1.10; do
        archive Python-$v.tar.gz version=$v "lib.py=$(printf 'new in %s\nsecond\nwrong\nfourth' $v)"
        port python/v$v <<EOF
from: python/base-9.1
version: $v
sha256: $(sha256 Python-$v.tar.gz)
EOF
        is "$(wc -l <"$PORTS/python/v$v/recipe.yaml")" 3 'lines of the recipe'
    done
    wl build --source Python-9.1.10.tar.gz python/9.1
    status 0
    not_err warning
    is "$(cat "$OUT/python/v9.1.10/lib/lib.py")" "$(printf 'new in 9.1.10\nsecond\nright\nfourth')" 'what was built'
    not_there "$OUT/python/v9.1.9"
    # The next release changed the lines that the patch changes: the hunk is shown, and nothing is built.
    archive Python-9.1.11.tar.gz version=9.1.11 "lib.py=$(printf 'new\nsecond\nright already\nfourth')"
    port python/v9.1.11 <<EOF
from: python/base-9.1
version: 9.1.11
sha256: $(sha256 Python-9.1.11.tar.gz)
EOF
    wl build --source Python-9.1.11.tar.gz python/9.1
    status 5
    err 'fix.patch does not apply' lib.py '-wrong' '+right'
    not_there "$OUT/python/v9.1.11"
}

# `made_up_source DIR PATCH...`: creates files to which all of the patches apply, from the patches' own lines.
made_up_source() {
    "$PYTHON" - "$@" <<'EOF'
import os, re, sys

files = {}
for patch in sys.argv[2:]:
    path = at = None
    for line in open(patch):
        if line.startswith("--- a/"):
            path, at = line[6:].strip(), None
        elif line.startswith("@@ ") and path:
            at = int(re.match(r"@@ -(\d+)", line)[1])
        elif at is not None and line[0] in " -":
            assert files.setdefault(path, {}).setdefault(at, line[1:]) == line[1:], f"{patch}: {path}:{at}"
            at += 1
for path, lines in files.items():
    target = os.path.join(sys.argv[1], path)
    os.makedirs(os.path.dirname(target), exist_ok=True)
    with open(target, "w") as file:
        file.writelines(lines.get(n, f"line {n} of {path}\n") for n in range(1, max(lines) + 1))
EOF
}

# A new release of each series, from an archive that contains only the patched files, and a configure that only prints
# how it was called. Everything that would take time is made up.
test_a_release_of_each_series_is_patched_and_configured() {
    local name series version patches
    for name in bzip2 expat libuuid mpdecimal openssl sqlite xz zlib zstd; do
        simple "libs/$name"
    done
    for name in toolchain/wl-run toolchain/wasi-libc data/tzdata data/ca-certificates; do
        simple $name
    done
    port build-python <<'EOF'
for-each: python
toolchain: none
steps:
  - name: install
    run: mkdir "$STAGE/bin"
EOF
    for series in $(releases | cut -d . -f 1,2 | sort -uV); do
        version=$series.99
        real info "python/$series"
        status 0
        mapfile -t patches < <(told_patches)
        rm -rf source
        mkdir -p source/package
        made_up_source source/package "${patches[@]}" || fail "$series: patches that cannot stand side by side"
        # A step edits these.
        mkdir -p source/package/Python
        touch source/package/Modules/faulthandler.c source/package/Python/thread_pthread.h
        echo '_can_fork_exec = sys.platform not in {"emscripten", "wasi"}' >>source/package/Lib/subprocess.py
        printf '%s(PyThreadState *tstate)\n{\n}\n' _PyErr_CheckSignalsTstate _PyOS_InterruptOccurred >>source/package/Modules/signalmodule.c
        cat >source/package/configure <<'EOF'
for patched in Lib/asyncio/unix_events.py Modules/mmapmodule.c Modules/_ctypes/callproc.c; do
  grep -q wasi "../src/$patched" || echo "not patched: $patched"
done
. "$CONFIG_SITE"
echo "host runner: ${HOSTRUNNER-none}"
echo "modules: $(grep -v '^\*' Modules/Setup.local | cut -d ' ' -f 1 | tr '\n' ' ')"
echo "called with $*"
exit 9
EOF
        echo 'echo build-machine' >source/package/config.guess
        tar -C source -czf "Python-$version.tar.gz" package
        port "python/v$version" <<EOF
from: python/base-$series
version: $version
sha256: $(sha256 "Python-$version.tar.gz")
EOF
        real build --source "Python-$version.tar.gz" "python/$series"
        status 1
        not_err 'not patched'
        err "python/v$version" configure '--build=build-machine'
        case $series in
        3.11 | 3.12) err 'host runner: none' 'modules: mmap fcntl _ctypes pwd grp ' '--host=wasm32-unknown-wasi ' ;;
        3.13 | 3.14) err 'host runner: none' 'modules: mmap fcntl _ctypes pwd grp resource termios _wlhost _posixsubprocess _multiprocessing _interpreters' '--host=wasm32-wasip1 ' ;;
        3.15) err 'host runner: false' 'modules: mmap fcntl _ctypes pwd grp resource termios _wlhost _posixsubprocess _multiprocessing _interpreters' '--host=wasm32-wasip1 ' ;;
        *) fail "the test does not know what is special about $series" ;;
        esac
    done
}

main "$@"
