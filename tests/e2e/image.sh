#!/bin/bash
# wl-make image: the container image, in the hands of other programs that know its format, and running.
# shellcheck source=tests/e2e/lib.sh disable=SC2317
LIMIT=${LIMIT:-5000}
. "$(dirname -- "$0")/lib.sh"

PY=${WL_PYTHON:-python/v3.11.2}

# Writes the image to wlpy-image. Only the first test waits for a build.
image() {
    command -v clang-22 >clang || skip 'there is no clang-22'
    real image -q "$PY" -o wlpy-image
    status 0
}

# `needs PROGRAM...`: Debian has each in a package of that name.
needs() {
    local program
    for program; do
        command -v "$program" >/dev/null || skip "without $program"
    done
}

# Unpacks it as a runtime does: rootfs/ and config.json in the directory bundle.
unpack() {
    needs umoci jq
    is_root || skip 'only root can unpack the files of others'
    umoci unpack --image wlpy-image:0.1.0 bundle >.log 2>&1 || fail "umoci: $(tail -n 1 .log)"
}

# Every blob has the hash and the size that lead to it, and nothing else is there.
test_the_layout() {
    image
    "$PYTHON" "$WL_SOURCE_ROOT/tests/image/layout.py" wlpy-image || fail 'the layout is wrong'
    needs skopeo
    run skopeo inspect oci:wlpy-image:0.1.0
    status 0
    out '"org.opencontainers.image.version": "0.1.0"' '"Architecture": "amd64"'
    run skopeo inspect --config oci:wlpy-image:0.1.0
    status 0
    out '"User": "65532:65532"' '"8080/tcp": {}' '"Entrypoint": [' '"/usr/bin/wlpy"'
}

# As an archive; and again as a directory, made again in another cache.
test_the_same_bytes() {
    image
    real image -q "$PY" -o wlpy.tar
    status 0
    mkdir archive
    tar -xf wlpy.tar -C archive
    diff -r wlpy-image archive || fail 'the archive has other files'
    other_cache image
    WL_CHECK_CACHE=$T/other real image -q "$PY" -o again
    status 0
    [ -n "$(find other/artifacts -mindepth 1 -maxdepth 1 -type d)" ] || fail 'it was not made again'
    diff -r wlpy-image again || fail 'other bytes'
    ! command -v skopeo >/dev/null || skopeo inspect oci-archive:wlpy.tar >/dev/null || fail 'skopeo does not read the archive'
}

test_output() {
    mkdir mine
    echo text >mine/file
    real image "$PY" -o mine
    status 2
    err 'mine exists and is not an image'
    there mine/file
    real image libs/zlib
    status 2
    err 'libs/zlib is not a Python'
    real image "$PY" python/v3.13.5
    status 2
    image
    # An older image is replaced.
    echo text >wlpy-image/blobs/old
    image
    not_there wlpy-image/blobs/old
}

# Pushed to a registry on this machine, and pulled again.
test_a_registry() {
    needs docker-registry skopeo
    image
    local port
    port=$("$PYTHON" -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
    cat >registry.yml <<EOF
version: 0.1
storage: {filesystem: {rootdirectory: $T/registry}}
http: {addr: "127.0.0.1:$port"}
EOF
    docker-registry serve registry.yml >registry.log 2>&1 &
    stop_at_end
    wait_for 30 curl -sf "http://127.0.0.1:$port/v2/"
    run skopeo --insecure-policy copy --dest-tls-verify=false oci:wlpy-image:0.1.0 "docker://127.0.0.1:$port/wlpy:0.1.0"
    status 0
    run skopeo --insecure-policy copy --src-tls-verify=false "docker://127.0.0.1:$port/wlpy:0.1.0" oci:pulled:0.1.0
    status 0
    diff -r wlpy-image/blobs pulled/blobs || fail 'other blobs came back'
}

# Everything that is in the root: it belongs to root, nobody else can write to it, and all licences are there.
test_the_root() {
    image
    unpack
    is "$(cd bundle/rootfs && find . -type f ! -path './usr/share/doc/*' | sort | tr '\n' ' ')" \
        './lib/ld-musl-x86_64.so.1 ./usr/bin/wlpy ./usr/lib/wlpy/python-sandbox.so '
    is "$(find bundle/rootfs ! -user 0 -o ! -group 0 -o ! -type l -perm /7022)" ''
    is "$(jq -r '.process.user | "\(.uid):\(.gid)"' bundle/config.json)" 65532:65532
    local port
    for port in data/tzdata libs/openssl "$PY" toolchain/musl-shared toolchain/musl-jansson toolchain/wabt toolchain/wasi-libc \
        toolchain/wlpy-portable; do
        [ -n "$(find "bundle/rootfs/usr/share/doc/wlpy/licenses/$port" -type f)" ] || fail "no licence of $port"
        grep -q "^$port " bundle/rootfs/usr/share/doc/wlpy/licenses/README || fail "$port is not in the table"
    done
    there bundle/rootfs/usr/share/doc/wlpy/licenses/toolchain/musl-libmicrohttpd/libmicrohttpd-*.tar.gz
}

# `contained ARGUMENT...`: starts the image's program as a runtime would: in its root, which is read-only, with its user, and
# without any right; the network is that of this machine.
contained() {
    local rest=()
    mapfile -t rest < <(jq -r '.process.args[0]' bundle/config.json)
    setpriv --reuid=65532 --regid=65532 --clear-groups bwrap --unshare-user --unshare-pid --unshare-ipc --die-with-parent \
        --ro-bind bundle/rootfs / --proc /proc --dev /dev --ro-bind secret /run/secrets/wlpy --cap-drop ALL --clearenv \
        --chdir / "${rest[@]}" "$@"
}

test_it_runs() {
    needs bwrap jq curl setpriv
    image
    unpack
    chmod 755 "$T" bundle bundle/rootfs
    mkdir -m 755 secret
    echo a-secret-of-the-test >secret/token
    chmod 644 secret/token
    contained --version >.out 2>.err || skip "no container can be made here: $(head -n 1 .err)"
    out 'wlpy 0.1.0'
    local arguments=() port
    port=$("$PYTHON" -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
    # The arguments of the image, on a port of this machine.
    mapfile -t arguments < <(jq -r '.process.args[1:][]' bundle/config.json | sed "s/^0\.0\.0\.0:8080\$/127.0.0.1:$port/")
    is "${arguments[*]}" "serve --listen 127.0.0.1:$port --token-file /run/secrets/wlpy/token"
    contained "${arguments[@]}" >server.log 2>&1 &
    stop_at_end
    wait_for 60 curl -sf "http://127.0.0.1:$port/health"
    run curl -s "http://127.0.0.1:$port/v1/run" -d '{"code": "1"}'
    out 'Authorization: Bearer'
    local ask=(curl -s -H 'Authorization: Bearer a-secret-of-the-test' "http://127.0.0.1:$port/v1/run" -d)
    run "${ask[@]}" '{"code": "import ssl, sqlite3, json; sum(range(10))"}'
    out '"value":45'
    run "${ask[@]}" '{"code": "x = bytearray(10**9)"}'
    out MemoryError
    run "${ask[@]}" '{"code": "while True: pass", "timeout": 0.2}'
    out KeyboardInterrupt
    run "${ask[@]}" '{"code": "open(\"/usr/bin/wlpy\")"}'
    out FileNotFoundError
    # The arguments of the manifest's, too, and SIGTERM ends it.
    kill %1
    wait %1
    # As a server for models, without network and token.
    printf '%s\n' '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"run_python","arguments":{"code":"6 * 7"}}}' |
        contained mcp >.out 2>.err
    out '"text":"42"'
}

# The example's manifest has only fields that Kubernetes knows, and starts the image with options that it has.
test_the_manifest() {
    [ -z "${WL_CHECK_OFFLINE-}" ] && command -v go >/dev/null || skip 'without Go and the network'
    local manifest=$WL_SOURCE_ROOT/examples/kubernetes/wlpy.yaml
    cp -R "$WL_SOURCE_ROOT/tests/image/kubernetes" .
    (cd kubernetes && HOME=$REAL_HOME GOFLAGS=-mod=readonly go build -o ../check .) >.log 2>&1 || not_available "$(tail -n 3 .log)"
    run ./check "$manifest"
    status 0
    is "$(tr '\n' ' ' <.out)" 'apps/v1 Deployment v1 Service policy/v1 PodDisruptionBudget networking.k8s.io/v1 NetworkPolicy '
    # (It does find mistakes.)
    sed 's/readOnlyRootFilesystem/readOnlyRootFileSystem/' "$manifest" >wrong.yaml
    run ./check wrong.yaml
    status 1
    err readOnlyRootFileSystem
    real build -q toolchain/wlpy-portable
    status 0
    local option
    for option in $(sed -n 's/^            - \(--[a-z-]*\)$/\1/p' "$manifest"); do
        "$OUT/toolchain/wlpy-portable/lib/ld-musl-x86_64.so.1" "$OUT/toolchain/wlpy-portable/bin/wlpy" --help |
            grep -q -- "  $option " || fail "wlpy has no option $option"
    done
}

main "$@"
