#!/bin/bash
# Compilers that a launcher starts: ccache, alone and over Redis, and distcc with two daemons. The results are the same to the
# last byte, and so are the keys.
# shellcheck source=tests/e2e/lib.sh disable=SC2317,SC2016
LIMIT=${LIMIT:-300}
. "$(dirname -- "$0")/lib.sh"

free_port() {
    "$PYTHON" -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

# Two ports in C, of eight files each: with the machine's compiler, and with clang.
sources() {
    local kind i
    for i in 1 2 3 4 5 6 7 8; do
        printf '#include <stdio.h>\nint f%d(int x) { printf("%%s:%%d\\n", __FILE__, x); return x * %d; }\n' "$i" "$i" >"f$i.c"
    done
    # shellcheck disable=SC2046
    archive a.tar.gz $(for i in 1 2 3 4 5 6 7 8; do echo "f$i.c=$(base64 -w 0 "f$i.c")"; done)
    for kind in native clang; do
        printf 'version: "1"\ntoolchain: %s\nsources:\n  - url: "file:%s"\n    sha256: %s\nsteps:\n  - name: build\n    run: |\n      for f in "$SRC"/f*.c; do base64 -d "$f" >"${f##*/}"; done\n      printf "%%s\\n" "all: \\$(patsubst %%.c,%%.o,\\$(wildcard f*.c))" >Makefile\n      make -j4\n      mkdir -p "$STAGE/lib"; cp f*.o "$STAGE/lib/"; echo "$CC" >"$STAGE/lib/cc"\n' \
            $kind "$T/a.tar.gz" "$(sha256 a.tar.gz)" | port made/$kind
    done
}

# Builds without the launcher, and with it in another cache.
compare() {
    wl made/native made/clang
    status 0
    CACHE=$T/cache2 OUT=$T/out2 WL_MAKE_CONFIG=$T/config wl made/native made/clang
    status 0
    diff -r out out2 >.out 2>&1 || fail 'the results differ'
    diff -r cache/artifacts cache2/artifacts >.out 2>&1 || fail 'the keys differ'
    is "$(grep -L . cache2/artifacts/*/tree/lib/*.o | wc -l)" 0 'empty objects'
}

again() {
    rm -rf cache2 out2
    CACHE=$T/cache2 OUT=$T/out2 WL_MAKE_CONFIG=$T/config wl made/native made/clang
    status 0
    diff -r out out2 >.out 2>&1 || fail 'the results differ'
}

test_ccache() {
    command -v ccache >/dev/null 2>&1 || not_available ccache
    sources
    mkdir -p ccache
    printf 'launcher = ccache\nlauncher-dir = ccache\nlauncher-env = CCACHE_DIR=%s/ccache\n' "$T" >config
    compare
    is "$(CCACHE_DIR=$T/ccache ccache --print-stats | sed -n 's/^cache_miss\t//p')" 16 misses
    again
    is "$(CCACHE_DIR=$T/ccache ccache --print-stats | sed -n 's/^direct_cache_hit\t//p')" 16 hits
    # Without the launcher nothing of it is left.
    wl made/native
    out 'nothing to do'
}

test_ccache_over_Redis() {
    command -v ccache >/dev/null 2>&1 && command -v redis-server >/dev/null 2>&1 || not_available 'ccache and redis-server'
    local port
    port=$(free_port)
    sources
    mkdir -p redis
    redis-server --port "$port" --bind 127.0.0.1 --unixsocket "$T/redis/socket" --save '' --dir "$T/redis" >redis.out 2>&1 &
    stop_at_end
    wait_for 10 test -S redis/socket
    printf 'launcher = ccache\nlauncher-env = CCACHE_DIR=/tmp/none\nlauncher-env = CCACHE_REMOTE_ONLY=1\nlauncher-env = CCACHE_REMOTE_STORAGE=redis://127.0.0.1:%s\nlauncher-network = yes\n' \
        "$port" >config
    compare
    local size
    size=$(redis-cli -p "$port" dbsize)
    [ "$size" -ge 16 ] || fail "Redis has $size entries"
    again
    redis-cli -p "$port" info stats | tr -d '\r' | grep keyspace_hits | cut -d : -f 2 >hits
    [ "$(cat hits)" -ge 16 ] || fail "$(cat hits) hits"
    # Through the socket no network is needed.
    redis-cli -p "$port" flushall >/dev/null
    printf 'launcher = ccache\nlauncher-dir = redis\nlauncher-env = CCACHE_DIR=/tmp/none\nlauncher-env = CCACHE_REMOTE_ONLY=1\nlauncher-env = CCACHE_REMOTE_STORAGE=redis+unix:%s/redis/socket\n' \
        "$T" >config
    again
    [ "$(redis-cli -p "$port" dbsize)" -ge 16 ] || fail 'nothing went through the socket'
}

test_distcc_with_two_daemons() {
    command -v distccd >/dev/null 2>&1 || not_available distcc
    local ports='' port n user
    user=$(id -un)
    # It does not work as root.
    ! is_root || user=nobody
    sources
    for n in 1 2; do
        port=$(free_port)
        ports+="127.0.0.1:$port/4 "
        distccd --no-detach --daemon --listen 127.0.0.1 --port "$port" --allow 127.0.0.0/8 --jobs 4 --enable-tcp-insecure \
            --user "$user" --log-stderr --log-level info >/dev/null 2>"daemon$n.log" &
        wait_for 10 "$PYTHON" -c "import socket; socket.create_connection(('127.0.0.1', $port))"
    done
    stop_at_end
    printf 'launcher = distcc\nlauncher-env = DISTCC_HOSTS=%s\nlauncher-env = DISTCC_FALLBACK=0\nlauncher-network = yes\n' "$ports" >config
    compare
    for n in 1 2; do
        grep -q 'COMPILE_OK.*f[1-8]\.c' daemon$n.log || fail "daemon $n compiled nothing: $(tail -n 3 daemon$n.log)"
    done
    is "$(cat daemon1.log daemon2.log | grep -c 'COMPILE_OK.*f[1-8]\.c')" 16 'compiled by the daemons'
}

test_steps_have_no_network_otherwise() {
    port made/a <<'END'
version: "1"
toolchain: none
steps:
  - name: i
    run: |
      grep -c : /proc/net/dev >"$STAGE/n"; env | grep -i ccache >"$STAGE/env" || true
END
    mkdir ccache
    printf 'launcher = true\nlauncher-env = CCACHE_DIR=x\n' >config
    WL_MAKE_CONFIG=$T/config wl made/a
    status 0
    # (Without a sandbox they have it in any case.)
    grep -q 'without a sandbox' .err || is "$(cat "$OUT/made/a/n")" 1 'network interfaces'
    [ ! -s "$OUT/made/a/env" ] || fail 'a variable of the launcher is seen'
}

test_a_launcher_that_is_not_installed() {
    simple made/a
    printf 'launcher = no-such-launcher --option\n' >config
    WL_MAKE_CONFIG=$T/config wl made/a
    clean_failure 6
    err 'the launcher no-such-launcher is not installed'
}

main "$@"
