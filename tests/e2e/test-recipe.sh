#!/bin/bash
# wl-make test-recipe, in a checkout whose wl-make.sh only writes down what it was asked to do. regrtest.sh makes a real report.
# shellcheck source=tests/e2e/lib.sh disable=SC2317,SC2016
LIMIT=${LIMIT:-300}
. "$(dirname -- "$0")/lib.sh"

# A checkout in which the commands fail that match the pattern in the file `fails`.
checkout() {
    recorder <<EOF
echo "wl-make: warning: the archive is another one"
seq 1000
if echo "\$*" | grep -qE "\$(cat "$T/fails")"; then echo 'it went wrong' >&2; exit 3; fi
EOF
    echo nothing-fails >fails
    echo archive >Python.tar.xz
}

recipe() {
    rm -f asked
    tool test-recipe "$@"
}

test_everything() {
    checkout
    recipe --source Python.tar.xz -j 2 python/v3.14.10
    status 0
    is "$(sed -E 's/^([a-z]*) .*--flavour=([a-z]*) .*/\1 \2/; s/ --.*//' asked | tr '\n' ';')" \
        'build;test;build single;test single;build snapshot;test snapshot;test;'
    grep -qx "build --cache-dir=$CACHE --ports=$PORTS --jobs=2 --source=Python.tar.xz --verbose python/v3.14.10" asked || fail "$(cat asked)"
    grep -qx "test .*--source=Python.tar.xz --own --flavour=snapshot python/v3.14.10" asked || fail "$(cat asked)"
    there python-v3.14.10-report.md
    is "$(grep -c '| succeeded |' python-v3.14.10-report.md)" 7
    is "$(grep -c '^    wl-make: warning: the archive' python-v3.14.10-report.md)" 7
    grep -q "^- archive: Python.tar.xz, SHA-256 $(sha256 Python.tar.xz)$" python-v3.14.10-report.md || fail "$(head -n 20 python-v3.14.10-report.md)"
    grep -q "^- $(uname -sr)" python-v3.14.10-report.md || fail "$(head -n 20 python-v3.14.10-report.md)"
    # Of CPython's own tests the last lines are shown, and some of other tests, but none of builds.
    is "$(grep -c '^    1000$' python-v3.14.10-report.md)" 4
    is "$(grep -c '^    995$' python-v3.14.10-report.md)" 1
    ! grep -q '^    600$' python-v3.14.10-report.md || fail 'more than the last lines'
}

# Only what was not built is not tested.
test_what_fails() {
    checkout
    echo 'build.*single' >fails
    recipe --quick -o report -q python/v3.13.5
    status 1
    err '1 steps failed' 'report says which'
    is "$(grep -E '^\| ' report | sed 1d | cut -d '|' -f 3 | tr -d '\n')" ' succeeded  succeeded  **failed**  not done  succeeded  succeeded  not done '
    grep -q '^    it went wrong$' report || fail "$(cat report)"
    grep -q ' ended with status 3:' report || fail "$(cat report)"
    echo '^build' >fails
    recipe -o report python/v3.13.5
    status 1
    is "$(wc -l <asked)" 1
    is "$(grep -c 'not done' report)" 6
}

test_bad_input() {
    checkout
    recipe
    status 2
    err 'takes one Python'
    recipe zlib
    status 2
    recipe --source none python/v3.14.10
    status 7
    err none
    recipe -o no/such/report python/v3.14.10
    status 7
    err no/such/report
    not_there asked
}

main "$@"
