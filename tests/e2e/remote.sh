#!/bin/bash
# A remote store: what is taken from it and given to it, and what one that is slow, full, down or false can do.
# shellcheck source=tests/e2e/lib.sh disable=SC2317,SC2016
LIMIT=${LIMIT:-300}
. "$(dirname -- "$0")/lib.sh"

. "$E2E/remote-lib.sh"

# (Without a sandbox, the key of an artifact depends on the directory of its cache, so machines share nothing.)

test_a_second_machine_builds_nothing() {
    needs_sandbox
    family
    remote
    machine 1
    wl made/c
    status 0
    not_err warning
    is "$(built)" 'libs/b made/c tools/t tools/u '
    machine 2
    wl made/c
    status 0
    not_err warning
    is "$(built)" ''
    # Nothing that would only be needed to build it.
    is "$(artifacts)" 'libs/b made/c '
    same_output 'second machine'
    nothing_half
    # And its entry is the same to the last byte.
    diff -r "$T/cache1/artifacts" "$T/cache2/artifacts" | grep -v '^Only in .*cache1' && fail 'the entries differ'
    # Another recipe: what it is built with is taken, the rest is built.
    printf 'contains: [nothing]\n' >>"$PORTS/made/c/recipe.yaml"
    machine 3
    wl made/c
    status 0
    is "$(built)" 'made/c '
    is "$(artifacts)" 'libs/b made/c tools/t '
    # It only reads.
    [ ! -e "remote/$(cd "$CACHE/artifacts" && grep -l '"made/c"' ./*/manifest.json | cut -d / -f 2).manifest.json" ] || fail 'a reader has written'
}

test_what_was_built_earlier() {
    needs_sandbox
    family
    remote
    machine 1
    WL_MAKE_CONFIG=/dev/null wl made/c
    status 0
    wl made/c
    out 'nothing to do'
    [ -z "$(ls remote)" ] || fail 'it was written without being asked for'
    wl build --share made/c
    status 0
    not_err warning
    is "$(ls remote/*.minisig | wc -l)" 4 'entries'
    machine 2
    wl made/c
    is "$(built)" ''
    same_output shared
}

test_what_is_not_asked() {
    family
    remote
    machine 1
    wl made/c
    : >.remote-log
    machine 2
    wl --offline made/c
    status 0
    [ ! -s .remote-log ] || fail 'asked although offline'
    machine 3
    wl --remote none made/c
    status 0
    [ ! -s .remote-log ] || fail 'asked although --remote none'
    machine 4
    wl --dry-run made/c
    out '4 of 4 ports would be built'
    [ ! -s .remote-log ] || fail 'asked by a dry run'
    # verify has to build by itself.
    machine 1
    tool verify --vary umask --needs libs/b
    status 0
    [ ! -s .remote-log ] || fail 'asked by verify'
    # What is up to date asks nothing.
    wl made/c
    out 'nothing to do'
    [ ! -s .remote-log ] || fail 'asked although nothing is to be done'
}

# Each kind of misbehaviour, of each file of the entry: the result is the same, with a warning.
test_a_remote_that_lies_changes_no_result() {
    needs_sandbox
    family
    remote
    machine 1
    wl made/c
    status 0
    local what part n=2
    # (Built here again, so that it has the same bytes.)
    sed -i 's,/dev/urandom,/dev/zero,' "$PORTS/made/c/recipe.yaml"
    rm -rf out1
    wl made/c
    status 0
    for part in .minisig manifest.json content.zst; do
        for what in error forbidden cut flip short page loop elsewhere twice long; do
            # More after the content than there may be is found out by its length.
            echo "$what:$part" >how
            machine $n
            wl made/c
            [ "$st" = 0 ] || fail "$what $part: status $st"
            err 'warning: the remote store'
            [ "$(built)" != '' ] || fail "$what $part: it was used"
            same_output "$what $part"
            nothing_half
            rm -rf "cache$n" "out$n"
            n=$((n + 1))
        done
    done
}

test_a_remote_that_is_down_or_silent() {
    needs_sandbox
    family
    remote
    machine 1
    wl made/c
    status 0
    sed -i 's,/dev/urandom,/dev/zero,' "$PORTS/made/c/recipe.yaml"
    rm -rf out1
    wl made/c
    printf 'silent' >how
    machine 2
    wl made/c
    status 0
    is "$(grep -c 'warning: the remote store' .err)" 1 'number of warnings'
    err 'too slow'
    is "$(built)" 'libs/b made/c tools/t tools/u '
    same_output silent
    config http://127.0.0.1:1/x
    machine 3
    wl made/c
    status 0
    is "$(grep -c 'warning: the remote store' .err)" 1 'number of warnings'
    same_output down
}

test_a_slow_remote() {
    needs_sandbox
    family
    remote
    machine 1
    wl made/c
    printf 'slow:content' >how
    machine 2
    SECONDS_EACH=120 wl made/c
    status 0
    is "$(grep -c 'warning: the remote store' .err)" 1 'number of warnings'
    err 'too slow'
    grep -q made/c <<<"$(built)" || fail 'it was not built'
}

test_a_full_remote() {
    family
    remote
    printf 'full' >how
    machine 1
    wl made/c
    status 0
    is "$(grep -c 'warning: the remote store' .err)" 1 'number of warnings'
    err 'it is full' 'nothing more is written'
    is "$(built)" 'libs/b made/c tools/t tools/u '
}

# What was fetched before the connection ended is not fetched again.
test_resumed() {
    needs_sandbox
    family
    remote
    machine 1
    wl made/c
    printf 'cut:content' >how
    machine 2
    : >.remote-log
    wl --verbose libs/b
    status 0
    # A server that takes no ranges; then the rest of a fetch that was killed.
    rm -rf cache2 out2
    printf 'slow:content' >how
    WL_MAKE_ROOT=$ROOT "$WL_MAKE" --cache-dir "$CACHE" --output "$OUT" --ports "$PORTS" made/c >killed.out 2>&1 </dev/null &
    PID=$!
    wait_for 20 sh -c 'find cache2/remote -name "*.part" -size +2c | grep -q .'
    kill -9 "$PID"
    wait "$PID" 2>/dev/null
    : >how
    : >.remote-log
    wl made/c
    status 0
    not_err warning
    is "$(built)" ''
    grep -q 'content.zst bytes=[1-9]' .remote-log || fail 'nothing was resumed'
    same_output resumed
    [ -z "$(ls cache2/remote)" ] || fail "left: $(ls cache2/remote)"
    # The beginning of other bytes is found out, and all is fetched once more.
    rm -rf cache2/artifacts out2
    mkdir -p cache2/remote
    for key in $(ls cache1/artifacts); do printf 'other bytes' >"cache2/remote/$key.part"; done
    wl made/c
    status 0
    not_err warning
    is "$(built)" ''
    same_output 'other beginning'
}

test_signatures() {
    needs_sandbox
    family
    remote
    machine 1
    wl libs/b
    local key file
    key=$(ls cache1/artifacts)
    # Without a signature it does not exist; with that of another key it is not used.
    tool sign --generate --key other.key --no-password
    mv "remote/$key.manifest.json.minisig" saved
    machine 2
    wl libs/b
    status 0
    not_err warning
    is "$(built)" 'libs/b '
    rm -rf cache2 out2
    tool sign --key other.key "remote/$key.manifest.json"
    wl libs/b
    status 0
    err 'warning: the remote store' 'cannot use libs/b' 'is not trusted'
    is "$(built)" 'libs/b '
    # A signature over other bytes.
    rm -rf cache2 out2
    echo >other
    tool sign --key store.key other
    cp other.minisig "remote/$key.manifest.json.minisig"
    wl libs/b
    err 'does not fit the file'
    is "$(built)" 'libs/b '
    # Who may write replaces an entry that turned out to be false.
    rm -rf cache1 out1
    machine 1
    wl libs/b
    status 0
    err 'does not fit the file'
    machine 2
    rm -rf cache2 out2
    wl libs/b
    not_err warning
    is "$(built)" ''
    # Two keys are trusted.
    printf 'public-key = other.pub\n' >>reader
    tool sign --key other.key "remote/$key.manifest.json"
    rm -rf cache2 out2
    wl libs/b
    not_err warning
    is "$(built)" ''
    # The key itself instead of a file.
    printf 'remote = %s\npublic-key = %s\n' "$REMOTE" "$(tail -n 1 other.pub)" >reader
    rm -rf cache2 out2
    wl libs/b
    not_err warning
    is "$(built)" ''
}

# Entries by somebody who has the key.
test_hostile_entries() {
    needs_sandbox
    remote
    simple made/a
    machine 1
    WL_MAKE_CONFIG=$T/reader wl info made/a
    local key kind n=2
    key=$(sed -n 's/^key  *//p' .out)
    mkdir outside
    for kind in up absolute through-link through-file unlisted link-then-file set-id writable closed huge huge-sum lying-size bomb \
        hash other negative many deep zero frames no-zstd; do
        rm -f "remote/$key".*
        "$PYTHON" "$E2E/hostile-entry.py" remote "$key" $kind "$T/outside" || fail "$kind: cannot make the entry"
        tool sign --key store.key "remote/$key.manifest.json"
        machine $n
        wl made/a
        [ "$st" = 0 ] || fail "$kind: status $st"
        err 'warning: the remote store'
        is "$(built)" 'made/a ' "built after $kind"
        is "$(cat "$OUT/made/a/share/a")" made/a
        [ -z "$(ls -A outside)" ] || fail "$kind: something was written outside"
        not_there escaped "$T/../escaped" /tmp/escaped
        nothing_half
        [ "$(du -sm "$CACHE" | cut -f 1)" -lt 50 ] || fail "$kind: it filled the disk"
        rm -rf "cache$n" "out$n"
        n=$((n + 1))
    done
}

# A source whose first archive cannot be fetched has a key that nobody knows before the fetch.
test_other_archives() {
    needs_sandbox
    serve
    archive www/a.tar.gz hello=world
    local hash
    hash=$(sha256 www/a.tar.gz)
    printf 'version: "1"\ntoolchain: none\nsources:\n  - url: "%s/gone.tar.gz"\n    sha256: %s\n    also:\n      - url: "%s/a.tar.gz"\n        sha256: %s\nsteps:\n  - name: i\n    run: cp -R "$SRC/." "$STAGE/"\n' \
        "$URL" "$(printf '%064d' 7)" "$URL" "$hash" | port libs/a
    printf 'version: "1"\ntoolchain: none\nneeds: [libs/a]\nsteps:\n  - name: i\n    run: echo c >"$STAGE/c"\n' | port made/c
    local server=$!
    remote
    machine 1
    wl made/c
    status 0
    is "$(built)" 'libs/a made/c '
    : >.requests
    machine 2
    wl made/c
    status 0
    not_err warning
    is "$(built)" ''
    [ ! -s .requests ] || fail 'a source was fetched'
    same_output 'second machine'
    kill "$server" 2>/dev/null
}

test_configuration() {
    simple made/a
    tool sign --generate --key store.key --no-password
    local line
    while IFS='|' read -r line text; do
        printf '%b\n' "$line" >config
        WL_MAKE_CONFIG=$T/config wl made/a
        [ "$st" = 2 ] || fail "$line: status $st"
        err "$text"
        clean_failure 2
    done <<'END'
remote = https://example.org/x|but no 'public-key'
remote = nonsense\npublic-key = store.pub|is not the address of a remote store
remote = https://example.org/x\npublic-key = store.key|is no public key
remote = https://example.org/x\npublic-key = store.pub\nremote-write = yes|but no 'secret-key'
remote-write = maybe|yes or no
remot = x|did you mean 'remote'
remote|is not NAME = VALUE
remote =|the value is empty
remote = https://a/b\nremote = https://a/c|a second time
launcher-env = x|is not NAME=VALUE
remote = s3://b/c\npublic-key = store.pub|AWS_ACCESS_KEY_ID
remote = oci://Host/Upper\npublic-key = store.pub|is not the address of a repository
END
    WL_MAKE_CONFIG=$T/gone wl made/a
    clean_failure 7
    printf 'remote = https://example.org/x\npublic-key = gone.pub\n' >config
    WL_MAKE_CONFIG=$T/config wl made/a
    clean_failure 7
    err gone.pub
    mkdir -p home/.config/wl-make
    echo 'remot = x' >home/.config/wl-make/config
    HOME=$T/home XDG_CONFIG_HOME= wl made/a
    status 2
    err '.config/wl-make/config:1:'
    rm -r home/.config
    unset WL_MAKE_CONFIG
    wl --remote https://example.org/x made/a
    clean_failure 2
    err 'no key that is trusted'
    # A key with a password cannot sign in a build.
    echo secret >password
    tool sign --generate --key locked.key --password-file password
    printf 'remote = https://example.org/x\npublic-key = locked.pub\nsecret-key = locked.key\nremote-write = yes\n' >config
    WL_MAKE_CONFIG=$T/config wl made/a
    clean_failure 2
    err 'has a password'
}

main "$@"
