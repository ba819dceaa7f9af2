#!/bin/bash
# Sources that cannot be fetched, have the wrong bytes, or would do harm: the message says what and where, the class is
# 4 (cannot be fetched) or 5 (wrong bytes), and nothing half-written is left.
# shellcheck source=tests/e2e/lib.sh disable=SC2317
. "$(dirname -- "$0")/lib.sh"

none() {
    printf '%064d' 0
}

# There is no artifact and no result, whatever else is left.
nothing_built() {
    nothing_half
    not_there "$OUT/$1"
    is "$(find "$CACHE/artifacts" -mindepth 1 | wc -l)" 0 'artifacts in the store'
}

test_a_source_is_fetched_once_and_verified() {
    serve
    archive www/a.tar.gz hello=world
    from_url made/a "$URL/a.tar.gz" "$(sha256 www/a.tar.gz)"
    wl made/a
    status 0
    err 'fetched a.tar.gz'
    is "$(cat "$OUT/made/a/hello")" world
    wl made/a --debug
    status 0
    is "$(wc -l <.requests)" 1 'requests'
}

test_hash_mismatch() {
    serve
    archive www/a.tar.gz hello=world
    local hash right=1111111111111111111111111111111111111111111111111111111111111111
    hash=$(sha256 www/a.tar.gz)
    from_url made/a "$URL/a.tar.gz" $right
    wl made/a
    clean_failure 5
    err "$right" "$hash" "$URL/a.tar.gz" 'is kept in '
    nothing_built made/a
    local kept
    kept=$(grep -oE "$CACHE/sources/rejected/[^ ;]*" .err | head -n 1)
    there "$kept"
    is "$(sha256 "$kept")" "$hash"
    # Still wrong the second time: the rejected file is not mistaken for it.
    wl made/a
    clean_failure 5
    # And correct as soon as the recipe is.
    from_url made/a "$URL/a.tar.gz" "$hash"
    wl made/a
    status 0
}

test_a_mirror_serves_when_the_first_address_does_not() {
    serve
    archive www/a.tar.gz hello=world
    printf 'other bytes\n' >www/b.tar.gz
    from_url made/a "$URL/b.tar.gz" "$(sha256 www/a.tar.gz)" '    mirrors:' "      - $URL/none.tar.gz" "      - $URL/moved/a.tar.gz"
    wl made/a
    status 0
    err "does not match the recipe's hash" 'HTTP 404'
    there "$OUT/made/a/hello"
}

test_another_archive_of_the_same_source() {
    serve
    archive www/a.tar.gz hello=one
    archive www/b.tar.gz hello=two
    from_url made/a "$URL/none.tar.gz" "$(sha256 www/a.tar.gz)" '    also:' "      - url: $URL/b.tar.gz" "        sha256: $(sha256 www/b.tar.gz)"
    wl made/a
    status 0
    is "$(cat "$OUT/made/a/hello")" two
    wl made/a
    out 'nothing to do'
}

# The second source belongs only to another archive of the first, so nobody may ask for it.
test_a_source_that_is_not_needed_is_not_fetched() {
    serve
    archive www/a.tar.gz hello=one
    archive www/b.tar.gz hello=two
    local hash
    hash=$(sha256 www/a.tar.gz)
    from_url made/a "$URL/none.tar.gz" "$hash" '    also:' "      - url: $URL/b.tar.gz" \
        "        sha256: $(sha256 www/b.tar.gz)" "  - url: $URL/more.tar.gz" "    sha256: $(none)" "    only-with: $hash"
    wl made/a
    status 0
    is "$(cat "$OUT/made/a/hello")" two
    is "$(grep -c more.tar.gz .requests)" 0 'requests for the other'
}

test_404() {
    serve
    from_url made/a "$URL/none.tar.gz" "$(none)"
    wl made/a
    clean_failure 4
    err "made/a: cannot fetch none.tar.gz: $URL/none.tar.gz (HTTP 404"
    nothing_built made/a
    is "$(find "$CACHE/sources" -type f ! -name .lock | wc -l)" 0 'files in the cache'
}

test_server_error() {
    serve
    printf x >www/a.tar.gz
    from_url made/a "$URL/500/a.tar.gz" "$(none)"
    wl made/a
    clean_failure 4
    err 'HTTP 500'
}

test_a_web_page_instead_of_an_archive() {
    serve
    from_url made/a "$URL/page/a.tar.gz" "$(none)"
    wl made/a
    clean_failure 4
    err 'a web page (text/html) instead of the file' "$URL/page/a.tar.gz"
    nothing_built made/a
    # The same, but sent as an archive: then the hash decides, and the content is checked.
    from_url made/b "$URL/html/a.tar.gz" "$(none)"
    wl made/b
    clean_failure 5
    err 'it is an HTML page'
    nothing_built made/b
    # Even if the recipe itself pins a page.
    printf '<!doctype html><p>hello\n' >page.tar.gz
    from_url made/c "file:$T/page.tar.gz" "$(sha256 page.tar.gz)"
    wl made/c
    clean_failure 5
    err 'is not an archive: it is an HTML page'
    nothing_built made/c
}

test_connection_refused() {
    local url
    url=http://127.0.0.1:$("$PYTHON" "$E2E/help.py" closed-port)/a.tar.gz
    from_url made/a "$url" "$(none)"
    SECONDS=0
    wl made/a
    clean_failure 4
    err "$url (Connection refused)" '--source FILE'
    [ $SECONDS -le 5 ] || fail "took $SECONDS s"
    nothing_built made/a
}

test_no_such_host() {
    from_url made/a https://no-such-host.invalid/a.tar.gz "$(none)"
    wl made/a
    clean_failure 4
    err 'no-such-host.invalid'
}

test_no_such_file() {
    from_url made/a "file:$T/none.tar.gz" "$(none)"
    wl made/a
    clean_failure 4
    err "$T/none.tar.gz" 'No such file'
}

test_a_broken_download_is_resumed() {
    serve
    head -c 300000 /dev/urandom >big
    tar -czf www/a.tar.gz big --transform s,^,package/,
    from_url made/a "$URL/break/a.tar.gz" "$(sha256 www/a.tar.gz)"
    wl made/a
    status 0
    cmp big "$OUT/made/a/big" || fail 'other bytes'
    is "$(wc -l <.requests)" 2 'requests'
    is "$(grep -cE 'bytes=[1-9][0-9]+-$' .requests)" 1 'requests for the rest'
}

test_a_server_that_cannot_resume() {
    serve
    head -c 300000 /dev/urandom >big
    tar -czf www/a.tar.gz big --transform s,^,package/,
    from_url made/a "$URL/ignore-range/a.tar.gz" "$(sha256 www/a.tar.gz)"
    wl made/a
    status 0
    cmp big "$OUT/made/a/big" || fail 'other bytes'
}

test_a_download_goes_on_where_the_last_run_was_killed() {
    serve
    head -c 300000 /dev/urandom >big
    tar -czf www/a.tar.gz big --transform s,^,package/,
    local hash
    hash=$(sha256 www/a.tar.gz)
    from_url made/a "$URL/a.tar.gz" "$hash"
    mkdir -p "$CACHE/sources/$hash"
    head -c 100000 www/a.tar.gz >"$CACHE/sources/$hash/.part"
    wl made/a
    status 0
    grep -q 'bytes=100000-$' .requests || fail 'not resumed'
    # A partial file that does not belong to this file is detected and thrown away.
    rm -rf "$CACHE"
    mkdir -p "$CACHE/sources/$hash"
    head -c 100000 /dev/urandom >"$CACHE/sources/$hash/.part"
    wl fetch made/a
    status 0
    is "$(sha256 "$CACHE/sources/$hash/a.tar.gz")" "$hash"
}

test_ctrl_c_during_a_download() {
    serve
    archive www/a.tar.gz hello=world
    from_url made/a "$URL/slow/a.tar.gz" "$(sha256 www/a.tar.gz)"
    start how made/a
    wait_for 20 grep -q slow .requests
    kill -INT "$PID"
    ended how 'signal SIGINT' 5
    err 'interrupted'
    nothing_built made/a
}

# Every program of this machine except Python and pip, in the directory "bin".
without_python() {
    mkdir bin
    ln -s /usr/bin/* bin/ 2>/dev/null
    [ -e bin/sh ] || ln -s /bin/* bin/ 2>/dev/null
    rm -f bin/python* bin/pip*
}

# An index with one source archive, whose code leaves a trace if anything runs it.
index_with_a_trap() {
    mkdir -p www/simple/trap
    archive "$T/www/trap-1.0.tar.gz" 'PKG-INFO=Metadata-Version: 2.1' \
        'pyproject.toml=[build-system]
requires = []
build-backend = "backend"
backend-path = ["."]' \
        "setup.py=open('$T/trace', 'w')" "backend.py=open('$T/trace', 'w')"
    echo '<a href="../../trap-1.0.tar.gz">trap-1.0.tar.gz</a>' >www/simple/trap/index.html
    serve
    export PIP_CONFIG_FILE=/dev/null PIP_INDEX_URL=$URL/simple
    unset PIP_FIND_LINKS PIP_EXTRA_INDEX_URL PIP_NO_INDEX
    from_url made/trap 'pypi:trap==1.0/trap-1.0.tar.gz' "$(sha256 "$T/www/trap-1.0.tar.gz")"
}

test_a_source_archive_of_an_index_is_not_run() {
    index_with_a_trap
    wl fetch made/trap
    not_there "$T/trace"
    status 0
    wl made/trap
    status 0
    there "$OUT/made/trap/backend.py"
    not_there "$T/trace"
}

test_a_file_of_an_index_needs_no_pip() {
    index_with_a_trap
    without_python
    PATH=$T/bin run sh -c '! command -v python3 && ! command -v pip'
    status 0
    PATH=$T/bin wl fetch made/trap
    status 0
    is "$(cut -d ' ' -f 1 .requests | tr '\n' ' ')" '/simple/trap/ /trap-1.0.tar.gz '
    not_there "$T/trace"
}

test_a_client_is_asked_for_only_by_a_source_that_needs_it() {
    mkdir www
    archive "$T/www/a.tar.gz" file=text
    local hash client
    hash=$(sha256 "$T/www/a.tar.gz")
    serve
    without_python
    for client in npm cargo git apt-get; do
        printf '#!/bin/sh\necho %s >>"%s/asked"\nexit 1\n' "$client" "$T" >client
        rm -f "bin/$client"
        install -m 755 client "bin/$client"
    done
    printf 'echo "$@" >>"%s/asked"\n' "$T" >"$ROOT/wl-make.sh"
    from_url made/a "$URL/a.tar.gz" "$hash" \
        '    mirrors: ["npm:a@1.0.0", "crate:a@1.0.0", "pypi:a==1.0/a-1.0.tar.gz", "debian:pool/main/a"]'
    PATH=$T/bin wl fetch made/a
    status 0
    not_there asked
    rm "$T/www/a.tar.gz" && rm -rf "$CACHE/sources"
    rm bin/cargo
    PATH=$T/bin wl fetch made/a
    clean_failure 4
    is "$(sort asked | tr '\n' ' ')" '--install cargo-web --install python3-pip apt-get npm '
    rm asked
    PATH=$T/bin wl --offline fetch made/a
    clean_failure 4
    not_there asked
}

test_truncated_archive() {
    archive whole.tar.gz a=1 b=2
    head -c 100 whole.tar.gz >a.tar.gz
    from_url made/a "file:$T/a.tar.gz" "$(sha256 a.tar.gz)"
    wl made/a
    clean_failure 5
    err 'a.tar.gz'
    nothing_built made/a
    head -c 200000 /dev/urandom >data
    tar --transform s,^,package/, -cJf whole.tar.xz data
    head -c 150000 whole.tar.xz >b.tar.xz
    from_url made/b "file:$T/b.tar.xz" "$(sha256 b.tar.xz)"
    wl made/b
    clean_failure 5
    err 'b.tar.xz'
    nothing_built made/b
    : >c.tar.gz
    from_url made/c "file:$T/c.tar.gz" "$(sha256 c.tar.gz)"
    wl made/c
    clean_failure 5
    err 'it is empty'
    printf 'just a text\n' >d.tar.gz
    from_url made/d "file:$T/d.tar.gz" "$(sha256 d.tar.gz)"
    wl made/d
    clean_failure 5
    err 'is not an archive'
}

test_archives_that_lead_out_are_refused() {
    local kind
    mkdir outside
    for kind in dotdot absolute symlink absolute-symlink two-symlinks hardlink device fifo; do
        "$PYTHON" "$E2E/help.py" evil $kind.tar.gz $kind
        from_url made/$kind "file:$T/$kind.tar.gz" "$(sha256 $kind.tar.gz)"
        wl made/$kind
        status 5
        err "$kind.tar.gz: the entry "
        clean_failure 5
        nothing_built made/$kind
    done
    [ -z "$(find "$T" -name escaped)" ] || fail "escaped: $(find "$T" -name escaped)"
    is "$(find outside | wc -l)" 1 'files outside'
    not_there /escaped "${T%/*}/escaped" "${T%/*/*}/escaped"
}

test_setuid_bits_are_dropped() {
    "$PYTHON" "$E2E/help.py" evil a.tar.gz setuid
    from_url made/a "file:$T/a.tar.gz" "$(sha256 a.tar.gz)"
    wl made/a
    status 0
    is "$(find "$OUT" "$CACHE" -perm /6000 | wc -l)" 0 'set-id files'
}

test_offline() {
    serve
    archive www/a.tar.gz hello=world
    from_url made/a "$URL/a.tar.gz" "$(sha256 www/a.tar.gz)"
    wl --offline made/a
    clean_failure 4
    err 'not tried: offline' 'run wl-make fetch once without --offline'
    [ ! -e .requests ] || fail "asked: $(cat .requests)"
    nothing_built made/a
    wl fetch made/a
    status 0
    out '1 sources are in the cache'
    wl fetch made/a
    status 0
    out 'nothing to do'
    wl --offline made/a
    status 0
    is "$(wc -l <.requests)" 1 'requests'
}

test_fetch_of_needs_and_dry_run() {
    serve
    archive www/a.tar.gz a=1
    archive www/b.tar.gz b=2
    from_url made/a "$URL/a.tar.gz" "$(sha256 www/a.tar.gz)"
    from_url made/b "$URL/b.tar.gz" "$(sha256 www/b.tar.gz)" 'build-needs: [made/a]'
    wl fetch --dry-run made/b
    status 0
    out "$URL/a.tar.gz" "$URL/b.tar.gz"
    [ ! -e .requests ] || fail "asked: $(cat .requests)"
    wl fetch made/b
    status 0
    out '2 sources are in the cache'
    wl --offline made/b
    status 0
}

test_fetch_keeps_going() {
    serve
    archive www/b.tar.gz b=2
    from_url made/a "$URL/none.tar.gz" "$(none)"
    from_url made/b "$URL/b.tar.gz" "$(sha256 www/b.tar.gz)"
    wl fetch --keep-going made/a made/b
    clean_failure 4
    there "$CACHE/sources/$(sha256 www/b.tar.gz)/b.tar.gz"
}

test_source_given_by_hand() {
    archive right.tar.gz hello=right
    archive other.tar.gz hello=other
    from_url made/a https://no-such-host.invalid/a.tar.gz "$(sha256 right.tar.gz)"
    wl made/a --source right.tar.gz
    status 0
    not_err 'warning'
    is "$(cat "$OUT/made/a/hello")" right
    rm -rf "$OUT"
    wl made/a --source "$T/other.tar.gz"
    status 0
    err 'warning' "$(sha256 other.tar.gz)"
    is "$(cat "$OUT/made/a/hello")" other
    wl made/a --source none.tar.gz
    clean_failure 4
    err 'none.tar.gz' '--source'
    simple made/b
    wl made/b --source right.tar.gz
    clean_failure 2
    err 'has no source'
    wl made/a made/b --source right.tar.gz
    clean_failure 2
    err 'one port'
    wl info made/a --source right.tar.gz
    status 0
}

test_two_ports_with_the_same_source() {
    serve
    archive www/a.tar.gz hello=world
    from_url made/a "$URL/a.tar.gz" "$(sha256 www/a.tar.gz)"
    from_url made/b "$URL/a.tar.gz" "$(sha256 www/a.tar.gz)" 'build-needs: [made/a]'
    wl made/b
    status 0
    is "$(wc -l <.requests)" 1 'requests'
}

test_many_kinds_of_archives() {
    mkdir -p package
    printf 'world\n' >package/hello
    tar -cf a.tar package
    xz -k a.tar
    bzip2 -k a.tar
    gzip -k a.tar
    cp a.tar.gz a.crate
    "$PYTHON" -c 'import zipfile; zipfile.ZipFile("a.whl", "w").write("package/hello")'
    local kind
    for kind in tar tar.xz tar.bz2 tar.gz crate whl; do
        from_url "made/$kind" "file:$T/a.$kind" "$(sha256 a.$kind)"
        wl "made/$kind"
        status 0
        is "$(cat "$OUT/made/$kind/hello")" world
    done
    from_url made/plain "file:$T/package/hello" "$(sha256 package/hello)" '    unpack: false' '    into: sub'
    wl made/plain
    status 0
    is "$(cat "$OUT/made/plain/sub/hello")" world
    from_url made/strip "file:$T/a.tar" "$(sha256 a.tar)" '    strip: 0'
    wl made/strip
    is "$(cat "$OUT/made/strip/package/hello")" world
    from_url made/deep "file:$T/a.tar" "$(sha256 a.tar)" '    strip: 5'
    wl made/deep
    clean_failure 5
    err 'nothing is left' '5 leading directories'
}

# A message never shows the password in an address.
test_passwords_of_addresses_are_not_shown() {
    local url
    for url in https://me:secret@a.example/x.tar.gz git+https://secret@a.example/x.git#"$(printf %040d 1)"; do
        from_url made/a "$url" "$(none)"
        wl made/a
        clean_failure 3
        err '***@a.example/x'
        not_err secret
        wl info made/a
        not_out secret
        wl list
        not_out secret
    done
    cat >git <<'END'
#!/bin/sh
echo "fatal: unable to access 'https://me:secret@a.example/x.git/': no" >&2
exit 128
END
    chmod +x git
    from_url made/a "git+https://a.example/x.git#$(printf %040d 1)" "$(none)"
    PATH=$T:$PATH wl made/a
    clean_failure 4
    err "'https://***@a.example/x.git/'"
    not_err secret
}

main "$@"
