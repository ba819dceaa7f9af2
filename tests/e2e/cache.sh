#!/bin/bash
# What fsck finds in a cache, and what gc removes from it.
# shellcheck source=tests/e2e/lib.sh disable=SC2317,SC2016
LIMIT=${LIMIT:-600}
. "$(dirname -- "$0")/lib.sh"

# The tool for commands that have no ports and no output.
care() {
    WL_MAKE_ROOT=$ROOT run "$WL_MAKE" "$1" --cache-dir "$CACHE" "${@:2}"
}

# A cache with two artifacts and a source, and two compiled modules.
filled() {
    archive a.tar.gz text=one
    from_url made/a "file:$T/a.tar.gz" "$(sha256 a.tar.gz)"
    simple made/b
    wl made/a made/b
    status 0
    SOURCE=$CACHE/sources/$(sha256 a.tar.gz)
    ARTIFACT=$(artifact_of made/a)
    mkdir -p "$CACHE/compiled/by-file"
    # Any whole ELF file is one to fsck.
    cp /bin/true "$CACHE/compiled/$(printf '%064d' 1).compiled"
    ln -s "../$(printf '%064d' 1).compiled" "$CACHE/compiled/by-file/$(printf '%064d' 2)"
}

artifact_of() {
    dirname -- "$(grep -lF "\"name\": \"$1\"" "$CACHE"/artifacts/*/manifest.json)"
}

test_fsck_of_a_sound_cache() {
    filled
    care fsck
    status 0
    out '2 artifacts, 1 sources, 1 compiled modules, ' ': 0 damaged, 0 incomplete, 0 foreign'
    is "$(wc -l <.out)" 1 lines
    care fsck -q
    status 0
    says_nothing .out
    care fsck made/a
    clean_failure 2
    # Nothing but locks was touched.
    wl made/a made/b
    out 'made/a: nothing to do' 'made/b: nothing to do'
}

test_fsck_finds_every_kind_of_damage() {
    filled
    local file=$ARTIFACT/tree/text
    chmod u+w "$file"
    # One bit.
    printf '\157' | dd of="$file" bs=1 conv=notrunc 2>/dev/null
    cp "$file" before
    printf '\156' | dd of="$file" bs=1 conv=notrunc 2>/dev/null
    chmod a-w "$file"
    care fsck
    status 5
    out "damaged    $ARTIFACT: text: its bytes have changed" '1 damaged, 0 incomplete, 0 foreign; wl-make fsck --repair'
    there "$ARTIFACT"
    # The manifest itself.
    care fsck --repair
    status 0
    out '(removed)' '1 damaged'
    not_there "$ARTIFACT"
    wl made/a
    status 0
    ARTIFACT=$(artifact_of made/a)
    sed -i 's/"version": "1"/"version": "2"/' "$ARTIFACT/manifest.json"
    care fsck
    status 5
    out 'manifest.json: its bytes have changed'
    # A source.
    care fsck --repair
    printf x >>"$SOURCE/a.tar.gz"
    care fsck
    status 5
    out "damaged    $SOURCE/a.tar.gz: its bytes have changed"
    care fsck --repair
    status 0
    not_there "$SOURCE/a.tar.gz"
    wl made/a
    status 0
    there "$SOURCE/a.tar.gz"
    # A compiled module whose end is missing.
    truncate -s 5000 "$CACHE/compiled/$(printf '%064d' 1).compiled"
    care fsck --repair
    status 0
    out 'it is no whole compiled module'
    not_there "$CACHE/compiled/$(printf '%064d' 1).compiled"
    : >"$CACHE/compiled/$(printf '%064d' 1).compiled"
    care fsck
    status 5
}

test_fsck_finds_what_is_incomplete() {
    filled
    mv "$ARTIFACT/manifest.json" .
    care fsck
    status 11
    out "incomplete $ARTIFACT: its manifest.json is missing"
    mv manifest.json "$ARTIFACT/"
    mv "$ARTIFACT/tree" .
    care fsck
    status 11
    out 'its tree is missing'
    mkdir -p "$CACHE/sources/$(printf '%064d' 3)"
    : >"$CACHE/sources/$(printf '%064d' 3)/.part"
    : >"$CACHE/compiled/.new-old"
    touch -d '2 hours ago' "$CACHE/compiled/.new-old"
    : >"$CACHE/compiled/.new-young"
    care fsck --repair
    status 0
    out '3 incomplete' 'the transfer was interrupted' 'a runner that was killed has left it'
    not_there "$ARTIFACT" "$CACHE/sources/$(printf '%064d' 3)/.part" "$CACHE/compiled/.new-old"
    there "$CACHE/compiled/.new-young"
    wl made/a
    status 0
}

test_fsck_finds_what_is_foreign() {
    filled
    local path
    mkdir -p "$CACHE/artifacts/photos/deep" "$CACHE/sources/rejected" outside
    : >outside/mine
    : >"$CACHE/sources/rejected/kept"
    : >"$CACHE/artifacts/$(printf '%064d' 4)"
    : >"$CACHE/sources/notes"
    : >"$ARTIFACT/extra"
    : >"$SOURCE/.other"
    mkfifo "$SOURCE/pipe"
    : >"$CACHE/compiled/readme"
    ln -s "$T/outside" "$CACHE/artifacts/$(printf '%064d' 5)"
    ln -s /etc "$CACHE/compiled/by-file/link"
    printf 'x' >"$CACHE/artifacts/"$'a\033[31m'
    care fsck
    status 12
    out '0 damaged, 0 incomplete, 10 foreign'
    care fsck --repair
    status 0
    out '10 foreign'
    for path in artifacts/photos "artifacts/$(printf '%064d' 4)" sources/notes compiled/readme \
        "artifacts/$(printf '%064d' 5)" compiled/by-file/link; do
        not_there "$CACHE/$path"
    done
    not_there "$ARTIFACT/extra" "$SOURCE/.other" "$SOURCE/pipe"
    there outside/mine "$CACHE/sources/rejected/kept"
    care fsck
    status 0
    wl made/a made/b
    out 'made/a: nothing to do' 'made/b: nothing to do'
}

test_fsck_reports_the_worst() {
    filled
    : >"$CACHE/sources/notes"
    rm "$ARTIFACT/manifest.json"
    care fsck
    status 11
    printf x >>"$SOURCE/a.tar.gz"
    care fsck
    status 5
    out '1 damaged, 1 incomplete, 1 foreign'
}

# An entry that another process has locked is not judged: it may be making it.
test_fsck_leaves_what_others_work_on() {
    filled
    rm "$ARTIFACT/manifest.json"
    mkdir -p "$CACHE/lock"
    flock "$CACHE/lock/${ARTIFACT##*/}" sleep 30 &
    local holder=$!
    wait_for 10 is_held "${ARTIFACT##*/}"
    care fsck --repair
    kill $holder
    status 0
    out '0 incomplete'
    there "$ARTIFACT"
}

# --- gc ---

# Makes everything in the cache so many days old.
aged() {
    find "$CACHE/artifacts" "$CACHE/sources" "$CACHE/compiled" -mindepth 1 -maxdepth 1 -exec touch -h -d "$1 days ago" {} +
}

test_gc_by_age() {
    filled
    aged 20
    care gc --older-than 30d
    status 0
    out 'freed: 0 B'
    aged 40
    care gc --older-than 30d --dry-run
    status 0
    out 'would remove artifact made/a 1 (' 'last used 40 days ago' 'would remove source a.tar.gz' \
        'would remove compiled module' 'would free: '
    there "$ARTIFACT" "$SOURCE"
    # made/b is up to date and so is not read, but it is used.
    wl made/b
    out 'nothing to do'
    care gc --older-than 30d
    status 0
    out 'removed artifact made/a 1 ('
    not_out made/b
    not_there "$ARTIFACT" "$SOURCE" "$CACHE"/compiled/*.compiled
    there "$(artifact_of made/b)"
    nothing_half
    care fsck
    status 0
    wl made/a
    status 0
}

# What a build reads is used: the artifact that it links, and the source that it unpacks.
test_gc_keeps_what_was_read() {
    filled
    simple made/c 'build-needs: [made/a]'
    aged 40
    wl made/c
    status 0
    care gc --older-than 4w
    status 0
    there "$ARTIFACT"
    not_there "$SOURCE"
    wl made/a
    aged 40
    wl clean made/a
    wl made/a
    status 0
    care gc --older-than 4w
    there "$SOURCE"
    not_there "$(artifact_of made/b 2>/dev/null)/tree"
}

test_gc_by_size() {
    local name
    for name in 1 2 3; do
        printf 'version: "1"\ntoolchain: none\nsteps:\n  - name: i\n    run: head -c 1000000 /dev/zero >"$STAGE/f"; echo %s >>"$STAGE/f"\n' \
            $name | port made/p$name
        wl made/p$name
        status 0
        touch -d "$((10 - name)) days ago" "$(artifact_of made/p$name)"
    done
    care gc --max-size 10M
    status 0
    out 'freed: 0 B'
    care gc --max-size 2500K
    status 0
    out 'removed artifact made/p1' 'freed: 1.0 MB; 2.0 MB are left'
    is "$(grep -c ^removed .out)" 1 'things removed'
    care gc --max-size 0 --quiet
    status 0
    says_nothing .out
    is "$(ls "$CACHE/artifacts")" ''
    nothing_half
}

test_gc_removes_nothing_that_is_in_use() {
    filled
    aged 40
    mkdir -p "$CACHE/lock"
    flock -s "$CACHE/lock/store" sleep 30 &
    local holder=$!
    wait_for 10 is_held store
    care gc --older-than 1d
    kill $holder
    clean_failure 1
    err 'another wl-make is using the artifacts' 'nothing was removed'
    there "$ARTIFACT" "$SOURCE"
}

# A runner that `run` starts from its record does not pass by the store; the record says that it is used.
test_gc_knows_the_records_of_run() {
    filled
    aged 40
    mkdir -p "$CACHE/identity"
    printf 'x\0%s/tree/text\0y' "$ARTIFACT" >"$CACHE/identity/launch-0123456789abcdef"
    care gc --older-than 30d
    status 0
    there "$ARTIFACT"
    not_there "$(artifact_of made/b 2>/dev/null)/manifest.json"
    touch -d '40 days ago' "$CACHE/identity/launch-0123456789abcdef"
    care gc --older-than 30d
    not_there "$ARTIFACT"
}

test_gc_removes_old_failed_builds() {
    printf 'version: "1"\ntoolchain: none\nsteps:\n  - name: i\n    run: exit 1\n' | port made/bad
    wl made/bad
    status 1
    care gc --older-than 1d
    is "$(ls "$CACHE/build" | wc -l)" 1 'directories'
    touch -d '3 days ago' "$CACHE"/build/*
    care gc --older-than 1d
    status 0
    out 'removed failed build'
    is "$(ls "$CACHE/build")" ''
}

# What a download from a remote store has left, that was not completed.
test_parts_of_downloads() {
    local key old
    key=$(printf 'ab%.0s' $(seq 32))
    old=$(printf 'cd%.0s' $(seq 32))
    mkdir -p "$CACHE/remote"
    echo part | tee "$CACHE/remote/$key.part" "$CACHE/remote/$old.part" "$CACHE/remote/other" >/dev/null
    touch -d '40 days ago' "$CACHE/remote/$old.part" "$CACHE/remote/other"
    care gc --older-than 30d
    status 0
    out "removed part of a download $old.part"
    is "$(cd "$CACHE/remote" && echo *)" "$key.part other"
    care clean --store
    status 0
    is "$(ls "$CACHE/remote")" ''
}

test_gc_killed_leaves_whole_entries() {
    local i
    for i in $(seq 12); do
        printf 'version: "1"\ntoolchain: none\nsteps:\n  - name: i\n    run: for f in $(seq 300); do echo %s >"$STAGE/$f"; done\n' "$i" |
            port "made/p$i"
    done
    wl $(seq -f 'made/p%.0f' 12)
    status 0
    for i in 1 2 3 4 5 6; do
        WL_MAKE_ROOT=$ROOT "$WL_MAKE" gc --cache-dir "$CACHE" --max-size 0 -q >/dev/null 2>&1 &
        PID=$!
        sleep "0.0$i"
        kill -9 "$PID" 2>/dev/null
        gone "$PID"
        care fsck
        status 0
    done
    # The next build sweeps what was moved away.
    wl made/p1
    status 0
    nothing_half
}

test_gc_options() {
    local bad
    care gc
    clean_failure 2
    err '--older-than or --max-size' 'clean --all'
    for bad in 30 d 30x -1d 30dd 99999999999d ''; do
        care gc --older-than "$bad"
        clean_failure 2
    done
    for bad in x 10X -5 99999999999999999999; do
        care gc --max-size "$bad"
        clean_failure 2
        err "not '$bad'"
    done
    care gc --older-than 1d made/a
    clean_failure 2
}

main "$@"
