#!/bin/bash
# Builds that are killed at random moments, again and again, and then finished: the same bytes, and nothing stale.
# WL_FAULTS says how often (40), WL_SEED with which random numbers.
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

main "$@"
