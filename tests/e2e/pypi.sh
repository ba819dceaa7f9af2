#!/bin/bash
# Packages of PyPI with native code: each program in pypi/ must print what it prints natively with the package's own wheel, which is
# the text beside it. Each program also shows that the native code is used. Needs the index.
# shellcheck source=tests/e2e/lib.sh disable=SC2317
LIMIT=${LIMIT:-7000}
. "$(dirname -- "$0")/lib.sh"

PY=python/v3.13.5
PROGRAMS=$WL_SOURCE_ROOT/tests/e2e/pypi

# `programs OPTION... : NAME...`: runs these programs in a Python with packages.
programs() {
    local name options=() failed=
    with_index
    while [ "$1" != : ]; do
        options+=("$1")
        shift
    done
    for name in "${@:2}"; do
        real run -q "$PY" "${options[@]}" -- -c "$(cat "$PROGRAMS/$name.py")"
        [ "$st" = 0 ] && cmp -s .out "$PROGRAMS/$name.txt" && continue
        printf '%s: status %s\n' "$name" "$st"
        diff .out "$PROGRAMS/$name.txt"
        tail -c 1500 .err
        failed="$failed $name"
    done
    [ -z "$failed" ] || fail "programs that failed:$failed"
}

# The others are what aiohttp requires: a recipe counts for those, too.
test_aiohttp_and_what_it_requires() {
    programs --with aiohttp : aiohttp frozenlist multidict propcache yarl
}

# One Python has all of them, because the link takes most of the time. cffi's compiler has made argon2-cffi-bindings.
OTHERS=(--with argon2-cffi --with brotli --with cffi --with lz4 --with simplejson --with sqlalchemy --with wrapt)

test_others() {
    programs "${OTHERS[@]}" : argon2 brotli cffi lz4 simplejson sqlalchemy wrapt
}

# matplotlib needs contourpy and kiwisolver.
test_packages_with_numpy() {
    programs --with matplotlib --with pandas --with wordcloud : matplotlib pandas wordcloud
}

test_texts() {
    programs --with levenshtein --with lxml --with python-rapidjson --with rapidfuzz : levenshtein lxml rapidfuzz rapidjson
}

# In Rust; cryptography with C, and the OpenSSL that Python's ssl has.
test_cryptography_and_tiktoken() {
    programs --with cryptography --with tiktoken : cryptography tiktoken
}

# What its OpenSSL lacks is an exception, and does not end the program.
test_what_cryptography_lacks() {
    with_index
    real run -q "$PY" --with cryptography --with tiktoken -- -c '
from cryptography.hazmat.primitives.asymmetric import dsa
from cryptography.hazmat.primitives.ciphers import aead
numbers = dsa.DSAParameterNumbers(2**2047 + 1, 2**255 + 1, 2)
public = dsa.DSAPublicNumbers(4, numbers)
for f in (lambda: dsa.generate_private_key(2048), numbers.parameters, public.public_key,
          dsa.DSAPrivateNumbers(2, public).private_key, lambda: aead.AESOCB3(bytes(16))):
    try:
        print(f())
    except Exception as e:
        print(type(e).__name__)'
    status 0
    is "$(cat .out)" "InternalError
InternalError
InternalError
InternalError
UnsupportedAlgorithm"
}

# A call that WebAssembly cannot make is an exception, and does not end the program.
test_what_cffi_cannot_call() {
    with_index
    real run -q "$PY" "${OTHERS[@]}" -- -c '
import cffi, _argon2_cffi_bindings._ffi as made
plain = cffi.FFI()
plain.cdef("size_t strlen(double);")
C = plain.dlopen(None)
def address():
    return made.ffi.addressof(made.lib, "argon2_error_message")(-4)
def types():
    return C.strlen(1.0)
def callback():
    return plain.callback("double(double, int, float, long long, short, double)", lambda *words: 1.0)
def library():
    return plain.dlopen("libm.so.6")
for f in address, types, callback, library:
    try:
        print(f())
    except (NotImplementedError, OSError) as e:
        print(f.__name__, type(e).__name__, str(e).split(": ")[0].split(" at ")[0])'
    status 0
    is "$(cat .out)" "address NotImplementedError the function
types NotImplementedError strlen is a function (i32) -> i32, but the call is (f64) -> i32
callback NotImplementedError there is no callback (f64, i32, f32, i64, i32, f64) -> f64
library OSError cannot load library 'libm.so.6'"
}

main "$@"
