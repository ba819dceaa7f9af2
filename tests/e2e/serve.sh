#!/bin/bash
# wlpy: Python in a sandbox for models (mcp), and over HTTP (serve).
# shellcheck source=tests/e2e/lib.sh disable=SC2317
LIMIT=${LIMIT:-3000}
. "$(dirname -- "$0")/lib.sh"

PY=${WL_PYTHON:-python/v3.11.2}

# Sets WLPY and PROGRAM.
server() {
    real build -q toolchain/wlpy-command
    status 0
    real build -q "$PY" --flavour snapshot
    status 0
    WLPY=$OUT/toolchain/wlpy-command/bin/wlpy
    PROGRAM=$OUT/$PY/bin/python-snapshot.wasm
    export XDG_CACHE_HOME=$REAL_HOME/.cache
}

# `serving ADDRESS OPTION...`: starts a server over HTTP at URL. Not 0: it has ended, and `log` says why.
serving() {
    server
    "$WLPY" serve --program "$PROGRAM" --listen "$@" 2>log &
    SERVING=$!
    # (A module that is not in the cache is compiled first.)
    for _ in $(seq 6000); do
        grep -q listening log && break
        kill -0 "$SERVING" 2>/dev/null || return 1
        sleep 0.1
    done
    URL=$(sed -n 's/.*listening on //p' log)
    [ -n "$URL" ] || fail "the server did not begin to listen: $(cat log)"
}

# Ends it.
served() {
    kill "$SERVING"
    wait "$SERVING" || fail "the server ended with status $?"
}

# `ask LINE...`: sends the lines and waits for the end.
ask() {
    printf '%s\n' "$@" >requests
    # shellcheck disable=SC2016 # the variables are the inner shell's
    SECONDS_EACH=300 run sh -c 'exec "$0" mcp --program "$1" --deadline 60 <requests' "$WLPY" "$PROGRAM"
    status 0
}

test_requests() {
    server
    ask '{"jsonrpc":"2.0","id":"a","method":"initialize","params":{"protocolVersion":"2024-11-05"}}' \
        '{"jsonrpc":"2.0","method":"notifications/initialized"}' \
        '{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"run_python","arguments":{"code":"6 * 7"}}}'
    out '"id":"a","result":{"protocolVersion":"2024-11-05"' \
        '{"jsonrpc":"2.0","id":2,"result":{"content":[{"type":"text","text":"42"}],"isError":false}}'
    [ "$(wc -l <.out)" = 2 ] || fail "$(cat .out)"
}

# Every line that is a request gets an answer, and the server lives on.
test_what_is_wrong() {
    server
    # shellcheck disable=SC2016
    ask 'no JSON' '[]' '1' '{}' '{"jsonrpc":"1.0","id":1,"method":"ping"}' '{"jsonrpc":"2.0","id":1}' \
        '{"jsonrpc":"2.0","id":{},"method":"ping"}' '{"jsonrpc":"2.0","id":1,"method":"no"}' '' \
        '{"jsonrpc":"2.0","id":1,"method":"tools/call"}' '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"no"}}' \
        '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"run_python","arguments":[]}}' \
        "$(printf '%0100000d' 0 | tr 0 '[')" '{"jsonrpc":"2.0","method":"notifications/cancelled"}' \
        '{"jsonrpc":"2.0","id":1,"result":{}}' '{"jsonrpc":"2.0","id":"last","method":"ping"}'
    [ "$(grep -c '"error":{"code":-32' .out)" = 12 ] || fail "$(cut -c1-200 .out)"
    out '-32700' '-32600' '-32601' '-32602' '"id":"last","result":{}'
    # A message without an end is refused.
    head -c 70000000 /dev/zero | tr '\0' a >requests
    # shellcheck disable=SC2016 # the variables are the inner shell's
    SECONDS_EACH=300 run sh -c 'exec "$0" mcp --program "$1" <requests' "$WLPY" "$PROGRAM"
    err 'a message of more than 64 MiB'
}

# The second wall, alone.
test_the_wall() {
    cc -O1 -g -Wall -Wextra -Werror -D_GNU_SOURCE -I"$WL_SOURCE_ROOT/host/serve" "$WL_SOURCE_ROOT/tests/serve/wall.c" \
        "$WL_SOURCE_ROOT/host/serve/wall.c" -o wall -lpthread || fail 'wall.c was not compiled'
    local network
    for network in '' network; do
        run ./wall $network
        [ "$st" = 0 ] || fail "$(cat .out .err)"
    done
}

test_options() {
    server
    run "$WLPY" --help
    status 0
    out 'usage: wlpy mcp' --max-sessions
    for wrong in '--deadline 0' '--deadline x' '--max-memory 1X' '--max-memory -1' '--max-sessions 0' '--no-such' 'word'; do
        # shellcheck disable=SC2086
        run "$WLPY" mcp $wrong
        status 2
    done
    run "$WLPY" other
    status 2
    err 'there is no command other'
    run "$WLPY" mcp --program "$PWD/none.wasm"
    status 127
    err 'none.wasm' 'No such file'
    run "$WLPY" mcp --program "$PROGRAM" --net '[bad'
    status 125
    err '[bad'
    run "$WLPY" mcp
    status 2
    err 'python-sandbox.so' --program
}

# The client of those who wrote the protocol.
test_the_SDK() {
    [ -z "${WL_CHECK_OFFLINE-}" ] && "$PYTHON" -m pip --version >/dev/null 2>&1 || skip 'without pip and the network'
    HOME=$REAL_HOME "$PYTHON" -m pip install -q --disable-pip-version-check --only-binary=:all: --target packages mcp==2.3.0 \
        >.log 2>&1 || not_available "$(tail -n 1 .log)"
    server
    SECONDS_EACH=600 PYTHONPATH=$T/packages run "$PYTHON" "$WL_SOURCE_ROOT/tests/serve/mcp_client.py" "$WLPY" "$PROGRAM"
    status 0
}

# The command line of the inspector of those who wrote the protocol.
test_the_inspector() {
    command -v node >/dev/null && command -v npm >/dev/null && [ -z "${WL_CHECK_OFFLINE-}" ] || skip 'without Node and the network'
    echo '{"name": "client", "version": "1.0.0", "private": true}' >package.json
    # (Debian's Node is too old for it; the registry has newer ones as packages.)
    local packages=(@modelcontextprotocol/inspector@2.12.0) machine=x64
    [ "$(uname -m)" = x86_64 ] || machine=arm64
    node -e 'process.exit(parseInt(process.versions.node) >= 22 ? 0 : 1)' || packages+=("node-linux-$machine@24.22.3")
    HOME=$REAL_HOME npm install --no-audit --no-fund --ignore-scripts "${packages[@]}" >npm.log 2>&1 ||
        not_available "$(tail -n 1 npm.log)"
    local PATH=$PWD/node_modules/node-linux-$machine/bin:$PATH
    server
    # (On a busy machine the server takes its time.)
    local inspector=node_modules/.bin/mcp-inspector patient=(--connect-timeout 300000)
    SECONDS_EACH=300 run "$inspector" --cli "$WLPY" mcp --program "$PROGRAM" "${patient[@]}" --method tools/list
    status 0
    "$PYTHON" - <<'EOF' || fail "$(cat .out)"
import json
tools = {tool["name"]: tool for tool in json.load(open(".out"))["tools"]}
assert tools["run_python"]["inputSchema"]["required"] == ["code"]
EOF
    SECONDS_EACH=300 run "$inspector" --cli "$WLPY" mcp --program "$PROGRAM" "${patient[@]}" --method tools/call --tool-name run_python \
        --tool-arg 'code=6 * 7'
    status 0
    out '"text": "42"'
    # Over HTTP.
    serving 127.0.0.1:0 || fail "$(cat log)"
    SECONDS_EACH=300 run "$inspector" --cli "$URL/mcp" --transport http "${patient[@]}" --method tools/call --tool-name run_python --tool-arg 'code=6 * 7'
    served
    status 0
    out '"text": "42"'
}

# Programs with models, by the lines of docs/mcp.md.
test_agents() {
    [ -n "${WL_CHECK_LONG-}" ] || skip 'only with WL_CHECK_LONG'
    [ -z "${WL_CHECK_OFFLINE-}" ] && "$PYTHON" -m pip --version >/dev/null 2>&1 || skip 'without pip and the network'
    server
    local packages module
    # (smolagents needs the protocol's SDK of before version 2.)
    for packages in 'langchain langchain-mcp-adapters==0.3.2' 'smolagents smolagents[mcp]==1.26.0 mcp<2' 'pydantic_ai pydantic-ai-slim[mcp]==2.68.0'; do
        module=${packages%% *}
        # shellcheck disable=SC2086
        HOME=$REAL_HOME "$PYTHON" -m pip install -q --disable-pip-version-check --only-binary=:all: --target "$module" ${packages#* } \
            >.log 2>&1 || not_available "$(tail -n 1 .log)"
        SECONDS_EACH=300 PYTHONPATH=$T/$module run "$PYTHON" "$WL_SOURCE_ROOT/tests/serve/mcp_agents.py" "$module" "$WLPY" "$PROGRAM"
        [ "$st" = 0 ] || fail "with $module: $(tail -n 5 .err)"
    done
}

test_http() {
    server
    SECONDS_EACH=600 run "$PYTHON" "$WL_SOURCE_ROOT/tests/serve/http_client.py" "$WLPY" "$PROGRAM"
    status 0
}

# A part of a day; WL_DAY=86400 replays all of it.
test_a_day() {
    server
    SECONDS_EACH=${DAY_SECONDS:-1500} run "$PYTHON" "$WL_SOURCE_ROOT/tests/serve/day.py" "$WLPY" "$PROGRAM" "${WL_DAY:-1000}"
    status 0
    sed 's/^/# /' .out
}

# E2B's own client, which connects to this port of the machine in its debug mode.
test_e2b() {
    [ -z "${WL_CHECK_OFFLINE-}" ] && "$PYTHON" -m pip --version >/dev/null 2>&1 || skip 'without pip and the network'
    HOME=$REAL_HOME "$PYTHON" -m pip install -q --disable-pip-version-check --only-binary=:all: --target packages \
        e2b-code-interpreter==2.11.5 >.log 2>&1 || not_available "$(tail -n 1 .log)"
    # (Another program may have the port.)
    serving 127.0.0.1:49999 || not_available "$(cat log)"
    E2B_DEBUG=true SECONDS_EACH=300 PYTHONPATH=$T/packages run "$PYTHON" "$WL_SOURCE_ROOT/tests/serve/e2b_client.py"
    served
    status 0
}

# LibreChat's own client, with the packages that it needs of the 600 MB of which its package wants all.
test_librechat() {
    command -v node >/dev/null && command -v npm >/dev/null && [ -z "${WL_CHECK_OFFLINE-}" ] || skip 'without Node and the network'
    echo '{"name": "client", "version": "1.0.0", "private": true}' >package.json
    {
        HOME=$REAL_HOME npm install --no-audit --no-fund --ignore-scripts https-proxy-agent@7.0.6 socks-proxy-agent@8.0.5 \
            @langchain/core@1.2.8 dotenv@16.4.7 node-fetch@2.7.0 && HOME=$REAL_HOME npm pack @librechat/agents@3.9.2
    } >npm.log 2>&1 || not_available "$(tail -n 1 npm.log)"
    mkdir -p node_modules/@librechat/agents
    tar -xzf librechat-agents-3.9.2.tgz -C node_modules/@librechat/agents --strip-components=1
    echo secret >token
    serving 127.0.0.1:0 --token-file token || fail "$(cat log)"
    SECONDS_EACH=300 run node "$WL_SOURCE_ROOT/tests/serve/librechat_client.cjs" "$URL/librechat" secret
    served
    status 0
}

main "$@"
