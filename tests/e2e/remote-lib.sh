# What the tests of remote stores share.
# shellcheck shell=bash disable=SC2034,SC2154
# Keys, a server and a configuration that writes.
remote() {
    tool sign --generate --key "$T/store.key" --no-password
    status 0
    mkdir -p "$T/remote"
    : >how
    rm -f .remote-port
    "$PYTHON" "$E2E/remote-server.py" "$T/remote" "$T/.remote-port" "$T/.remote-log" "$T/how" >"$T/.remote" 2>&1 &
    stop_at_end
    wait_for 10 test -s .remote-port
    REMOTE=http://127.0.0.1:$(cat .remote-port)/team
    config "$REMOTE"
}

config() {
    printf 'remote = %s\nremote-write = yes\npublic-key = store.pub\nsecret-key = store.key\n' "$1" >config
    printf 'remote = %s\npublic-key = store.pub\n' "$1" >reader
    export WL_MAKE_CONFIG=$T/config
}

# `machine N`: from now on, the machine with this number builds. The second and later ones only read.
machine() {
    CACHE=$T/cache$1 OUT=$T/out$1
    case $1 in
    1) export WL_MAKE_CONFIG=$T/config ;;
    *) export WL_MAKE_CONFIG=$T/reader ;;
    esac
}

# c links b, and is built with a and with t; t is built with u.
family() {
    simple tools/u
    simple tools/t 'build-needs: [tools/u]'
    simple libs/b
    printf 'version: "1"\ntoolchain: none\nneeds: [libs/b]\nbuild-needs: [tools/t]\nsteps:\n  - name: i\n    run: |\n      mkdir -p "$STAGE/d/empty" "$STAGE/bin"; head -c 300000 /dev/urandom >"$STAGE/d/data"; ln -s d/data "$STAGE/link"\n      echo "#!/bin/sh" >"$STAGE/bin/run"; chmod +x "$STAGE/bin/run"; : >"$STAGE/nothing"; cp "$NEED_TOOLS_T/share/t" "$STAGE/"\n' |
        port made/c
}

built() {
    grep -oE '\] [a-z]*/[a-z]*: done' .err | grep -oE '[a-z]*/[a-z]*:' | tr -d : | sort | tr '\n' ' '
}

artifacts() {
    grep -h '^ "name":' "$CACHE"/artifacts/*/manifest.json 2>/dev/null | cut -d '"' -f 4 | sort | tr '\n' ' '
}

same_output() {
    diff -r --no-dereference "$T/out1" "$OUT" >.out 2>&1 || fail "$1: the outputs differ"
    tool fsck
    [ "$st" = 0 ] || fail "$1: fsck found something"
}
