#!/bin/bash
# Places that cannot be written or are full, other users, and names with spaces: the message names the place, and files
# that existed before are kept.
# shellcheck source=tests/e2e/lib.sh disable=SC2317,SC2016
. "$(dirname -- "$0")/lib.sh"

# Runs the tool as a user who owns nothing. Everybody can read the temporary directory.
wl_nobody() {
    chmod -R a+rX "$ROOT" "$PORTS"
    WL_MAKE_ROOT=$ROOT run_nobody "$WL_MAKE" --cache-dir "$CACHE" --output "$OUT" --ports "$PORTS" "$@"
}

run_nobody() {
    if is_root; then
        as_nobody true 2>/dev/null || skip 'cannot become another user here'
        as_nobody test -x "$WL_MAKE" || skip 'another user cannot reach the tool'
        run setpriv --reuid=65534 --regid=65534 --clear-groups --no-new-privs env HOME="$T" "$@"
    else
        run "$@"
    fi
}

mkdir_for_nobody() {
    mkdir -p "$@"
    ! is_root || chown 65534:65534 "$@"
}

# Runs the given functions in a mount namespace with small file systems at $T/small.
with_small_disk() {
    mkdir -p "$T/small"
    if is_root; then
        unshare -m true 2>/dev/null || skip 'no mount namespaces here'
        unshare -m bash -c "mount -t tmpfs -o size=$1 none '$T/small' && exec bash '$SELF' --one '$T' $2"
    else
        unshare -rm true 2>/dev/null || skip 'no user namespaces here'
        unshare -rm bash -c "mount -t tmpfs -o size=$1 none '$T/small' && exec bash '$SELF' --one '$T' $2"
    fi
    st=$?
    [ $st != 77 ] || exit 77
    [ $st = 0 ] || exit 1
}

test_a_user_without_sudo() {
    mkdir_for_nobody "$T/mine"
    CACHE=$T/mine/cache OUT=$T/mine/out
    simple libs/dep
    simple made/a 'needs: [libs/dep]'
    wl_nobody made/a
    status 0
    there "$OUT/made/a/share/a"
    wl_nobody made/a
    out 'nothing to do'
    wl_nobody clean --all
    status 0
}

test_unwritable_cache() {
    mkdir "$CACHE"
    chmod 555 "$CACHE"
    simple made/a
    wl_nobody made/a
    clean_failure 7
    err "$CACHE" 'Permission denied' '--cache-dir'
    not_there "$OUT"
    CACHE=$T/file/cache
    : >file
    wl_nobody made/a
    clean_failure 7
    err "$T/file" 'Not a directory'
}

test_unwritable_output() {
    mkdir_for_nobody "$CACHE"
    mkdir "$OUT"
    chmod 555 "$OUT"
    simple made/a
    wl_nobody made/a
    clean_failure 7
    err "$OUT/made" 'Permission denied' '--output'
    not_there "$OUT/made"
    # The finished builds are not lost.
    ! is_root || chown 65534:65534 "$OUT"
    chmod 755 "$OUT"
    wl_nobody made/a
    status 0
    not_err 'install'
    there "$OUT/made/a/share/a"
    # The old result stays if a new one cannot replace it.
    simple made/a 'env: [NEW=1]'
    chmod 555 "$OUT/made"
    wl_nobody made/a
    clean_failure 7
    there "$OUT/made/a/share/a"
    chmod 755 "$OUT/made"
}

test_unreadable_recipe() {
    is_root || skip 'needs root to be somebody else'
    mkdir_for_nobody "$CACHE" "$OUT"
    simple made/a
    chmod -R a+rX "$PORTS"
    chmod 600 "$PORTS/made/a/recipe.yaml"
    run_nobody env WL_MAKE_ROOT="$ROOT" "$WL_MAKE" --cache-dir "$CACHE" --output "$OUT" --ports "$PORTS" made/a
    clean_failure 7
    err "$PORTS/made/a/recipe.yaml" 'Permission denied' 'the permission to read it'
    not_err --cache-dir
}

test_no_home() {
    simple made/a
    run env -u HOME -u XDG_CACHE_HOME WL_MAKE_ROOT="$ROOT" "$WL_MAKE" --output "$OUT" --ports "$PORTS" made/a
    clean_failure 2
    err 'neither HOME nor XDG_CACHE_HOME' '--cache-dir'
    run env XDG_CACHE_HOME="$T/xdg" WL_MAKE_ROOT="$ROOT" "$WL_MAKE" --output "$OUT" --ports "$PORTS" made/a
    status 0
    there "$T/xdg/wl-make/artifacts"
}

big_port() {
    printf 'version: "1"\ntoolchain: none\nsteps:\n  - name: fill\n    run: |\n      head -c %s /dev/zero >"$STAGE/big"\n' "$2" |
        port "$1"
}

test_full_disk_while_a_step_writes() {
    with_small_disk 1m full_step
}
full_step() {
    CACHE=$T/small/cache
    big_port made/a 3000000
    wl made/a
    # Either the step's own message or, if that cannot be stored either, the tool's.
    [ "$st" = 1 ] || [ "$st" = 7 ] || fail "exit status $st"
    err 'No space left on device'
    nothing_half
    not_there "$OUT/made"
    big_port made/a 300000
    wl made/a
    status 0
    is "$(stat -c %s "$OUT/made/a/big")" 300000
}

test_full_disk_while_unpacking() {
    head -c 3000000 /dev/zero >zero
    tar --transform s,^,package/, -czf a.tar.gz zero
    from_url made/a "file:$T/a.tar.gz" "$(sha256 a.tar.gz)"
    with_small_disk 1m full_unpack
}
full_unpack() {
    CACHE=$T/small/cache
    wl made/a
    clean_failure 7
    err 'a.tar.gz' 'No space left on device' 'free some space' '--cache-dir'
    nothing_half
    is "$(find "$CACHE/build" -mindepth 1 | wc -l)" 0 'left of the build'
    not_there "$OUT"
}

test_full_disk_while_fetching() {
    serve
    head -c 3000000 /dev/urandom >random
    tar --transform s,^,package/, -czf www/a.tar.gz random
    from_url made/a "$URL/a.tar.gz" "$(sha256 www/a.tar.gz)"
    from_url made/b "file:$T/www/a.tar.gz" "$(sha256 www/a.tar.gz)"
    with_small_disk 1m full_fetch
}
full_fetch() {
    CACHE=$T/small/cache
    wl fetch made/a
    clean_failure 7
    err 'No space left on device' 'free some space'
    rm -rf "$CACHE"
    wl fetch made/b
    clean_failure 7
    err 'No space left on device'
    is "$(find "$CACHE/sources" -name a.tar.gz | wc -l)" 0 'half files under their name'
    # When there is space again, the build continues.
    mount -o remount,size=20m "$T/small"
    wl fetch made/b
    status 0
    is "$(sha256 "$(find "$CACHE/sources" -name a.tar.gz)")" "$(sha256 "$T/www/a.tar.gz")"
}

test_full_disk_at_the_output() {
    big_port made/a 100000
    with_small_disk 1m full_output
}
full_output() {
    OUT=$T/small/out
    wl made/a
    status 0
    big_port made/a 3000000
    wl made/a
    clean_failure 7
    err "$T/small/out" 'No space left on device' '--output'
    # The old result is still complete.
    is "$(stat -c %s "$OUT/made/a/big")" 100000
    mount -o remount,size=20m "$T/small"
    wl made/a
    status 0
    is "$(stat -c %s "$OUT/made/a/big")" 3000000
    not_err fill
}

test_full_disk_with_no_byte_left() {
    simple made/a
    with_small_disk 1m full_wholly
}
full_wholly() {
    CACHE=$T/small/cache
    wl made/a
    status 0
    cat /dev/zero >"$T/small/fill" 2>/dev/null
    # A build that has nothing to do needs no space.
    wl made/a
    status 0
    out 'nothing to do'
    simple made/b
    wl made/b
    [ "$st" = 7 ] || [ "$st" = 1 ] || fail "exit status $st"
    err 'No space left on device'
    rm "$T/small/fill"
    wl made/b
    status 0
}

test_output_on_another_file_system() {
    simple made/a
    with_small_disk 1m other_file_system
}
other_file_system() {
    OUT=$T/small/out
    wl made/a
    status 0
    there "$OUT/made/a/share/a"
    simple made/a 'env: [NEW=1]'
    wl made/a
    status 0
    CACHE=$T/small/cache
    wl made/a
    status 0
}

test_spaces_and_letters_in_every_path() {
    local odd="ein Ordner – mit ü, 日本 & 'quotes' \$x"
    mkdir "$odd"
    CACHE=$T/$odd/cache OUT=$T/$odd/out PORTS=$T/$odd/ports ROOT=$T/$odd/root
    mkdir -p "$ROOT/ports" "$PORTS/made/a"
    archive "$odd/a b.tar.gz" hello=world
    printf -- '--- a/hello\n+++ b/hello\n@@ -1 +1 @@\n-world\n+Welt\n' >"$PORTS/made/a/ein patch.patch"
    from_url made/a "file:$T/$odd/a b.tar.gz" "$(sha256 "$odd/a b.tar.gz")" 'patches: ["ein patch.patch"]' 'files: ["ein patch.patch"]'
    simple made/b 'needs: [made/a]'
    if bwrap --unshare-all --ro-bind / / true 2>/dev/null; then
        wl made/b made/a
        status 0
        is "$(cat "$OUT/made/a/hello")" Welt
        wl made/b made/a
        out 'nothing to do'
        printf 'version: "1"\ntoolchain: none\nsteps: [{name: bad, run: "false"}]\n' | port made/c
        wl made/c
        clean_failure 1
        local enter
        enter=$(sed -n 's/.*in the build directory: //p' .err)
        printf 'echo "I am in $PORT"\n' | timeout 20 sh -c "$enter" >.out 2>.err || fail 'enter.sh failed'
        out 'I am in made/c'
    fi
    # Without the sandbox, make and configure would break on such a path. The tool refuses it instead of trying.
    wl --no-sandbox made/b
    clean_failure 7
    err 'without bubblewrap' '--cache-dir'
    wl clean --all
    status 0
    wl doctor
    out "$T/$odd/cache"
}

test_relative_paths() {
    simple made/a
    WL_MAKE_ROOT=$ROOT run "$WL_MAKE" --cache-dir cache --output out --ports ports made/a
    status 0
    there "$OUT/made/a/share/a" "$CACHE/artifacts"
    mkdir sub
    cd sub || exit
    WL_MAKE_ROOT=../root run "$WL_MAKE" --cache-dir=../cache --output=../out --ports=../ports made/a
    status 0
    out 'nothing to do'
}

main "$@"
