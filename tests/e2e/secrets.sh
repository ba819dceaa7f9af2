#!/bin/bash
# Secrets of a guest: what it can do with one, and that it cannot learn it. WL_PYTHON names the Python.
# shellcheck source=tests/e2e/lib.sh disable=SC2317
LIMIT=${LIMIT:-3600}
. "$(dirname -- "$0")/lib.sh"

PY=${WL_PYTHON:-python/v3.11.2}
NET=$WL_SOURCE_ROOT/tests/net
VALUE='sk-0123+/=Secret~value.of_the:test'

built() {
    real build -q toolchain/wl-run "$PY"
    status 0
}

# Starts the servers, and sets ports to their ports.
serve() {
    mkdir "$T/f"
    mkfifo "$T/end"
    "$PYTHON" "$NET/secret_servers.py" "$T/f" >"$T/serving" <"$T/end" 2>"$T/servers.err" &
    exec 9>"$T/end"
    wait_for 60 [ -s "$T/serving" ]
    read -r -a ports <"$T/serving"
}

# `python OPTION... -- ARGUMENT...`
python() {
    local options=()
    options_before "$@"
    shift $((${#options[@]} + 1))
    SECONDS_EACH=300 run "$OUT/toolchain/wl-run/bin/wl-run" --dir "$NET::/t" "${options[@]}" --dir "$OUT/$PY/usr::/usr" \
        "$OUT/$PY/bin/python.wasm" "$@"
}

# Whether the guest has learnt the value, in any of the forms in which it could have got it.
not_learnt() {
    "$PYTHON" - "$VALUE" .out .err <<'END' || fail 'the guest has learnt the secret'
import base64, json, sys, urllib.parse
value, *files = sys.argv[1:]
text = ''.join(open(name, errors='replace').read() for name in files)
forms = [value, json.dumps(value)[1:-1], urllib.parse.quote(value), base64.b64encode(value.encode()).decode(),
         base64.b64encode(b'user:' + value.encode()).decode()]
sys.exit(any(form in text for form in forms))
END
}

test_a_guest_with_a_secret() {
    built
    serve
    printf '%s\r\n' "$VALUE" >value
    for option in "--secret=TOKEN=$VALUE@127.0.0.1:${ports[0]}" "--secret=TOKEN@127.0.0.1:${ports[0]}" \
        "--secret-file=TOKEN=value@127.0.0.1:${ports[0]}"; do
        rm -f f/seen
        TOKEN=$VALUE SSL_CERT_FILE=$T/f/cert.pem python "$option" --env TOKEN=no -- /t/secret_client.py "${ports[@]}"
        status 0
        out 'ok test_headers' 'ok test_basic' 'ok test_many_at_once' 'ok test_bad_requests'
        not_learnt
        # The server has got it in the headers that carry credentials, and nowhere else.
        "$PYTHON" - "$VALUE" f/seen <<'END' || fail "$(tail -n 3 f/seen)"
import base64, json, sys
value, file = sys.argv[1:]
seen = [json.loads(line) for line in open(file)]
assert all(own for own, *_ in seen), 'the other server was reached'
assert ['Bearer ' + value, value] == [seen[0][3][name] for name in ('Authorization', 'X-Api-Key')], seen[0]
for own, method, path, headers, body in seen:
    assert value not in path and value not in body, (path, body)
    for name, got in headers.items():
        assert value not in got or name.lower() in ('authorization', 'x-api-key'), (name, got)
basic = base64.b64encode(b'user:' + value.encode()).decode()
assert any(headers.get('Authorization') == 'Basic ' + basic for *_, headers, _ in seen)
END
    done
}

# A certificate that nobody trusts, and a server of another name.
test_certificates() {
    built
    serve
    cat >f/get.py <<'END'
import sys, urllib.error, urllib.request
try:
    print(urllib.request.urlopen(sys.argv[1]).status)
except urllib.error.HTTPError as e:
    print(e.code, e.read().decode())
END
    python --dir f::/f "--secret=TOKEN=$VALUE@127.0.0.1:${ports[0]}" -- /f/get.py "http://127.0.0.1:${ports[0]}/echo"
    status 0
    out '502' 'certificate'
    local name
    name=$(hostname)
    getent ahosts "$name" >/dev/null || return 0
    SSL_CERT_FILE=$T/f/cert.pem python --dir f::/f "--secret=TOKEN=$VALUE@$name:${ports[0]}" -- /f/get.py \
        "http://$name:${ports[0]}/echo"
    status 0
    out '502'
    not_there f/seen
}

# A name leads to the door, and its other ports nowhere.
test_names() {
    built
    cat >names.py <<'END'
import os, socket
print(socket.getaddrinfo('api.example.com', 80, type=socket.SOCK_STREAM)[0][4])
print(len(os.environ['A']), os.environ['A'] == os.environ['B'])
for address in ('api.example.com', 443), ('www.example.com', 80), ('127.0.0.1', 80):
    try:
        socket.create_connection(address)
    except OSError as e:
        print(type(e).__name__)
END
    python --dir "$T::/n" --net-log=- "--secret=A=$VALUE@api.example.com" "--secret=A=$VALUE@example.org:8443" \
        "--secret=B=$VALUE@api.example.com" -- /n/names.py
    status 0
    out "('240.0.0.1', 80)" "${#VALUE} False" PermissionError gaierror
    err 'connecting to port 443 of api.example.com refused; a host with a secret is reached as http://api.example.com' \
        'looking up www.example.com refused'
}

test_what_cannot_be_used() {
    real build -q toolchain/wl-run
    local run=$OUT/toolchain/wl-run/bin/wl-run option
    for option in NAME@h =value@h NAME=value@ NAME=12345678 NAME=short@h 'NAME=with blank@h' 'NAME=with"quote@h' NAME=12345678@h:0 \
        NAME=12345678@h:x NAME=12345678@http://h 'N-AME=12345678@h' NAME=12345678@127.1; do
        run "$run" "--secret=$option" x.wasm
        status 125
        err 'cannot use'
        not_err 12345678
    done
    run "$run" --secret-file=NAME=/no/such/file@h x.wasm
    status 125
    err 'cannot read the secret NAME from /no/such/file'
    head -c 10000 /dev/zero | tr '\0' x >long
    run "$run" --secret-file=NAME=long@h x.wasm
    status 125
    err 'it must have 8 to 4096'
    printf '\0asm\1\0\0\0\1\4\1\140\0\0\3\2\1\0\7\12\1\6_start\0\0\12\4\1\2\0\13' >nothing.wasm
    run "$run" --no-cache --secret=NAME=12345678@h --secret=NAME=87654321@g nothing.wasm
    status 125
    err 'another value'
    not_err 87654321
}

# Programs that use no secret neither load libcurl nor depend on it.
test_without_secrets() {
    real build -q toolchain/wl-run
    status 0
    ! readelf -d "$OUT/toolchain/wl-run/bin/wl-run" | grep -q 'NEEDED.*curl' || fail 'wl-run depends on libcurl'
    printf '\0asm\1\0\0\0\1\4\1\140\0\0\3\2\1\0\7\12\1\6_start\0\0\12\4\1\2\0\13' >nothing.wasm
    # (The compiler is a program of its own, whose output is read.)
    run "$OUT/toolchain/wl-run/bin/wl-run" --cache-dir cache nothing.wasm
    status 0
    LD_DEBUG=libs run "$OUT/toolchain/wl-run/bin/wl-run" --cache-dir cache nothing.wasm
    status 0
    not_err libcurl
    LD_DEBUG=libs run "$OUT/toolchain/wl-run/bin/wl-run" --cache-dir cache --secret=NAME=12345678@h nothing.wasm
    status 0
    err libcurl
}

main "$@"
