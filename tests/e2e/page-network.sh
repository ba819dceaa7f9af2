#!/bin/bash
# The network of a guest in a page, in headless Chromium: requests that the browser does, and connections through the proxy of
# examples/browser. WL_PYTHON names the Python.
# shellcheck source=tests/e2e/lib.sh disable=SC2317
LIMIT=${LIMIT:-1800}
. "$(dirname -- "$0")/lib.sh"

PY=${WL_PYTHON:-python/v3.11.2}
NET=$WL_SOURCE_ROOT/tests/net

built() {
    command -v chromium >/dev/null || skip 'chromium is not installed'
    real build -q examples/browser
    status 0
    real build -q "$PY"
    status 0
}

# `page OPTION... -- ARGUMENT...`: runs the Python in a page, with the tests as /t and this test's directory as /f.
page() {
    command_of "$@"
    SECONDS_EACH=300 run "${command[@]}"
}
command_of() {
    local options=()
    options_before "$@"
    shift $((${#options[@]} + 1))
    export WL_PAGE=$OUT/examples/browser
    export WL_BROWSER_FLAGS='--host-resolver-rules="MAP *.test 127.0.0.1" --ignore-certificate-errors'
    command=("$WL_SOURCE_ROOT/runtimes/browser" "${options[@]}" --dir "$NET::/t::ro" --dir "$T/f::/f::ro"
        --dir "$OUT/$PY/usr::/usr::ro" "$OUT/$PY/bin/python.wasm" "$@")
}

# Starts the servers, and sets `ports` to their ports and `port_page` to a free one.
serve() {
    mkdir "$T/f"
    mkfifo "$T/end"
    "$PYTHON" "$NET/page_servers.py" "$T/f" >"$T/serving" <"$T/end" 2>"$T/servers.err" &
    exec 9>"$T/end"
    wait_for 20 test -s "$T/serving"
    read -r opened closed other secure echo reverse tls silent <"$T/serving" || fail "no servers: $(cat "$T/servers.err")"
    port_page=$("$PYTHON" -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
    doors=(--net-http=api.test:"$opened,$silent" --net-http=closed.test:"$closed" --net-http=localhost:"$opened" --net-https=secure.test:"$secure" --net-log=-)
}
# Starts the proxy, for pages of that origin, and sets `proxy` to its address.
begin_proxy() {
    "$PYTHON" "$NET/page_proxy.py" "$WL_SOURCE_ROOT/examples/browser/proxy.py" --port 0 --origin "http://localhost:$port_page" \
        {localhost,127.0.0.1,db.test}:"$echo" db.test:{"$reverse","$silent","$tls"} localhost:"$tls" <"$T/end" >"$T/proxy" 2>"$T/proxy.err" 9>&- &
    proxy_is=$!
    wait_for 20 grep -q ws: "$T/proxy"
    through=(--page-port="$port_page" --net-proxy="$(cat "$T/proxy")" --net=localhost:"$echo,$tls,$silent" --net=127.0.0.1:"$echo"
        --net=db.test:"$echo,$reverse,$tls,$silent" --net-log=-)
}
# What a server has seen: the words of the lines that have all of the texts.
seen() {
    local lines text
    lines=$(cat "$T/f/requests.txt")
    for text; do lines=$(grep -F -e "$text" <<<"$lines") || true; done
    printf '%s' "$lines"
}

doors() {
    page "${doors[@]}" "${@:2}" -- /t/page_doors.py all "$opened" "$closed" "$other" "$secure" "$silent" "$1"
    status 0
    is "$(grep -c ^ok .out)" 7
    err "connecting to api.test:$other refused" 'looking up other.test refused' "connecting to 127.0.0.1:$other refused"
    # Nobody else was asked, and nothing was forged, or sent that the page has and the guest has not.
    is "$(seen '"other"')" ''
    is "$(seen '"PUT", "/put"')" ''
    is "$(seen Cookie)" ''
    is "$(seen evil.test)" ''
    is "$(seen '"Host": "other')" ''
    is "$(seen Python-urllib)" ''
    [ -n "$(seen /y OPTIONS)" ] || fail 'no preflight'
    [ -n "$(seen /y PUT 'Bearer me')" ] || fail 'no request after the preflight'
    [ -n "$(seen /forged "\"Host\": \"api.test:$opened\"" "\"Origin\": \"http://localhost:")" ] || fail "$(seen /forged)"
}

test_doors() {
    built
    serve
    doors isolated
}

# A page without shared memory does the same, one thing after the other.
test_doors_without_isolation() {
    built
    serve
    doors alone --no-isolation --net-redirects
    page "${doors[@]}" --no-isolation -- -c pass
    status 134
    err 'cannot refuse redirects'
    page --net=db.test --net-proxy=ws://localhost:1/ --no-isolation -- -c pass
    status 134
    err 'network.tcp needs a page that is cross-origin isolated'
}

test_redirects() {
    built
    serve
    local here elsewhere words
    here="api.test:$opened/hello" elsewhere="other.test:$other/hello"
    words=("$opened" "$closed" "$other" "$secure" "$silent" isolated)
    page "${doors[@]}" -- /t/page_doors.py redirects "${words[@]}" "[[\"$elsewhere\", \"redirect\"], [\"$here\", \"redirect\"]]"
    status 0
    is "$(seen '"other"')" ''
    page "${doors[@]}" --net-redirects -- /t/page_doors.py redirects "${words[@]}" \
        "[[\"$elsewhere\", \"no rule of the page allows\"], [\"$here\", \"here\"]]"
    status 0
    page "${doors[@]}" --net-redirects --no-isolation -- /t/page_doors.py redirects "${words[@]}" \
        "[[\"$elsewhere\", \"no rule of the page allows\"], [\"$here\", \"here\"]]"
    status 0
}

test_proxy() {
    built
    serve
    begin_proxy
    page "${through[@]}" -- /t/page_proxied.py all "$echo" "$reverse" "$tls" "$silent" /f
    status 0
    is "$(grep -c ^ok .out)" 6
    err 'connecting to db.test:1 refused' 'looking up other.test refused' "connecting to 10.0.0.1:$echo refused"
    page "${through[@]}" --max-received=2000 -- /t/page_proxied.py much "$echo" "$reverse" "$tls" "$silent" /f
    status 0
    out '[Errno 19]'
    # Pages of another origin have no proxy.
    page "${through[@]:1}" -- -c "
import socket
try:
    socket.create_connection(('db.test', $echo), 60)
except ConnectionRefusedError:
    print('refused')"
    out refused
}

test_a_proxy_that_goes() {
    built
    serve
    begin_proxy
    command_of "${through[@]}" -- /t/page_proxied.py gone "$echo" "$reverse" "$tls" "$silent" /f
    timeout -k 5 300 "${command[@]}" >.out 2>.err </dev/null 9>&- &
    local client=$!
    wait_for 200 grep -q ready .out
    kill -KILL "$proxy_is"
    wait "$client" || fail "status $?"
    is "$(tr '\n' ' ' <.out)" 'ready reset refused '
}

# What a door makes of bytes, and the proxy of WebSockets, without a browser.
test_requests_of_a_door() {
    command -v node >/dev/null || not_available 'node is not installed'
    run node "$NET/page-doors.mjs"
    status 0
    out 'doors are as they should be'
}

test_requests_of_the_proxy() {
    serve
    begin_proxy
    run "$PYTHON" "$NET/page_proxy_client.py" "$(cat "$T/proxy")" "http://localhost:$port_page" "$echo" "$reverse" "$silent"
    status 0
    out 'the proxy is as it should be'
}

test_what_cannot_be_used() {
    command -v chromium >/dev/null || skip 'chromium is not installed'
    local option
    mkdir page
    touch page/worker.js
    for option in --net-listen=80 --page-port=x --max-sent=much --net-log=file; do
        WL_PAGE=$T/page run "$WL_SOURCE_ROOT/runtimes/browser" "$option" x.wasm
        [ "$st" != 0 ] || fail "$option was accepted"
        is "$(wc -l <.err)" 1 'lines of the error'
    done
    WL_RUNTIME=true run "$WL_SOURCE_ROOT/runtimes/node" --net-https=example.com x.wasm
    status 125
    err 'only browser has --net-https=example.com'
}

main "$@"
