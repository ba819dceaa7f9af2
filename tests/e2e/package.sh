#!/bin/bash
# The Python package wlpy (bindings/python): the wheel that `wl-make dist --wheel` writes, installed from that one file.
# shellcheck source=tests/e2e/lib.sh disable=SC2317,SC2016
LIMIT=${LIMIT:-5000}
. "$(dirname -- "$0")/lib.sh"

PY=${WL_PYTHON:-python/v3.13.5}
TESTS=$WL_SOURCE_ROOT/bindings/python/tests

# Sets WHEEL to the wheel. Only the first test waits for a build.
wheel() {
    command -v clang-22 >clang || skip 'there is no clang-22'
    real dist --wheel -q "$PY" -o files
    status 0
    WHEEL=$(echo "$PWD"/files/*.whl)
}

# `environment PYTHON DIR [PACKAGE...]`: a new environment of that Python with the wheel in it, and packages of PyPI.
environment() {
    "$1" -m venv "$2" >.log 2>&1 || skip "this Python cannot make an environment: $(tail -n 1 .log)"
    "$2/bin/python" -m pip install -q --disable-pip-version-check --no-index --no-deps "$WHEEL" >.log 2>&1 ||
        fail "the wheel was not installed: $(tail -n 3 .log)"
    [ $# -gt 2 ] || return 0
    [ -z "${WL_CHECK_OFFLINE-}" ] || skip 'without the network'
    HOME=$REAL_HOME "$2/bin/python" -m pip install -q --disable-pip-version-check --only-binary=:all: "${@:3}" >.log 2>&1 ||
        not_available "$(tail -n 1 .log)"
}

test_the_wheel() {
    wheel
    is "${WHEEL##*/}" wlpy-0.1.0-cp39-abi3-manylinux_2_31_x86_64.whl
    (cd files && sha256sum --check --strict --quiet ./*.sha256) || fail 'the hashes are wrong'
    "$PYTHON" -m zipfile -e "$WHEEL" content
    # What the name says: no newer symbol of glibc, no other library, the limited API only.
    is "$(readelf -VW content/wlpy/*.so | sed -n 's/.*Name: GLIBC_\([0-9.]*\) .*/\1/p' | sort -V | tail -n 1 |
        cat - <(echo 2.31) | sort -V | tail -n 1)" 2.31 'the newest version of glibc'
    is "$(readelf -dW content/wlpy/*.so | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p' | sort -u |
        grep -vE '^(ld-linux-x86-64|libc|libdl|libm|libpthread|librt)\.so\.[0-9]$')" '' 'another library'
    is "$(nm -D --defined-only content/wlpy/_wlpy.abi3.so | cut -d ' ' -f 3)" PyInit__wlpy 'its symbols'
    hardened content/wlpy/_wlpy.abi3.so
    grep -q '^Tag: cp39-abi3-manylinux_2_31_x86_64$' content/wlpy-0.1.0.dist-info/WHEEL || fail 'its tag is another one'
    grep -q '^License-Expression: .*Apache-2.0 .*AND PSF-2.0' content/wlpy-0.1.0.dist-info/METADATA || fail 'its licences are others'
    there content/wlpy/py.typed content/wlpy-0.1.0.dist-info/licenses/LICENSE
    # The command has its C library with it, and needs no other library; all licences are there.
    is "$(readelf -dW content/wlpy/_command/wlpy | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p')" libc.so
    local port licenses=content/wlpy-0.1.0.dist-info/licenses/licenses
    for port in "$PY" libs/openssl toolchain/wasi-libc toolchain/wabt toolchain/musl-shared toolchain/musl-jansson; do
        [ -n "$(find "$licenses/$port" -type f)" ] || fail "no licence of $port"
        grep -q "^$port " "$licenses/README" || fail "$port is not in the table"
    done
    there "$licenses"/toolchain/musl-libmicrohttpd/libmicrohttpd-*.tar.gz
    ! grep -q "$WL_SOURCE_ROOT" -r content || fail 'it names a directory of this machine'
}

# Made again from the same inputs, it has the same bytes.
test_the_same_bytes() {
    wheel
    real build "$PY" toolchain/wlpy-wheel toolchain/wlpy-portable
    status 0
    "$PYTHON" -m zipfile -e "$WHEEL" content
    mkdir again
    "$OUT/toolchain/wlpy-wheel/bin/make-wheel" "$PWD/content/wlpy/python-sandbox.so" "${PY#*/v}" \
        "$(echo "$OUT/$PY/include"/python3.*)" "$OUT/toolchain/wlpy-portable" content/wlpy-0.1.0.dist-info/licenses/licenses \
        "$(sed -n 's/^License-Expression: //p' content/wlpy-0.1.0.dist-info/METADATA)" again >.log 2>&1 || fail "not made: $(tail -n 5 .log)"
    # (The compiler sees another directory, so this also shows that none of its names is in the file.)
    cmp "$WHEEL" again/*.whl || fail 'other bytes'
}

test_suite() {
    wheel
    environment "$PYTHON" own
    real build -q "$PY" --flavour snapshot
    status 0
    HOME=$T SECONDS_EACH=900 WLPY_MODULE=$OUT/$PY/bin/python-snapshot.wasm PYTHONDONTWRITEBYTECODE=1 run own/bin/python -W error::ResourceWarning -m unittest discover -s "$TESTS" -t "$TESTS"
    status 0
    grep -q '^OK' .err || fail 'not all passed'
}

# The extension module with AddressSanitizer and UndefinedBehaviorSanitizer in it.
test_under_sanitizers() {
    wheel
    environment "$PYTHON" own
    real build "$PY" toolchain/wlpy toolchain/wlpy-wheel
    status 0
    cp -R "$OUT/$PY/include"/python3.* headers
    cp "$OUT/toolchain/wlpy-wheel/include/pyconfig.h" headers/
    cc -shared -fPIC -O1 -g -std=c17 -Wall -Wextra -Werror -fsanitize=address,undefined -fvisibility=hidden -D_GNU_SOURCE \
        -DPy_LIMITED_API=0x03090000 -Iheaders -I"$OUT/toolchain/wlpy/include" "$WL_SOURCE_ROOT"/bindings/python/src/*.c \
        "$OUT/toolchain/wlpy/lib/libwlpy-native.a" -Wl,--no-as-needed -l:libpthread.so.0 -l:libdl.so.2 -l:librt.so.1 \
        -o "$(echo own/lib/python3.*/site-packages/wlpy)/_wlpy.abi3.so" || fail 'not compiled'
    local module
    for module in module functions session run aio; do
        # (Python itself leaves memory behind at its end. The faults of guests are not for the sanitizer.)
        HOME=$T SECONDS_EACH=600 PYTHONDONTWRITEBYTECODE=1 run env LD_PRELOAD="$(cc -print-file-name=libasan.so) $(cc -print-file-name=libubsan.so)" \
            ASAN_OPTIONS=handle_segv=0:handle_sigbus=0:use_sigaltstack=0:detect_leaks=0 UBSAN_OPTIONS=halt_on_error=1 \
            own/bin/python -m unittest discover -s "$TESTS" -t "$TESTS" -p "test_$module.py"
        status 0
        not_err 'runtime error'
    done
}

# The same file in every Python of this machine.
test_other_pythons() {
    wheel
    local python n=0 version
    for python in "$REAL_HOME"/.pyenv/versions/3.{9,1?}.*/bin/python3; do
        [ -x "$python" ] || continue
        version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
        environment "$python" "env-$version"
        HOME=$T SECONDS_EACH=900 PYTHONDONTWRITEBYTECODE=1 run "env-$version/bin/python" -m unittest discover -s "$TESTS" -t "$TESTS"
        [ "$st" = 0 ] || fail "with Python $version"
        n=$((n + 1))
    done
    [ "$n" -gt 0 ] || skip 'there is no other Python'
}

# `in_debian SUITE VERSION PACKAGE...`: the tests in a Debian of this suite, whose python3 is of this version.
in_debian() {
    is_root && command -v mmdebstrap >/dev/null || skip 'without root and mmdebstrap'
    [ -z "${WL_CHECK_OFFLINE-}" ] || skip 'without the network'
    wheel
    local mirror
    mirror=$(apt-get indextargets --format '$(REPO_URI) $(RELEASE) $(ORIGIN)' 'Created-By: Packages' |
        sed -n 's/ [a-z]* Debian$//p' | head -n 1)
    [ -n "$mirror" ] || skip 'apt has no Debian mirror here'
    # (A mirror may be a copy of some day.)
    mmdebstrap --variant=minbase --aptopt='Acquire::Check-Valid-Until "false"' --include="$(IFS=,; echo "${*:3}")" "$1" old "deb $mirror $1 main" >.log 2>&1 ||
        not_available "$(tail -n 1 .log)"
    is "$(chroot old python3 -c 'import sys; print("%d.%d" % sys.version_info[:2])')" "$2"
    mkdir old/opt/tests
    "$PYTHON" -m zipfile -e "$WHEEL" old/opt
    cp "$TESTS"/*.py old/opt/tests/
    # (zipfile loses the right to execute, which pip keeps.)
    chmod 755 old/opt/wlpy/_command/*
    for module in run session functions module aio serve; do
        SECONDS_EACH=300 run unshare --mount --pid --fork --mount-proc="$T/old/proc" chroot old env PYTHONPATH=/opt \
            python3 -m unittest discover -s /opt/tests -t /opt/tests -p "test_$module.py"
        status 0
    done
}

# Debian 11 has glibc 2.31 and Python 3.9: the oldest that the wheel is for.
test_the_oldest_system() {
    in_debian bullseye 3.9 python3 openssl libcurl4
}

test_the_newest_system() {
    in_debian testing 3.14 python3 openssl libcurl4t64
}

test_types() {
    wheel
    environment "$PYTHON" types mypy==2.4.1
    cat >user.py <<'EOF'
import asyncio
import wlpy

def search(query: str, limit: int = 3) -> list[str]:
    return [query] * limit

@wlpy.function(name="find")
async def later(query: str) -> str:
    return query

result: wlpy.Result = wlpy.run("1", timeout=None, functions=[search, later], files={"/a": b"", "/b": ""})
text: str = result.stdout
with wlpy.Session(limits=wlpy.Limits(memory=None)) as session:
    value = session.eval("1").check().displays[0].png
    reveal_type(value)

async def main() -> None:
    async with wlpy.AsyncSession() as other:
        reveal_type(await other.eval("1"))

asyncio.run(main())
EOF
    run types/bin/mypy --strict user.py
    status 0
    out 'Revealed type is "bytes | None"' 'Revealed type is "wlpy._result.Evaluation"'
    run types/bin/mypy --strict -m wlpy -m wlpy.aio -m wlpy.__main__
    status 0
    sed -i 's/timeout=None/timeout="5"/' user.py
    run types/bin/mypy --strict user.py
    status 1
}

# The adapters, each with the newest release of the package that it is for when it was written.
test_adapters() {
    wheel
    local package module
    for package in smolagents==1.26.0 dspy==3.4.1 fastmcp==4.2.3 langchain-core==1.8.3 pydantic-ai-slim==2.68.0; do
        module=${package%%=*}
        environment "$PYTHON" "$module" "$package" mypy==2.4.1
        case $module in
        langchain-core) module=langchain class=LangChain ;;
        pydantic-ai-slim) module=pydantic_ai class=PydanticAI ;;
        fastmcp) class=FastMCP ;;
        dspy) class=DSPy ;;
        smolagents) class=Smolagents ;;
        esac
        (cd "$TESTS" && HOME=$T SECONDS_EACH=300 PYTHONDONTWRITEBYTECODE=1 run "$T/${package%%=*}/bin/python" -m unittest "test_adapters.$class")
        [ -s "$T/.err" ] && grep -q '^OK$' "$T/.err" || fail "the adapter for $package"
        SECONDS_EACH=300 run "${package%%=*}/bin/mypy" --strict -m "wlpy.adapters.$module"
        status 0
    done
}

# examples/python, as its README says.
test_example() {
    wheel
    environment "$PYTHON" own
    SECONDS_EACH=60 run own/bin/python "$WL_SOURCE_ROOT/examples/python/rules.py"
    status 0
    sed -n '/^```text$/,/^```$/p' "$WL_SOURCE_ROOT/examples/python/README.md" | sed '1d;$d' | diff - .out >difference ||
        fail "otherwise: $(cat difference)"
}

# The code of docs/python.md and of the package's own README.
test_documentation() {
    wheel
    environment "$PYTHON" own
    local page
    for page in docs/python.md bindings/python/README.md; do
        "$PYTHON" "$TESTS/snippets.py" "$WL_SOURCE_ROOT/$page" >snippets.py
        SECONDS_EACH=60 run own/bin/python snippets.py
        [ "$st" = 0 ] || fail "$page"
    done
}

main "$@"
