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

# One Python has all of them, because the link takes most of the time.
OTHERS=(--with brotli --with cffi --with lz4 --with simplejson --with sqlalchemy --with wrapt)

test_others() {
    programs "${OTHERS[@]}" : brotli cffi lz4 simplejson sqlalchemy wrapt
}

main "$@"
