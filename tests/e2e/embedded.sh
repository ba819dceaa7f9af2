#!/bin/bash
# libwlpy with native programs in processes that handle signals themselves: a JVM, a Go program.
# shellcheck source=tests/e2e/lib.sh disable=SC2317,SC2016
LIMIT=${LIMIT:-900}
. "$(dirname -- "$0")/lib.sh"
# shellcheck source=tests/e2e/lib-native.sh
. "$(dirname -- "$0")/lib-native.sh"

guests() {
    wabt
    wlpy
    library signals <"$E2E/guest-signals.wat"
    export GUEST_LIBRARY=$PWD/signals/guest.so
    # Three times one after the other, four at the same time.
    for _ in 1 2 3 4 5 6 7; do
        echo "$1 7 134 134 124"
    done >expected
}

test_a_jvm() {
    command -v javac >javac || skip 'there is no javac (openjdk-17-jdk-headless)'
    guests 'null deep'
    local home
    home=$(dirname "$(dirname "$(readlink -f "$(cat javac)")")")
    cc -shared -fPIC -O1 -Wall -Wextra -Werror -I"$home/include" -I"$home/include/linux" -I"$WLPY/include" "$E2E/guest-jvm.c" \
        -o libguests.so -L"$WLPY/lib" -lwlpy-native "-Wl,-rpath,$WLPY/lib" || fail 'the library for Java was not compiled'
    javac -d classes "$E2E/Guests.java" || fail 'Guests.java was not compiled'
    # Compiled code checks for null with another instruction than the interpreter.
    for mode in -Xint -Xmixed; do
        run java $mode -cp classes Guests "$PWD/libguests.so"
        status 0
        diff expected .out >difference || fail "otherwise: $(head difference)"
    done
}

test_a_go_program() {
    command -v go >/dev/null || skip 'there is no go (golang-go)'
    guests nil
    mkdir go
    cp "$E2E/guests.go" "$E2E/guest-embed.h" "$E2E/guest.h" "$WLPY/include/wlpy.h" "$WLPY"/lib/libwlpy-native.so* go/
    # With the cache of an earlier compilation; otherwise Go first compiles its library.
    (cd go && HOME=$REAL_HOME GO111MODULE=off CGO_ENABLED=1 go build -o ../guests guests.go) >log 2>&1 ||
        fail "not built: $(tail -n 5 log)"
    LD_LIBRARY_PATH=$WLPY/lib run ./guests
    status 0
    diff expected .out >difference || fail "otherwise: $(head difference)"
}

main "$@"
