#!/bin/bash
# The network of a guest: clients and servers in the real Python, against servers and clients on this machine, and
# requests that the rules refuse. WL_PYTHON names the Python. NATIVE=yes also compiles it as a native program.
# shellcheck source=tests/e2e/lib.sh disable=SC2317
LIMIT=${LIMIT:-3600}
. "$(dirname -- "$0")/lib.sh"

PY=${WL_PYTHON:-python/v3.11.2}
NET=$WL_SOURCE_ROOT/tests/net

# `python FLAVOUR OPTION... -- ARGUMENT...`: runs the Python in wl-run, or plain in node if that is the flavour, with the
# tests as /t and this test's directory as /f.
python() {
    local options=() module=() flavour=$1
    shift
    options_before "$@"
    shift $((${#options[@]} + 1))
    case $flavour in
    plain | node) module=(--dir "$OUT/$PY/usr::/usr" "$OUT/$PY/bin/python.wasm") ;;
    *) module=("$OUT/$PY/bin/python-$flavour.wasm") ;;
    esac
    local runner=$OUT/toolchain/wl-run/bin/wl-run first
    first=$(first_cipher)
    if [ "$flavour" = node ]; then
        runner=$WL_SOURCE_ROOT/runtimes/node
        first=CHACHA20
    fi
    SECONDS_EACH=300 run "$runner" --env "FIRST=$first" --env "HOST=${runner##*/}" --dir "$NET::/t" --dir "$T/f::/f" "${options[@]}" "${module[@]}" "$@"
}
# The cipher that is fastest in a guest: AES with the processor's instructions.
first_cipher() {
    [ "$(uname -m)" = x86_64 ] && grep -qw aes /proc/cpuinfo && grep -qw pclmulqdq /proc/cpuinfo && echo AES || echo CHACHA20
}
built() {
    [ "${1-}" != node ] || command -v node >/dev/null || not_available 'node is not installed'
    case ${1-} in plain | node) set -- ;; esac
    real build -q toolchain/wl-run
    status 0
    real build -q "$PY" ${1:+--flavour "$1"}
    status 0
}

# Starts the servers, and sets ports to their ports.
serve() {
    mkdir "$T/f"
    mkfifo "$T/end"
    "$PYTHON" "$NET/servers.py" "$T/f" >"$T/serving" <"$T/end" 2>"$T/servers.err" &
    exec 9>"$T/end"
    local n
    for n in {1..100}; do
        [ ! -s "$T/serving" ] || break
        sleep 0.1
    done
    read -r -a ports <"$T/serving" || fail "no servers: $(cat "$T/servers.err")"
}

# Prints a port that is free now.
free_port() {
    "$PYTHON" -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

test_client() {
    built
    serve
    python plain --net=127.0.0.1 --net=localhost -- /t/client.py "${ports[@]}" /f
    status 0
    out 'ok test_tcp' 'ok test_udp' 'ok test_messages' 'ok test_options' 'ok test_time_limits' 'ok test_tls' 'ok test_tls_reset' 'ok test_ciphers' 'ok test_asyncio' 'ok test_what_stays_out'
}

test_client_in_node() {
    built node
    serve
    python node --net=127.0.0.1 --net=localhost -- /t/client.py "${ports[@]}" /f
    status 0
    out 'ok test_tcp' 'ok test_udp' 'ok test_messages' 'ok test_options' 'ok test_time_limits' 'ok test_tls' 'ok test_tls_reset' 'ok test_ciphers' 'ok test_asyncio' 'ok test_what_stays_out'
    python node -- -c 'import socket; socket.socket()'
    status 1
    err 'OSError: [Errno 58]'
}

# The same rules as in wl-run: the cases of its unit test.
test_rules_in_node() {
    command -v node >/dev/null || not_available 'node is not installed'
    run node "$NET/node-policy.mjs" "$WL_SOURCE_ROOT/host/tests/test_policy.c"
    status 0
    out '145 cases'
}

# The channel is a different one at each start.
test_client_of_a_snapshot() {
    built snapshot
    serve
    python snapshot --net=127.0.0.1 --net=localhost -- /t/client.py "${ports[@]}" /f
    status 0
    out 'ok test_tcp' 'ok test_tls_reset' 'ok test_ciphers' 'ok test_asyncio_tls'
    python snapshot -- -c 'import socket; socket.socket()'
    status 1
    err 'OSError: [Errno 58]'
}

test_client_of_a_native_program() {
    [ -n "${NATIVE-}" ] || skip 'only with NATIVE=yes, as clang takes minutes'
    real aot "$PY" --flavour snapshot -o "$T/native"
    status 0
    serve
    SECONDS_EACH=300 run "$T/native" --env "FIRST=$(first_cipher)" --env HOST=native --dir "$NET::/t" --dir "$T/f::/f" --net=127.0.0.1 --net=localhost -- \
        /t/client.py "${ports[@]}" /f
    status 0
    out 'ok test_tcp' 'ok test_udp' 'ok test_tls' 'ok test_tls_reset' 'ok test_ciphers' 'ok test_asyncio'
    write_limits
    own_name
    SECONDS_EACH=300 run "$T/native" --dir "$T/f::/f" "${own[@]}" --net-listen=127.0.0.1:0 --max-listening=3 --max-lookups=2 -- \
        /f/counted.py "$name" 3 2
    status 0
    SECONDS_EACH=300 run "$T/native" --net-log=- -- -c 'import socket; socket.socket()'
    status 1
    err 'OSError: [Errno 58]'
}

test_server() {
    serves plain
}

test_server_in_node() {
    serves node
}

serves() {
    built "$1"
    mkdir f
    local http lines
    http=$(free_port)
    lines=$(free_port)
    "$PYTHON" "$NET/visitors.py" "$http" "$lines" >visitors.out 2>&1 &
    python "$1" "--net-listen=127.0.0.1:$http" "--net-listen=localhost:$lines" -- /t/server.py "$http" "$lines"
    status 0
    out 'served 50'
    wait $! || fail "visitors: $(cat visitors.out)"
}

test_refusals() {
    refuses plain wl-run
}

test_refusals_in_node() {
    refuses node node
}

# `refuses FLAVOUR NAME`: of the runner
refuses() {
    built "$1"
    serve
    cat >f/refused.py <<'END'
import socket, sys
def refused(call):
    try:
        call()
    except OSError as e:
        print(type(e).__name__)
    else:
        print('done')
refused(lambda: socket.create_connection(('127.0.0.1', int(sys.argv[1]))))
refused(lambda: socket.create_connection(('::ffff:127.0.0.1', int(sys.argv[1]))))
refused(lambda: socket.create_connection(('0.0.0.0', int(sys.argv[1]))))
refused(lambda: socket.socket(type=socket.SOCK_DGRAM).sendto(b'x', ('127.0.0.1', int(sys.argv[1]))))
refused(lambda: socket.getaddrinfo('nothing.example.com', 80))
refused(lambda: socket.create_server(('127.0.0.1', 0)))
refused(lambda: socket.create_server(('0.0.0.0', int(sys.argv[2]))))
END
    local others
    others=$(free_port)
    python "$1" --net=127.0.0.2 "--net=127.0.0.1:$others" "--net-listen=127.0.0.1:$others" --net-log=f/log -- \
        /f/refused.py "${ports[0]}" "$others"
    status 0
    is "$(sort .out | uniq -c | tr -s ' \n' ' ')" ' 6 PermissionError 1 gaierror ' 'refusals'
    is "$(grep -c "^$2: " f/log)" 7 'lines of the log'
    grep -q "connecting to 127.0.0.1:${ports[0]} refused; --net=127.0.0.1:${ports[0]} would allow it" f/log || fail "$(cat f/log)"
    grep -q "looking up nothing.example.com refused; --net=nothing.example.com would allow it" f/log || fail "$(cat f/log)"
    grep -q "listening on 0.0.0.0:$others refused; --net-listen=0.0.0.0:$others would allow it" f/log || fail "$(cat f/log)"
    # The rule for public addresses allows none of this machine's.
    python "$1" --net -- /f/refused.py "${ports[0]}" "$others"
    is "$(grep -c PermissionError .out)" 6
}

test_limits() {
    limits plain
}

test_limits_in_node() {
    limits node
}

limits() {
    built "$1"
    serve
    write_limits
    python "$1" --net=127.0.0.1 --max-sockets=5 --max-sent=1500 --max-received=1M -- /f/limits.py "${ports[0]}"
    status 0
    own_name
    python "$1" "${own[@]}" --net-listen=127.0.0.1:0 --max-listening=3 --max-lookups=2 --net-log=f/log -- /f/counted.py "$name" 3 2
    status 0
    grep -q 'listening on 127.0.0.1:[0-9]* refused; --max-listening=3 does not allow more' f/log || fail "$(cat f/log)"
    grep -qi "looking up $name refused; --max-lookups=2 does not allow more" f/log || fail "$(cat f/log)"
    # The limit that holds without an option.
    python "$1" "${own[@]}" --net-listen=127.0.0.1:0 -- /f/counted.py "$name" 64
    status 0
}
# A name that the host has to look up, this machine's, and rules for it. (The guest knows localhost itself.)
own_name() {
    local address
    name=$(uname -n)
    address=$("$PYTHON" -c 'import socket, sys; print(socket.gethostbyname(sys.argv[1]))' "$name") ||
        skip "$name, the name of this machine, has no address"
    own=("--net=$name" "--net=$address")
}
write_limits() {
    cat >f/limits.py <<'END'
import errno, socket, sys
port = int(sys.argv[1])
sockets = []
try:
    while True:
        sockets.append(socket.socket())
except OSError as e:
    assert e.errno == errno.EMFILE, e
assert len(sockets) == 5, len(sockets)
sockets.pop().close()
s = sockets.pop()
s.connect(('127.0.0.1', port))
s.sendall(b'x' * 1000)
assert len(s.recv(1000, socket.MSG_WAITALL)) == 1000
try:
    s.sendall(b'x' * 1000)
except OSError as e:
    assert e.errno == errno.EDQUOT, e
else:
    raise AssertionError('more than may be sent')
END
    cat >f/counted.py <<'END'
import errno, socket, sys
def counted(call, error, number):
    got = []
    try:
        while len(got) < 1000:
            got.append(call())
    except OSError as e:
        assert e.errno == error, e
    assert len(got) == number, (len(got), number)
    return got
name, (listening, *lookups) = sys.argv[1], map(int, sys.argv[2:])
servers = counted(lambda: socket.create_server(('127.0.0.1', 0)), errno.EMFILE, listening)
servers[0].listen(3)
servers.pop().close()
counted(lambda: socket.create_server(('127.0.0.1', 0)), errno.EMFILE, 1)
counted(lambda: socket.getaddrinfo(name, 80), socket.EAI_FAIL, lookups[0] if lookups else 1000)
END
}

# More sockets than a process usually may have open, and than the runner once counted.
test_many_sockets() {
    [ "$(ulimit -Hn)" = unlimited ] || [ "$(ulimit -Hn)" -ge 6000 ] || skip 'a process may have too few descriptors here'
    ulimit -Sn 1024
    built
    mkdir f
    cat >f/many.py <<'END'
import select, socket
sockets = [socket.socket(type=socket.SOCK_DGRAM) for _ in range(5000)]
poll = select.poll()
for s in sockets:
    poll.register(s, select.POLLIN)
sockets[4321].bind(('127.0.0.1', 0))
sockets[0].sendto(b'x', sockets[4321].getsockname())
assert poll.poll(60000) == [(sockets[4321].fileno(), select.POLLIN)]
END
    python plain --net=127.0.0.1 --net-listen=127.0.0.1:0 --max-sockets=5000 -- /f/many.py
    status 0
}

# An interrupt and a wrong rule.
test_what_cannot_be_used() {
    real build -q toolchain/wl-run
    local rule
    for rule in '' ':80' 'host:port' '10.0.0.1/8' 'http://example.com' '127.1'; do
        run "$OUT/toolchain/wl-run/bin/wl-run" "--net=$rule" x.wasm
        status 125
        err "cannot use --net=$rule"
    done
    run "$OUT/toolchain/wl-run/bin/wl-run" --net-listen=80 x.wasm
    status 125
    run "$OUT/toolchain/wl-run/bin/wl-run" --net --net-log=/no/such/file x.wasm
    status 125
    err 'cannot write to /no/such/file'
}

test_what_cannot_be_used_in_node() {
    command -v node >/dev/null || not_available 'node is not installed'
    local option
    for option in --net= --net=:80 --net=host:port --net=10.0.0.1/8 --net=http://example.com --net=127.1 --net-listen=80 \
        --net-log=/no/such/file --max-sockets=0 --max-listening=0 --max-lookups=some --max-sent=many; do
        run "$WL_SOURCE_ROOT/runtimes/node" "$option" x.wasm
        status 125
        err "${option#--net-log=}"
        is "$(wc -l <.err)" 1 'lines of the error'
    done
    WL_RUNTIME=true run "$WL_SOURCE_ROOT/runtimes/wasmtime" --net x.wasm
    status 125
    err 'gives no network'
}

main "$@"
