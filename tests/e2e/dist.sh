#!/bin/bash
# wl-make dist: the files that people download, and running them in programs that embed other engines.
# shellcheck source=tests/e2e/lib.sh disable=SC2317
LIMIT=${LIMIT:-3000}
. "$(dirname -- "$0")/lib.sh"

PY=${WL_PYTHON:-python/v3.11.2}
FILES=("python-${PY#*/v}.wasm" "python-${PY#*/v}-snapshot.wasm")
LICENSES=python-${PY#*/v}-licenses.txt
# What is in them, and how they were made, as SPDX, CycloneDX and SLSA want it.
DOCUMENTS=("python-${PY#*/v}".{cdx,slsa,spdx}.json)
TARBALL=wlpy-0.1.0-linux-x86_64
DEB=wlpy_0.1.0_amd64.deb
HOSTS=$WL_SOURCE_ROOT/tests/dist

# Every test needs the files; only the first one waits for a build.
files() {
    real dist -q "$PY" -o files
    status 0
}

test_files_and_hashes() {
    files
    is "$(cd files && echo *)" \
        "SHA256SUMS $LICENSES $LICENSES.sha256 ${FILES[1]} ${FILES[1]}.sha256 $(printf '%s ' "${DOCUMENTS[@]/%/.sha256}" "${DOCUMENTS[@]}" | tr ' ' '\n' | sort | tr '\n' ' ' | sed 's/^ //')${FILES[0]} ${FILES[0]}.sha256"
    (cd files && sha256sum --check --strict --quiet ./*.sha256 SHA256SUMS) || fail 'the hashes are wrong'
    is "$(cut -c 67- files/SHA256SUMS | tr '\n' ' ')" "$LICENSES ${FILES[1]} ${DOCUMENTS[*]} ${FILES[0]} "
    "$PYTHON" - files/*.spdx.json files/*.slsa.json <<'END' || fail 'the documents say something else'
import hashlib, json, sys
spdx, slsa = (json.load(open(f)) for f in sys.argv[1:])
names = {p["name"]: p for p in spdx["packages"]}
assert {"python", "zlib", "openssl", "sqlite"} <= {n.split("/")[0] for n in names}, names
assert names["zlib"]["externalRefs"][1]["referenceLocator"].startswith("cpe:2.3:a:zlib:zlib:")
for subject in slsa["subject"]:
    got = hashlib.sha256(open("files/" + subject["name"], "rb").read()).hexdigest()
    assert got == subject["digest"]["sha256"], subject
assert len(slsa["subject"]) == 2
END
    # Other files that it wrote once stay in the list as long as they exist.
    echo text >files/other.whl
    (cd files && sha256sum other.whl && echo "$(printf '%064d' 0)  gone.deb" && echo 'no hash') >>files/SHA256SUMS
    real dist "$PY" -o files
    status 0
    out "files/${FILES[0]} (" "files/${FILES[1]} ("
    (cd files && sha256sum --check --strict --quiet SHA256SUMS) || fail 'the hashes are wrong'
    is "$(cut -c 67- files/SHA256SUMS | tr '\n' ' ')" "other.whl $LICENSES ${FILES[1]} ${DOCUMENTS[*]} ${FILES[0]} "
}

# Of everything that is in a module, in its own words.
test_licenses_of_the_modules() {
    files
    local words
    for words in 'PYTHON SOFTWARE FOUNDATION LICENSE VERSION 2' 'Jean-loup Gailly' 'Expat maintainers' 'Stefan Krah' \
        'http://www.apache.org/licenses/' 'Julian R Seward' '\[Public Domain\]' 'XZ Utils' 'Rich Felker' 'Mozilla' 'public domain' \
        '^libs/openssl [0-9.]*: Apache-2.0; ' 'Redistribution and use in source and binary forms'; do
        grep -q "$words" "files/$LICENSES" || fail "no \"$words\" in it"
    done
    ! grep -q 'binaryen\|libdeflate\|build-python' "files/$LICENSES" || fail 'it names tools that are not in the modules'
}

# Every port of which something is given away says where its licence is: the plan alone shows it.
test_every_port_has_licenses() {
    local python
    for python in $(cd "$WL_SOURCE_ROOT/ports" && echo python/v*); do
        real dist --all --dry-run "$python"
        [ "$st" = 0 ] || fail "$python: $(cat .err)"
        out ' ports would be built'
        real image --dry-run "$python"
        [ "$st" = 0 ] || fail "$python: $(cat .err)"
        out ' ports would be built'
    done
    not_there dist wlpy-image
}

test_a_port_without_license() {
    mkdir -p "$PORTS/libs"
    cp -R "$WL_SOURCE_ROOT/ports/libs/zlib" "$PORTS/libs/"
    sed -i '/^license-files:/d' "$PORTS/libs/zlib/recipe.yaml"
    real dist "$PY" --ports "$PORTS" -o files
    status 3
    err "$PORTS/libs/zlib/recipe.yaml: there are no 'license-files'" 'tool: true'
    not_there files
    # A file that the sources do not have; the module exists by now, so nothing is built.
    echo 'license-files: [LICENCE or COPYING]' >>"$PORTS/libs/zlib/recipe.yaml"
    real dist -q "$PY" --ports "$PORTS" -o files
    status 3
    err 'the sources of libs/zlib have none of these files'
    not_there files/SHA256SUMS
    sed -i 's/^license-files:.*/license-files: [..\/..\/..\/etc\/passwd]/' "$PORTS/libs/zlib/recipe.yaml"
    real dist -q "$PY" --ports "$PORTS" -o files
    status 3
    err 'leads out of the sources'
}

# Everything that has a native Python in it. Only the first test waits for a build.
everything() {
    command -v clang-22 >clang || skip 'there is no clang-22'
    real dist --all -q "$PY" -o files
    status 0
}

test_everything() {
    everything
    (cd files && sha256sum --check --strict --quiet SHA256SUMS) || fail 'the hashes are wrong'
    is "$(wc -l <files/SHA256SUMS)" 18
    real dist --wheel "$PY" python/v3.13.5 -o files
    status 2
    err 'take one Python'
    # Made again from the same sources, each has the same bytes.
    other_cache wheel kit licenses
    WL_CHECK_CACHE=$T/other real dist --all -q "$PY" -o again
    status 0
    diff -r files again || fail 'other bytes'
    is "$(grep -l '"kind": "\(wheel\|kit\)"' other/artifacts/*/manifest.json | wc -l)" 3
}

# The same with notes, by one command.
test_a_release() {
    everything
    real_tool release --skip tree --skip check --skip verify --skip audit -o release -q "$PY"
    status 0
    (cd release && sha256sum --check --strict --quiet SHA256SUMS) || fail 'the hashes are wrong'
    is "$(cut -c 67- release/SHA256SUMS)" "$(printf '%s\n' RELEASE-NOTES.md "$(cut -c 67- files/SHA256SUMS)" | LC_ALL=C sort)"
    grep -q "^## How this release was made" release/RELEASE-NOTES.md || fail "$(cat release/RELEASE-NOTES.md)"
}

# `licensed DIR PORT...`: the directory has licences of all these ports.
licensed() {
    local port dir=$1
    shift
    for port; do
        [ -n "$(find "$dir/$port" -type f)" ] || fail "no licence of $port"
        grep -q "^$port [^ ]*: [A-Za-z]" "$dir/README" || fail "$port is not in the table"
    done
}

# Unpacked anywhere, it works, after it was moved, too.
test_the_tarball() {
    everything
    mkdir first
    tar -xf "files/$TARBALL.tar.xz" -C first
    is "$(tar --numeric-owner -tvf "files/$TARBALL.tar.xz" | awk '{ print $2 }' | sort -u)" 0/0
    mv "first/$TARBALL" moved
    # (libwasmtime is upstream's own file. The native Python contains its C library, so no name shows how it was compiled.)
    hardened moved/bin/* moved/lib/libwlpy.so
    licensed moved/share/doc/wlpy/licenses "$PY" libs/openssl libs/zlib data/tzdata toolchain/wasi-libc toolchain/wabt toolchain/wasmtime \
        toolchain/jansson toolchain/libmicrohttpd toolchain/wlpy toolchain/wl-run
    there moved/share/doc/wlpy/licenses/toolchain/libmicrohttpd/libmicrohttpd-*.tar.gz moved/share/man/man1/wl-run.1.gz \
        moved/share/bash-completion/completions/wlpy
    export XDG_CACHE_HOME=$REAL_HOME/.cache
    SECONDS_EACH=600 run moved/bin/wl-run "moved/lib/wlpy/${FILES[1]}" -- -c 'print(6 * 7)'
    status 0
    out 42
    printf '%s\n' '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"run_python","arguments":{"code":"6 * 7"}}}' >request
    # shellcheck disable=SC2016 # the variables are the inner shell's
    run sh -c 'exec moved/bin/wlpy mcp <request'
    status 0
    out '"text":"42"'
    # A program with the library, shared and static.
    cat >program.c <<'EOF'
#include <stdio.h>
#include <wlpy.h>
int main(int argc, char **argv)
{
    struct wlpy_run_config config = {.size = sizeof config, .out = {.kind = WLPY_MEMORY}};
    struct wlpy_result result = {.size = sizeof result};
    struct wlpy_engine *engine;
    struct wlpy_program *python;
    struct wlpy_err err;
    config.argv = wlpy_python_argv(WLPY_CODE | WLPY_ISOLATED, "print(6 * 7)", NULL, 0, &config.argc);
    if (argc != 2 || wlpy_engine_new(NULL, &engine, &err) < 0 || wlpy_program_load_native(engine, argv[1], &python, &err) < 0 ||
        wlpy_run(python, &config, &result, &err) < 0)
        return 1;
    return printf("%.*s", (int)result.out_size, (const char *)result.out) < 0;
}
EOF
    export PKG_CONFIG_PATH=$T/moved/lib/pkgconfig
    local library
    for library in wlpy wlpy-native; do
        # shellcheck disable=SC2046
        cc program.c $(pkg-config --cflags --libs "$library") -Wl,-rpath,"$T/moved/lib" -o program || fail "not linked with $library"
        run ./program "$T/moved/lib/wlpy/python-sandbox.so"
        status 0
        out 42
    done
}

test_the_completion() {
    everything
    tar -xf "files/$TARBALL.tar.xz"
    # shellcheck disable=SC2016
    run env PATH="$T/$TARBALL/bin:$PATH" bash -c '. "$0"; COMP_WORDS=(wlpy serve --max); COMP_CWORD=2; _wlpy; echo "${COMPREPLY[*]}"
        COMP_WORDS=(wlpy s); COMP_CWORD=1; _wlpy; echo "${COMPREPLY[*]}"
        COMP_WORDS=(wl-run --max-m); COMP_CWORD=1; _wlpy; echo "${COMPREPLY[*]}"' "$TARBALL/share/bash-completion/completions/wlpy"
    out '--max-memory --max-output --max-files --max-sessions' serve
    is "$(sed -n 3p .out)" --max-memory
}

# The mirror of Debian that apt uses here.
mirror() {
    # shellcheck disable=SC2016
    apt-get indextargets --format '$(REPO_URI) $(RELEASE) $(ORIGIN)' 'Created-By: Packages' | sed -n 's/ [a-z]* Debian$//p' | head -n 1
}

# In a minimal Debian: it installs, works, and leaves nothing.
test_the_Debian_package() {
    is_root && command -v mmdebstrap >/dev/null || skip 'without root and mmdebstrap'
    [ -z "${WL_CHECK_OFFLINE-}" ] || skip 'without the network'
    everything
    run dpkg-deb --info "files/$DEB"
    status 0
    out 'Package: wlpy' 'Version: 0.1.0' 'Depends: libc6 (>= 2.'
    is "$(dpkg-deb --contents "files/$DEB" | grep -cv '^[-dl][rwx-]* root/root ')" 0
    [ -n "$(mirror)" ] || skip 'apt has no Debian mirror here'
    mmdebstrap --variant=minbase --include=libgcc-s1 bookworm system "deb $(mirror) bookworm main" >.log 2>&1 ||
        not_available "$(tail -n 1 .log)"
    cp "files/$DEB" system/opt/
    inside() {
        SECONDS_EACH=300 run unshare --mount --pid --fork --mount-proc="$T/system/proc" chroot system env LC_ALL=C.UTF-8 HOME=/root "$@"
    }
    listing() {
        (cd system && find . -xdev ! -path './var/*' ! -path './proc/*' ! -path './tmp/*' ! -path './opt/*' | sort)
    }
    listing >before
    inside dpkg -i "/opt/$DEB"
    status 0
    inside sh -c 'cd / && md5sum --quiet -c var/lib/dpkg/info/wlpy.md5sums && ldconfig -p | grep -q libwlpy.so.0 && wl-run --version'
    status 0
    inside wl-run --quick --no-cache "/usr/lib/wlpy/${FILES[1]}" -- -c 'print(6 * 7)'
    status 0
    out 42
    printf '%s\n' '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"run_python","arguments":{"code":"6 * 7"}}}' >system/opt/request
    inside sh -c 'wlpy mcp </opt/request'
    status 0
    out '"text":"42"'
    inside dpkg --purge wlpy
    status 0
    listing >after
    diff before after || fail 'something is left'
}

# What lintian calls an error, except: a package of its own has its libraries with it, and no history of Debian's; libwasmtime has no
# soname, as upstream makes it; the native Python is mapped by its build ID, so its bytes stay as they are.
test_lintian() {
    command -v lintian >/dev/null || skip 'without lintian'
    everything
    SECONDS_EACH=900 run lintian --allow-root "files/$DEB"
    grep '^E:' .out | grep -vE ': (no-changelog|embedded-library|sharedobject-in-library-directory-missing-soname|unstripped-binary-or-object) ' >found
    [ ! -s found ] || fail "$(cat found)"
}

test_what_is_not_a_Python() {
    real dist libs/zlib -o files
    clean_failure 2
    err 'libs/zlib is not a Python'
    [ ! -e files ] || fail 'it made the directory'
    real dist "$PY" -o /proc/none
    clean_failure 7
    err /proc/none
}

# The Python package, with epochs, fuel and a limit of memory.
test_wasmtime_for_Python() {
    [ -z "${WL_CHECK_OFFLINE-}" ] && "$PYTHON" -m pip --version >/dev/null 2>&1 || skip 'without pip and the network'
    HOME=$REAL_HOME "$PYTHON" -m pip install -q --disable-pip-version-check --only-binary=:all: --target packages wasmtime==50.0.1 \
        >.log 2>&1 || not_available "$(tail -n 1 .log)"
    files
    SECONDS_EACH=600 PYTHONPATH=$T/packages run "$PYTHON" "$HOSTS/host.py" "${FILES[@]/#/files/}"
    status 0
    out "${FILES[0]}: " "${FILES[1]}: "
}

test_the_crate_wasmtime() {
    [ -z "${WL_CHECK_OFFLINE-}" ] && command -v cargo >/dev/null || skip 'without cargo and the network'
    files
    cp -R "$HOSTS/crate" .
    (cd crate && HOME=$REAL_HOME cargo build -q --release) >.log 2>&1 || not_available "$(tail -n 3 .log)"
    SECONDS_EACH=600 run crate/target/release/host "${FILES[@]/#/files/}"
    status 0
    out "${FILES[0]}: " "${FILES[1]}: "
}

test_wazero() {
    [ -z "${WL_CHECK_OFFLINE-}" ] && command -v go >/dev/null || skip 'without Go and the network'
    files
    cp -R "$HOSTS/wazero" .
    (cd wazero && HOME=$REAL_HOME GOFLAGS=-mod=readonly go build -o ../host .) >.log 2>&1 || not_available "$(tail -n 3 .log)"
    SECONDS_EACH=600 run ./host "${FILES[@]/#/files/}"
    status 0
    out "${FILES[0]}: " "${FILES[1]}: "
}

main "$@"
