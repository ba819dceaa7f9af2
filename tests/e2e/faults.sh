#!/bin/bash
# Builds that are killed at random moments, that have no space left, whose clock jumps, or that run ten at once on one cache, and
# are then finished: the same bytes, and nothing stale. WL_FAULTS says how often one is killed (40), WL_SEED with which random numbers.
# shellcheck source=tests/e2e/lib.sh disable=SC2317,SC2016
LIMIT=${LIMIT:-3000}
. "$(dirname -- "$0")/lib.sh"

FAULTS=${WL_FAULTS:-40}

# Eight ports: sources to unpack and patch, many small files and some large ones, needs in three levels.
family() {
    local name i
    archive a.tar.gz text=$'one\ntwo' $(seq -f 'dir/file%.0f=text' 60)
    for name in a b c d e f g h; do
        mkdir -p "$PORTS/made/$name"
        printf -- '--- a/text\n+++ b/text\n@@ -1,2 +1,2 @@\n-one\n+%s\n two\n' "$name" >"$PORTS/made/$name/x.patch"
        {
            printf 'version: "1"\ntoolchain: none\nsources:\n  - url: "file:%s"\n    sha256: %s\npatches: [x.patch]\n' \
                "$T/a.tar.gz" "$(sha256 a.tar.gz)"
            printf 'steps:\n  - name: make\n    run: |\n      for i in $(seq 40); do echo "$PORT $i" >"out$i"; done\n'
            printf '      head -c 300000 /dev/zero >large; sleep 0.0%d\n' $((RANDOM % 9 + 1))
            printf '  - name: install\n    run: |\n      mkdir -p "$STAGE/share/%s"\n      cp -R "$SRC/." out* large "$STAGE/share/%s/"\n' \
                $name $name
            case $name in
            d | e) printf 'needs: [made/a, made/b]\n' ;;
            f) printf 'needs: [made/d]\nbuild-needs: [made/c]\n' ;;
            g | h) printf 'needs: [made/f, made/e]\nchecks:\n  - name: look\n    run: test -s "$STAGE/share/%s/large"\n' $name ;;
            esac
        } >"$PORTS/made/$name/recipe.yaml"
    done
}

# What a build leaves in a directory, by content.
bytes() {
    (cd "$1" && find . -type f ! -path './identity/*' ! -path './logs/*' ! -path './lock/*' ! -name .lock -exec sha256sum {} + | LC_ALL=C sort)
}

# The results are those of the build that nobody killed, and so is all that is in the cache. (It may have less: nothing is
# made again that only a build would need.)
same_bytes() {
    bytes "$OUT" >got.out
    cmp -s want.out got.out || fail "$1: $(diff want.out got.out | head -20)"
    bytes "$CACHE" >got
    [ -z "$(LC_ALL=C comm -13 want got)" ] || fail "$1: $(LC_ALL=C comm -13 want got | head -20)"
}

# The next build begins somewhere else: with nothing, or with only a part.
take_away() {
    case $((RANDOM % 3)) in
    0) rm -rf "$CACHE" "$OUT" ;;
    1) rm -rf "$CACHE"/artifacts/[0-7]* "$OUT" ;;
    2) wl clean made/f made/g && rm -rf "$OUT/made/h" ;;
    esac
}

test_killed_at_random_moments() {
    family
    wl made/g made/h -j 4
    status 0
    bytes "$CACHE" >want
    bytes "$OUT" >want.out
    local took seed=${WL_SEED:-$RANDOM} round kills ms
    # How long a whole build takes here, in milliseconds.
    rm -rf "$CACHE" "$OUT"
    took=$(date +%s%3N)
    wl made/g made/h -j 4
    took=$(($(date +%s%3N) - took))
    RANDOM=$seed
    kills=0
    for round in $(seq "$FAULTS"); do
        WL_MAKE_ROOT=$ROOT "$WL_MAKE" --cache-dir "$CACHE" --output "$OUT" --ports "$PORTS" made/g made/h -j 4 -q \
            >killed.out 2>&1 </dev/null &
        PID=$!
        # Earlier moments more often: a build that goes on after another one takes less long.
        ms=$((RANDOM % 100))
        ms=$((ms * ms * took / 10000))
        sleep "$((ms / 1000)).$(printf '%03d' $((ms % 1000)))"
        if kill -9 "$PID" 2>/dev/null; then
            kills=$((kills + 1))
        else
            take_away
        fi
        wait "$PID" 2>/dev/null
        # After some kills, and without any finished build between them, finish it; otherwise go on with what is left.
        [ $((round % 3)) = 0 ] || continue
        wl made/g made/h -j 4
        [ "$st" = 0 ] || fail "seed $seed, round $round: the build after the kill failed"
        same_bytes "seed $seed, round $round"
        nothing_half
        WL_MAKE_ROOT=$ROOT run "$WL_MAKE" fsck --cache-dir "$CACHE"
        [ "$st" = 0 ] || fail "seed $seed, round $round: fsck found something"
        wl made/g made/h
        [ ! -s .err ] || fail "seed $seed, round $round: something was stale"
        take_away
    done
    [ "$kills" -gt $((FAULTS / 3)) ] || fail "only $kills of $FAULTS builds were killed before they ended"
}

# The same for what removes: gc and clean.
test_removing_is_killed() {
    family
    wl made/g made/h
    status 0
    bytes "$CACHE" >want
    bytes "$OUT" >want.out
    local seed=${WL_SEED:-$RANDOM} round
    RANDOM=$seed
    for round in $(seq $((FAULTS / 4))); do
        case $((round % 2)) in
        0) set -- gc --cache-dir "$CACHE" --max-size 0 ;;
        1) set -- clean --cache-dir "$CACHE" --output "$OUT" --ports "$PORTS" --all ;;
        esac
        WL_MAKE_ROOT=$ROOT "$WL_MAKE" "$@" -q >killed.out 2>&1 </dev/null &
        PID=$!
        sleep "0.0$((RANDOM % 90 + 10))"
        kill -9 "$PID" 2>/dev/null
        wait "$PID" 2>/dev/null
        wl made/g made/h
        [ "$st" = 0 ] || fail "seed $seed, round $round: the build after the kill failed"
        same_bytes "seed $seed, round $round"
        nothing_half
    done
}

# ---- a full disk ----

# `with_small_disks FUNCTION`: in a mount namespace, whose file systems end with it.
with_small_disks() {
    is_root || skip 'needs root to mount'
    unshare -m true 2>/dev/null || skip 'no mount namespaces here'
    unshare -m bash "$SELF" --one "$T" "$1"
    st=$?
    [ $st != 77 ] || exit 77
    [ $st = 0 ] || exit 1
}

# `full_at DIR LIMIT...`: builds with a file system of this size at DIR, which everything else of a build does not share. If it does
# not fit, the same build is finished when there is space. 1: it fitted.
full_at() {
    local dir=$1 limit=$2 fitted=0
    rm -rf "$CACHE" "$OUT"
    mkdir -p "$dir"
    mount -t tmpfs -o "$limit" none "$dir" || fail "cannot mount $limit"
    wl made/g made/h -j 2
    if [ "$st" = 0 ]; then
        fitted=1
    else
        # A step that cannot write fails as its program does.
        [ "$st" = 7 ] || { [ "$st" = 1 ] && grep -qF "step '" .err; } || fail "$dir, $limit: exit status $st"
        err 'No space left on device'
        is "$(grep -c '^wl-make: error: ' .err)" 1 "$dir, $limit: number of error messages"
        nothing_half
        # (What was fetched until then is kept, and the fetch goes on from there.)
        WL_MAKE_ROOT=$ROOT run "$WL_MAKE" fsck --cache-dir "$CACHE"
        [ "$st" = 0 ] || [ "$st" = 11 ] || grep -qF 'No space left on device' .err || fail "$dir, $limit: fsck failed"
        ! grep -E '^(damaged|incomplete|foreign) ' .out | grep -vq '/sources/[0-9a-f]*/[.]part: the transfer was interrupted$' ||
            fail "$dir, $limit: fsck found something"
        mount -o remount,size=100m,nr_inodes=20000 "$dir"
        wl made/g made/h -j 2
        [ "$st" = 0 ] || fail "$dir, $limit: the build with space failed"
    fi
    same_bytes "$dir, $limit"
    nothing_half
    umount "$dir"
    return $fitted
}

full_at_each_stage() {
    local at dir size step nodes n
    SECONDS_EACH=120
    for at in cache cache/sources out; do
        dir=$T/$at
        # What the directory holds at most is not known, so the sizes grow until the build fits, by a tenth each time.
        n=0 size=4 step=${WL_CHECK_LONG:+11}
        while full_at "$dir" "size=${size}k"; do
            n=$((n + 1))
            size=$((size * ${step:-16} / 10 + 4))
        done
        [ "$n" -gt 0 ] || fail "$dir: each build had enough space"
        n=0 nodes=2
        while full_at "$dir" "size=100m,nr_inodes=$nodes"; do
            n=$((n + 1))
            nodes=$((nodes * ${step:-20} / 10 + 1))
        done
        [ "$n" -gt 0 ] || fail "$dir: each build could make enough files"
    done
}

test_full_disk_at_each_stage() {
    [ -n "${WL_CHECK_LONG-}" ] || skip 'only with WL_CHECK_LONG'
    family
    wl made/g made/h
    status 0
    bytes "$CACHE" >want
    bytes "$OUT" >want.out
    with_small_disks full_at_each_stage
}

# ---- clocks ----

# `check` builds the tool with AddressSanitizer, which wants to be the first library of a process; libfaketime is before it.
export ASAN_OPTIONS=verify_asan_link_order=0

# `at_time FAKETIME COMMAND...`: the tool sees another time of day than the system; the clock that only measures time does not jump.
at_time() {
    local library
    library=$(ls /usr/lib/*/faketime/libfaketime.so.1 2>/dev/null) || skip 'without libfaketime'
    local LD_PRELOAD=$library FAKETIME=$1 FAKETIME_DONT_FAKE_MONOTONIC=1 FAKETIME_DONT_RESET=1 FAKETIME_NO_CACHE=1
    export LD_PRELOAD FAKETIME FAKETIME_DONT_FAKE_MONOTONIC FAKETIME_DONT_RESET FAKETIME_NO_CACHE
    "${@:2}"
    export -n LD_PRELOAD
}

test_clocks_that_are_wrong() {
    family
    wl made/g made/h
    status 0
    bytes "$CACHE" >want
    bytes "$OUT" >want.out
    local when text whens=(-400d '@2050-01-01 00:00:00')
    [ -z "${WL_CHECK_LONG-}" ] || whens+=('@1971-01-02 00:00:00' '@2001-01-01 00:00:00' +400d '@2120-01-01 00:00:00')
    for when in "${whens[@]}"; do
        rm -rf "$CACHE" "$OUT"
        at_time "$when" wl made/g made/h
        [ "$st" = 0 ] || fail "$when: the build failed"
        same_bytes "$when"
        # What was written then counts now, and the other way round.
        wl made/g made/h
        out 'nothing to do'
        [ ! -s .err ] || fail "$when: something was stale"
        at_time "$when" wl made/g made/h
        out 'nothing to do'
        # A change is seen, whichever time the file has; its size does not change.
        for text in eins zwei; do
            sed -i "s/echo \"\$PORT [a-z]*\(\$i\)/echo \"\$PORT $text\1/" "$PORTS/made/h/recipe.yaml"
            grep -q "$text" "$PORTS/made/h/recipe.yaml" || fail 'the recipe did not change'
            at_time "$when" wl made/h
            is "$(cat "$OUT/made/h/share/h/out7")" "made/h ${text}7"
            at_time "$when" wl made/h
            out 'nothing to do'
        done
        sed -i "s/echo \"\$PORT [a-z]*\$i/echo \"\$PORT \$i/" "$PORTS/made/h/recipe.yaml"
        # Nothing that is in use is too old.
        at_time "$when" tool gc --older-than 30d
        status 0
        WL_MAKE_ROOT=$ROOT run "$WL_MAKE" fsck --cache-dir "$CACHE"
        status 0
    done
}

# While the tool works, its clock jumps by a year forwards and backwards.
test_clocks_that_jump() {
    family
    wl made/g made/h
    status 0
    bytes "$CACHE" >want
    bytes "$OUT" >want.out
    rm -rf "$CACHE" "$OUT"
    ls /usr/lib/*/faketime/libfaketime.so.1 >/dev/null 2>&1 || skip 'without libfaketime'
    echo +0 >clock
    while :; do
        for by in +365d -365d +2h -2h +0; do
            echo "$by" >clock.new && mv clock.new clock
            sleep 0.05
        done
    done &
    PID=$!
    export FAKETIME_TIMESTAMP_FILE=$T/clock
    local round
    for round in 1 2 ${WL_CHECK_LONG:+3 4 5 6 7 8}; do
        LD_PRELOAD=$(ls /usr/lib/*/faketime/libfaketime.so.1) FAKETIME_DONT_FAKE_MONOTONIC=1 FAKETIME_NO_CACHE=1 FAKETIME_DONT_RESET=1 \
            WL_MAKE_ROOT=$ROOT run "$WL_MAKE" --cache-dir "$CACHE" --output "$OUT" --ports "$PORTS" made/g made/h -j 2
        [ "$st" = 0 ] || fail "round $round: the build failed"
        same_bytes "round $round"
        nothing_half
        take_away
    done
    kill "$PID"
}

# ---- many at once ----

# `container COMMAND...`: with processes, a network and names of its own, but the same files. Two containers have the same process
# numbers, and their processes do not see each other.
container() {
    unshare --fork --kill-child --pid --mount --mount-proc --uts --ipc --net "$@"
}

test_ten_builds_in_two_containers() {
    is_root || skip 'needs root for containers'
    container true 2>/dev/null || skip 'no containers here'
    family
    wl made/g made/h
    status 0
    bytes "$CACHE" >want
    bytes "$OUT" >want.out
    local round side i bad name
    cat >builds.sh <<END
hostname container\$1
cd "$T" || exit 1
for i in 1 2 3 4 5; do
    WL_MAKE_ROOT="$ROOT" "$WL_MAKE" --cache-dir "$CACHE" --output "$OUT.\$1.\$i" --ports "$PORTS" made/g made/h -j 2 >"said.\$1.\$i" 2>&1 &
done
status=0
for i in 1 2 3 4 5; do
    wait -n || status=1
done
exit \$status
END
    for round in 1 ${WL_CHECK_LONG:+2 3}; do
        rm -rf "$OUT".* "$CACHE"
        for side in a b; do
            container bash builds.sh $side &
        done
        bad=0
        wait -n || bad=1
        wait -n || bad=1
        [ $bad = 0 ] || fail "round $round: a build failed: $(tail -n 3 said.*)"
        # Each artifact was made once, by one of the ten.
        for name in a b c d e f g h; do
            is "$(cat said.* | grep -c "made/$name: install")" 1 "round $round: how often made/$name was made"
        done
        for side in a b; do
            for i in 1 2 3 4 5; do
                bytes "$OUT.$side.$i" >got.out
                cmp -s want.out got.out || fail "round $round, $side $i: $(diff want.out got.out | head -20)"
            done
        done
        bytes "$CACHE" >got
        [ -z "$(LC_ALL=C comm -13 want got)" ] || fail "round $round: $(LC_ALL=C comm -13 want got | head -20)"
        nothing_half
        WL_MAKE_ROOT=$ROOT run "$WL_MAKE" fsck --cache-dir "$CACHE"
        status 0
    done
}

main "$@"
