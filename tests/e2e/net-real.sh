#!/bin/bash
# Clients and servers of PyPI in the real Python, against real ones: nginx, Redis, PostgreSQL, dnsmasq and OpenSSH's sftp-server of
# Debian, and this machine's Python. Needs pip's index, and apt's unless the servers are installed. WL_PYTHON names the Python.
# shellcheck source=tests/e2e/lib.sh disable=SC2317
LIMIT=${LIMIT:-3600}
. "$(dirname -- "$0")/lib.sh"
# shellcheck source=tests/net/real-servers.sh
. "$(dirname -- "$0")/../net/real-servers.sh"

PY=${WL_PYTHON:-python/v3.11.2}
NET=$WL_SOURCE_ROOT/tests/net

# `packages LIST`: puts those of tests/net/LIST-packages.txt and LIST-compiled.txt into $T/packages.
packages() {
    local pip=("$PYTHON" -m pip install -q --disable-pip-version-check --no-deps --only-binary=:all: --target packages)
    local series=${PY##*v}
    series=${series%.*}
    [ -z "${WL_CHECK_OFFLINE-}" ] && "$PYTHON" -m pip --version >/dev/null 2>&1 || skip 'without pip and the network'
    HOME=$REAL_HOME SECONDS_EACH=600 run "${pip[@]}" --python-version="$series" --platform=any --implementation=py --abi=none \
        -r "$NET/$1-packages.txt"
    [ "$st" = 0 ] || not_available "$(tail -n 1 .err)"
    HOME=$REAL_HOME SECONDS_EACH=600 run "${pip[@]}" --python-version="$series" --platform=manylinux2014_x86_64 \
        --implementation=cp --abi="cp${series/./}" -r "$NET/$1-compiled.txt"
    [ "$st" = 0 ] || not_available "$(tail -n 1 .err)"
    find packages -name '*.so' -delete
}

# `python OPTION... -- ARGUMENT...`
python() {
    local options=()
    options_before "$@"
    shift $((${#options[@]} + 1))
    SECONDS_EACH=600 run "$OUT/toolchain/wl-run/bin/wl-run" --dir "$T/packages::/packages" --env PYTHONPATH=/packages --dir "$NET::/t" \
        --dir "$T/f::/f" --net=localhost --net=127.0.0.1 --net=::1 "${options[@]}" --dir "$OUT/$PY/usr::/usr" "$OUT/$PY/bin/python.wasm" "$@"
}
built() {
    mkdir f
    packages "${1-real}"
    real build -q toolchain/wl-run "$PY"
    status 0
}

test_clients_against_real_servers() {
    local ports
    built
    debian_servers nginx-light=nginx redis-server=redis-server postgresql=initdb
    stop_at_end
    real_servers "$T/f" || fail "a server did not start: $(cat f/why f/*/out f/postgres.out 2>/dev/null)"
    read -r -a ports <f/ports
    python -- /t/real_clients.py /f "${ports[@]}"
    status 0
    is "$(tr '\n' ' ' <.out)" 'ok test_urllib ok test_http_client ok test_urllib3 ok test_requests ok test_httpx ok test_aiohttp ok test_redis ok test_redis_asyncio ok test_pg8000 '
}

# Of S3 (moto), OpenAI, Anthropic and MongoDB, which this machine's Python stands in for.
test_clients_of_services() {
    local ports n
    built cloud
    HOME=$REAL_HOME SECONDS_EACH=900 run "$PYTHON" -m pip install -q --disable-pip-version-check --target moto 'moto[s3]==5.2.5' \
        flask==3.1.3 flask-cors==6.0.5
    [ "$st" = 0 ] || not_available "$(tail -n 1 .err)"
    read -r -a ports < <(free_ports 3)
    stop_at_end
    PYTHONPATH=packages "$PYTHON" "$NET/stand_ins.py" "${ports[@]:0:2}" >stand-ins 2>&1 &
    PYTHONPATH=moto "$PYTHON" -m moto.server -H 127.0.0.1 -p "${ports[2]}" >moto.out 2>&1 &
    for n in "${ports[@]}"; do
        # shellcheck disable=SC2016 # Python's
        wait_for 120 "$PYTHON" -c 'import socket, sys; socket.create_connection(("127.0.0.1", int(sys.argv[1])))' "$n"
    done
    python -- /t/cloud_clients.py "${ports[@]}"
    [ "$st" = 0 ] || tail -n 20 stand-ins moto.out
    status 0
    is "$(tr '\n' ' ' <.out)" 'ok test_boto3 ok test_pymongo ok test_openai ok test_anthropic '
}

# In namespaces of their own, in which dnsmasq has port 53, and the resolver's configuration names it.
test_names_of_a_dns_server() {
    local port
    built cloud
    debian_servers dnsmasq-base=dnsmasq
    command -v bwrap >/dev/null && bwrap --dev-bind / / --unshare-user --unshare-net --uid 0 --gid 0 --cap-add ALL true ||
        skip 'without namespaces'
    mkdir -p f/www
    echo 'hello by name' >f/www/hello
    echo 'nameserver 127.0.0.1' >f/resolv.conf
    port=8080
    cat >f/dnsmasq.conf <<END
port=53
listen-address=127.0.0.1
bind-interfaces
no-resolv
no-hosts
local=/test/
host-record=web.example.test,127.0.0.5
cname=alias.example.test,web.example.test
host-record=both.example.test,127.0.0.5,fd00::5
$(printf 'host-record=many.example.test,127.0.1.%s\n' 1 2 3 4 5 6 7 8)
host-record=rebind.example.test,10.0.0.1
txt-record=example.test,a text
mx-host=example.test,web.example.test,10
srv-host=_ldap._tcp.example.test,web.example.test,$port
END
    cat >f/inside.sh <<'END'
set -e
trap 'kill $(jobs -p)' EXIT
cd "$1"
dnsmasq --no-daemon --conf-file=dnsmasq.conf 2>dnsmasq.err &
"$3" -m http.server --bind 127.0.0.5 --directory www "$2" >web.out 2>&1 &
for n in $(seq 100); do
    if "$3" -c 'import socket, sys; socket.create_connection(("127.0.0.5", int(sys.argv[1]))); socket.create_connection(("127.0.0.1", 53))' "$2" 2>why; then
        break
    fi
    sleep 0.2
done
shift 3
"$@"
END
    SECONDS_EACH=600 run bwrap --dev-bind / / --ro-bind f/resolv.conf "$(readlink -f /etc/resolv.conf)" --unshare-user --unshare-net --uid 0 \
        --gid 0 --cap-add ALL bash f/inside.sh "$T/f" "$port" "$PYTHON" "$OUT/toolchain/wl-run/bin/wl-run" --dir "$T/packages::/packages" \
        --env PYTHONPATH=/packages --dir "$NET::/t" '--net=*.example.test' --net=127.0.0.1:53 --net=127.0.0.5 --net=127.0.1.0/24 --net=fd00::5 \
        "--net-log=$T/f/log" --dir "$OUT/$PY/usr::/usr" "$OUT/$PY/bin/python.wasm" /t/dns_client.py "$port"
    [ "$st" = 0 ] || cat f/why f/dnsmasq.err f/web.out
    status 0
    is "$(tr '\n' ' ' <.out)" 'ok test_getaddrinfo ok test_connecting_by_name ok test_rules ok test_asking_the_server '
    grep -q 'an answer for a name that points to this machine or its network, 10.0.0.1 refused' f/log || fail "$(cat f/log)"
    grep -q 'looking up other.test refused' f/log || fail "$(cat f/log)"
}

test_sftp() {
    local port
    built
    debian_servers openssh-sftp-server=sftp-server
    mkdir f/files
    port=$(free_ports 1)
    cat >f/listen.py <<'END'
import os, socket, sys
server = socket.create_server(("127.0.0.1", int(sys.argv[1])))
print("ready", flush=True)
connection = server.accept()[0]
for end in (0, 1):
    os.dup2(connection.fileno(), end)
os.chdir(sys.argv[2])
os.execvp("sftp-server", ["sftp-server", "-e"])
END
    stop_at_end
    "$PYTHON" f/listen.py "$port" "$T/f/files" >f/ready 2>f/sftp.err &
    wait_for 60 test -s f/ready
    python -- /t/sftp_client.py "$port"
    [ "$st" = 0 ] || cat f/sftp.err
    status 0
    out 'ok test_sftp' 'ok test_messages' 'ok test_config'
    is "$(ls f/files)" ''
}

test_servers() {
    local server words ca port visitor
    built
    real_certificates "$T/f" || fail "$(cat f/why)"
    for words in werkzeug 'waitress threads' 'aiohttp ws' 'uvicorn ws' uvicorn_tls websockets; do
        server=${words%% *}
        ca=http
        [ "$server" != uvicorn_tls ] || ca=$T/f/ca.pem
        port=$(free_ports 1)
        visitor=
        if [ "$server" != websockets ]; then # which is its own client
            # shellcheck disable=SC2086 # words
            timeout 300 "$PYTHON" "$NET/real_visitors.py" "$port" "$ca" ${words#"$server"} >visitor 2>&1 &
            visitor=$!
        fi
        python "--net-listen=127.0.0.1:$port" -- /t/real_servers.py "$port" /f "$server"
        [ "$st" = 0 ] || { [ -n "$visitor" ] && kill "$visitor" && tail -n 20 visitor; }
        status 0
        out "ended $server"
        [ -z "$visitor" ] || wait "$visitor" || fail "$server: $(cat visitor)"
    done
}

main "$@"
