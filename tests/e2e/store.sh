#!/bin/bash
# What is built again and what is not, the contents of the output directory, and what clean removes.
# shellcheck source=tests/e2e/lib.sh disable=SC2317,SC2016
. "$(dirname -- "$0")/lib.sh"

# Three ports in a row, each with a patch and a file, and one beside them.
family() {
    archive a.tar.gz text=$'one\ntwo'
    local name
    for name in a b c d; do
        mkdir -p "$PORTS/made/$name"
        printf -- '--- a/text\n+++ b/text\n@@ -1,2 +1,2 @@\n-one\n+ONE\n two\n' >"$PORTS/made/$name/x.patch"
        printf 'extra\n' >"$PORTS/made/$name/extra"
        from_url made/$name "file:$T/a.tar.gz" "$(sha256 a.tar.gz)" 'patches: [x.patch]' 'files: [extra]' \
            "${1:+$1}"
    done
    printf 'build-needs: [made/a]\n' >>"$PORTS/made/b/recipe.yaml"
    printf 'needs: [made/b]\n' >>"$PORTS/made/c/recipe.yaml"
}

# The ports that were built, in one line.
built() {
    grep -oE '\] made/[a-z]*: done' .err | grep -oE 'made/[a-z]*' | sort | tr '\n' ' '
}

test_a_second_build_does_nothing_and_says_so() {
    family
    wl made/c made/d
    status 0
    is "$(built)" 'made/a made/b made/c made/d '
    out "made/c: $OUT/made/c ("
    find "$OUT" "$CACHE/artifacts" -newermt '1970-01-02' -printf '%p %T@ %i\n' | sort >before
    sleep 0.05
    wl made/c made/d
    status 0
    out "made/c: nothing to do, $OUT/made/c is up to date" 'made/d: nothing to do'
    [ ! -s .err ] || fail 'output on stderr'
    find "$OUT" "$CACHE/artifacts" -newermt '1970-01-02' -printf '%p %T@ %i\n' | sort >after
    cmp before after || fail 'something was touched'
}

test_touching_one_patch_rebuilds_what_depends_on_it() {
    family
    wl made/c made/d
    status 0
    # A patch with other text is another patch, even if it has the same effect.
    sed -i '1i a comment' "$PORTS/made/b/x.patch"
    wl made/c made/d
    status 0
    is "$(built)" 'made/b made/c '
    out 'made/d: nothing to do'
    printf 'other\n' >"$PORTS/made/a/extra"
    wl made/c made/d
    is "$(built)" 'made/a made/b made/c '
    printf 'contains: [text]\n' >>"$PORTS/made/c/recipe.yaml"
    wl made/c made/d
    is "$(built)" 'made/c '
    # Only a newer time, or a comment in the recipe: nothing is built.
    touch "$PORTS"/made/*/*
    printf '# a comment\n' >>"$PORTS/made/a/recipe.yaml"
    sed -i '1i summary: other words' "$PORTS/made/a/recipe.yaml"
    wl made/c made/d
    status 0
    is "$(built)" ''
    # Back to the first state: that artifact is still in the store.
    printf 'extra\n' >"$PORTS/made/a/extra"
    sed -i 1d "$PORTS/made/b/x.patch"
    sed -i '/^contains/d' "$PORTS/made/c/recipe.yaml"
    wl made/c
    status 0
    is "$(built)" ''
    there "$OUT/made/c/text"
}

# Changes a file after the build was planned: by the step of another port, which is built first.
test_files_that_change_while_a_build_runs() {
    local file
    archive a.tar.gz text=$'one\ntwo'
    for file in x.patch extra question; do
        rm -rf "$PORTS/made/a" "$OUT/made/a"
        mkdir -p "$PORTS/made/a"
        printf -- '--- a/text\n+++ b/text\n@@ -1,2 +1,2 @@\n-one\n+ONE\n two\n' >"$PORTS/made/a/x.patch"
        printf 'extra\n' >"$PORTS/made/a/extra"
        printf 'question\n' >"$PORTS/made/a/question"
        port made/first <<END
version: "$file"
toolchain: none
steps:
  - {name: edit, run: 'sed -i "1i other text" "$PORTS/made/a/$file"; : >"\$STAGE/done"'}
END
        port made/a <<END
version: "1"
toolchain: none
sources:
  - {url: "file:$T/a.tar.gz", sha256: $(sha256 a.tar.gz)}
patches: [x.patch]
files: [extra]
check-files: [question]
build-needs: [made/first]
steps:
  - {name: copy, run: 'cp "\$SRC/text" "\$FILES/extra" "\$STAGE/"'}
checks:
  - {name: look, run: 'cat "\$FILES/question"'}
END
        wl --no-sandbox made/a
        status 1
        err 'made/a: a file beside its recipe changed after the build was planned' "build again; the files are patches, and what $PORTS/made/a/recipe.yaml names"
        not_there "$OUT/made/a"
        # The next build is planned with what is there now.
        wl --no-sandbox made/a
        status 0
        is "$(built)" 'made/a '
        is "$(head -n 1 "$OUT/made/a/extra")" "$([ "$file" = extra ] && echo 'other text' || echo extra)"
    done
}

test_debug_is_another_artifact() {
    simple made/a
    wl made/a
    wl --debug made/a
    status 0
    is "$(built)" 'made/a '
    wl made/a
    is "$(built)" ''
}

test_a_removed_or_changed_file_is_restored() {
    family
    wl made/d
    rm "$OUT/made/d/text"
    wl made/d
    status 0
    is "$(built)" ''
    is "$(cat "$OUT/made/d/text")" $'ONE\ntwo'
    : >"$OUT/made/d/text"
    wl made/d
    is "$(cat "$OUT/made/d/text")" $'ONE\ntwo'
    rm -rf "$OUT/made/d"
    wl made/d
    there "$OUT/made/d/text"
    nothing_half
}

test_files_that_were_not_made_here_are_not_lost() {
    simple made/a
    simple made/b
    simple made/c
    mkdir -p "$OUT/made/a/mine" "$OUT/made/c" "$OUT/photos"
    echo mine >"$OUT/made/a/mine/x"
    echo mine >"$OUT/made/b"
    echo mine >"$OUT/photos/x"
    wl made/a
    clean_failure 7
    err "$OUT/made/a already exists and was not created by wl-make" '--output'
    wl made/b
    clean_failure 7
    err "$OUT/made/b already exists"
    # An empty directory can be replaced.
    wl made/c
    status 0
    there "$OUT/made/c/share/c"
    wl clean made/a
    status 0
    wl clean --all --dry-run
    status 0
    not_out photos
    wl clean --all
    status 0
    not_there "$OUT/made/c"
    is "$(cat "$OUT/made/a/mine/x" "$OUT/made/b" "$OUT/photos/x" | tr '\n' ' ')" 'mine mine mine '
    rm -rf "$OUT"
    wl made/a made/b
    status 0
    wl clean --all
    not_there "$OUT"
}

test_files_that_the_artifact_no_longer_has_are_removed() {
    simple made/a
    wl made/a
    sed -i 's,share/,etc/,; s,STAGE/share,STAGE/etc,g' "$PORTS/made/a/recipe.yaml"
    sed -i 's,"$STAGE/share","$STAGE/etc",g; s,$STAGE/share,$STAGE/etc,g' "$PORTS/made/a/recipe.yaml"
    wl made/a
    status 0
    not_there "$OUT/made/a/share"
    there "$OUT/made/a/etc/a"
}

test_artifacts_are_read_only_and_results_are_not() {
    simple made/a
    wl made/a
    local file
    file=$(find "$CACHE/artifacts" -name a -type f)
    [ -z "$(find "$file" -perm /222)" ] || fail "writable: $(ls -l "$file")"
    echo changed >"$OUT/made/a/share/a" || fail 'the result cannot be changed'
    is "$(cat "$file")" made/a 'the artifact'
}

test_libraries_are_merged_into_what_links_them() {
    local name
    for name in a b; do
        printf 'version: "1"\ntoolchain: none\nsteps:\n  - name: i\n    run: mkdir -p "$STAGE/include" "$STAGE/lib/pkgconfig" "$STAGE/bin"; echo %s >"$STAGE/include/%s.h"; echo %s >"$STAGE/include/common.h"; echo %s >"$STAGE/lib/lib%s.a"; echo x >"$STAGE/bin/%s"; echo %s >"$STAGE/lib/pkgconfig/%s.pc"\n' \
            $name $name $name $name $name $name $name $name | port libs/$name
    done
    printf 'needs: [libs/b]\n' >>"$PORTS/libs/a/recipe.yaml"
    simple tools/t
    port made/p <<'END'
version: "1"
toolchain: none
needs: [libs/a]
build-needs: [tools/t]
steps:
  - name: i
    run: |
      for n in a b; do
        case $CPPFLAGS in *"$ROOT/needs/libs-$n/include"*) ;; *) exit 1 ;; esac
        case $LDFLAGS in *"$ROOT/needs/libs-$n/lib"*) ;; *) exit 1 ;; esac
        [ -e "$ROOT/needs/libs-$n/lib/lib$n.a" ]
      done
      [ -e "$NEED_TOOLS_T/share/t" ]
      mkdir -p "$STAGE/include"
      echo own >"$STAGE/include/common.h"
END
    wl made/p
    status 0
    is "$(cd "$OUT/made/p" && find . -type f ! -name .wl-make | sort | tr '\n' ' ')" \
        './include/a.h ./include/b.h ./include/common.h ./lib/liba.a ./lib/libb.a ./lib/pkgconfig/a.pc ./lib/pkgconfig/b.pc '
    is "$(cat "$OUT/made/p/include/common.h")" own
}

test_dry_run_prints_the_plan_and_does_nothing() {
    serve
    archive www/a.tar.gz hello=world
    simple libs/dep
    mkdir -p "$PORTS/made/a"
    printf -- '--- a/hello\n+++ b/hello\n@@ -1 +1 @@\n-world\n+Welt\n' >"$PORTS/made/a/german.patch"
    from_url made/a "$URL/a.tar.gz" "$(sha256 www/a.tar.gz)" 'needs: [libs/dep]' 'patches: [german.patch]'
    wl --dry-run made/a
    status 0
    out '2 of 2 ports would be built' '  libs/dep 1' '  made/a 1' "fetch $URL/a.tar.gz" 'patch german.patch' 'step install'
    not_there "$OUT" .requests "$CACHE"/artifacts/* "$CACHE"/build/* "$CACHE"/sources/*
    wl libs/dep
    wl -n made/a
    out '1 of 2 ports would be built'
    not_out '  libs/dep'
    wl made/a
    wl --dry-run made/a
    out '0 of 2 ports would be built'
}

test_a_need_that_is_built_is_not_compared() {
    serve
    archive www/a.tar.gz hello=world
    from_url tools/t "$URL/a.tar.gz" "$(sha256 www/a.tar.gz)"
    simple made/a 'build-needs: [tools/t]'
    wl made/a
    status 0
    # For a port that is needed only for building, neither source nor artifact is needed.
    wl clean tools/t
    rm -rf "$CACHE/sources"
    wl --offline made/a
    status 0
    out 'nothing to do'
}

# `damage KIND FILE`: damages a stored file.
damage() {
    local mode dir=${2%/*}
    mode=$(stat -c %a "$2")
    case $1 in
    flip) chmod u+w "$2" && printf '\001' | dd of="$2" bs=1 seek=1 conv=notrunc 2>/dev/null && chmod "$mode" "$2" ;;
    cut) chmod u+w "$2" && truncate -s -1 "$2" && chmod "$mode" "$2" ;;
    empty) chmod u+w "$2" && truncate -s 0 "$2" && chmod "$mode" "$2" ;;
    mode) chmod a+x "$2" ;;
    gone) rm -f "$2" ;;
    added) : >"$dir/added" ;;
    link) rm -f "$2" && ln -s /etc/passwd "$2" ;;
    esac || fail "cannot damage $2"
}

# Each file of an artifact, and its manifest, damaged in each way: the tool reports it, uses none of it, and builds it
# again.
test_a_damaged_artifact_is_built_again() {
    printf 'version: "1"\ntoolchain: none\nsteps:\n  - name: i\n    run: mkdir -p "$STAGE/lib"; echo library >"$STAGE/lib/lib.a"\n' |
        port libs/l
    printf 'version: "1"\ntoolchain: none\nneeds: [libs/l]\nsteps:\n  - name: i\n    run: cp "$NEED_LIBS_L/lib/lib.a" "$STAGE/program"\n' |
        port made/a
    wl made/a
    status 0
    local file kind port rounds=0
    for file in $(cd "$CACHE/artifacts" && find . -type f | sort); do
        file=$CACHE/artifacts/$file
        case $file in
        */lib.a) port=libs/l ;;
        */program) port=made/a ;;
        *) port= ;;
        esac
        for kind in flip cut empty mode gone added link; do
            case $kind$port in
            mode | added) continue ;; # beside the manifest nothing is compared
            esac
            damage $kind "$file"
            rm -rf "$OUT"
            wl made/a
            status 0
            err "the stored artifact of ${port:-}" 'is damaged (' '; making it again'
            is "$(cat "$OUT/made/a/program" "$OUT/made/a/lib/lib.a")" $'library\nlibrary' "after $kind of $file"
            rm -rf "$OUT"
            wl made/a
            status 0
            not_err damaged
            nothing_half
            rounds=$((rounds + 1))
        done
    done
    is "$rounds" 24 'kinds of damage'
}

# The state of an unsynced artifact after a power cut: its name exists, but not all of its bytes.
test_after_a_power_cut() {
    simple made/a
    wl made/a
    local entry
    entry=$(echo "$CACHE"/artifacts/*)
    for what in 'rm manifest.json' 'rm -r tree' 'truncate -s 0 manifest.json' 'find . -type f -exec truncate -s 0 {} +' \
        'rm -r manifest.json tree'; do
        chmod -R u+w "$entry"
        (cd "$entry" && eval "$what") || fail "$what"
        rm -rf "$OUT"
        wl made/a
        status 0
        is "$(cat "$OUT/made/a/share/a")" made/a
        nothing_half
    done
}

# An up-to-date port is not read, but a damaged need of a port that must be built is.
test_a_damaged_need() {
    simple tools/t
    printf 'version: "1"\ntoolchain: none\nbuild-needs: [tools/t]\nsteps:\n  - name: i\n    run: cp "$NEED_TOOLS_T/share/t" "$STAGE/"\n' |
        port made/a
    wl made/a
    status 0
    damage flip "$(find "$CACHE/artifacts" -path '*share/t')"
    wl made/a
    status 0
    out 'nothing to do'
    not_err damaged
    printf 'contains: [t]\n' >>"$PORTS/made/a/recipe.yaml"
    wl --dry-run made/a
    not_err damaged
    wl made/a
    status 0
    err 'the stored artifact of tools/t is damaged (share/t: its bytes have changed)'
    is "$(cat "$OUT/made/a/t")" tools/t
}

test_the_manifest() {
    serve
    archive www/a.tar.gz hello=world
    simple libs/dep
    simple tools/t
    from_url made/a "$URL/gone.tar.gz" "$(sha256 www/a.tar.gz)" "    mirrors: [\"$URL/a.tar.gz\"]" 'needs: [libs/dep]' \
        'build-needs: [tools/t]' 'license: MIT'
    wl made/a
    status 0
    wl info made/a
    local key
    key=$(sed -n 's/^key  *//p' .out)
    cat >check.py <<'END'
import hashlib, json, os, sys
entry, key, url, sha256 = sys.argv[1:]
m = json.load(open(entry + "/manifest.json"))
assert (m["format"], m["key"], m["kind"], m["name"], m["version"], m["license"]) == (1, key, "port", "made/a", "1", "MIT"), m
assert m["sources"] == [{"file": "gone.tar.gz", "sha256": sha256, "from": url}], m["sources"]
assert [(n["name"], n["use"]) for n in m["needs"]] == [("libs/dep", "link"), ("tools/t", "build")], m["needs"]
names = [f["path"] for f in m["files"]]
assert names == ["hello"], names
f = m["files"][0]
data = open(entry + "/tree/hello", "rb").read()
assert (f["size"], f["sha256"], f["mode"]) == (len(data), hashlib.sha256(data).hexdigest(), "444"), f
END
    "$PYTHON" check.py "$CACHE/artifacts/$key" "$key" "$URL/a.tar.gz" "$(sha256 www/a.tar.gz)" >.out 2>&1 || fail manifest
}

# A program for WebAssembly says what is in it, the same for everybody.
test_the_note_of_a_module() {
    simple libs/b 'license: Zlib'
    simple tools/t 'tool: true'
    port made/a <<'END'
version: "2.5"
license: MIT
toolchain: none
needs: [libs/b]
build-needs: [tools/t]
contains: [bin/a.wasm, bin/run, share/other.wasm]
steps:
  - name: install
    run: |
      mkdir -p "$STAGE/bin" "$STAGE/share"
      printf '\0asm\1\0\0\0' >"$STAGE/bin/a.wasm"
      cp "$STAGE/bin/a.wasm" "$STAGE/bin/run"
      cp "$STAGE/bin/a.wasm" "$STAGE/share/other.wasm"
      chmod +x "$STAGE/bin/a.wasm"
END
    wl made/a
    status 0
    is "$(stat -c %s "$OUT/made/a/bin/run" "$OUT/made/a/share/other.wasm" | tr '\n' ' ')" '8 8 '
    [ -x "$OUT/made/a/bin/a.wasm" ] || fail 'its mode has changed'
    cp "$OUT/made/a/bin/a.wasm" elsewhere.wasm
    # Without the cache that it was made in.
    CACHE=$T/other wl info elsewhere.wasm
    status 0
    out 'built as     made/a 2.5' 'license      MIT' 'contains     libs/b 1 (Zlib)' 'custom wl-make'
    not_out tools/t
    # Built elsewhere, it has the same bytes.
    CACHE=$T/third OUT=$T/third-out wl made/a
    cmp elsewhere.wasm third-out/made/a/bin/a.wasm || fail 'it differs'
    # A note that is no JSON, and a module that is cut off, are somebody else's.
    sed 's/"wl-make": 1/"wl-make": 2/' elsewhere.wasm >newer.wasm
    wl info newer.wasm
    status 0
    not_out 'built as'
    head -c 60 elsewhere.wasm >cut.wasm
    wl info cut.wasm
    clean_failure 5
}

# Artifacts of an older wl-make are neither used nor changed until they are cleaned.
test_the_old_layout() {
    simple made/a
    wl info made/a
    local key
    key=$(sed -n 's/^key  *//p' .out)
    mkdir -p "$CACHE/store/$key/share"
    echo old >"$CACHE/store/$key/share/a"
    wl made/a
    status 0
    is "$(cat "$OUT/made/a/share/a")" made/a
    is "$(cat "$CACHE/store/$key/share/a")" old
    wl clean
    there "$CACHE/store/$key/share/a"
    wl clean --store
    status 0
    not_there "$CACHE"/store/* "$CACHE"/artifacts/*
}

test_clean_leaves_artifacts_in_use_alone() {
    simple libs/dep
    printf 'version: "1"\ntoolchain: none\nneeds: [libs/dep]\nsteps:\n  - name: wait\n    run: |\n      touch "%s/started"; while [ ! -e "%s/go" ]; do sleep 0.05; done; cp "$NEED_LIBS_DEP/share/dep" "$STAGE/x"\n' \
        "$T" "$T" | port made/a
    wl libs/dep
    start first --no-sandbox made/a
    wait_for 20 test -e started
    local how
    for how in --store --all libs/dep; do
        wl clean $how
        status 1
        err 'another wl-make is using the artifacts' 'nothing was removed'
        there "$OUT/libs/dep/share/dep" "$CACHE"/artifacts/*/tree/share/dep
    done
    wl clean --store --dry-run
    status 0
    touch go
    ended first 'exit 0'
    is "$(cat "$OUT/made/a/x")" libs/dep
    wl clean --all
    status 0
    is "$(ls "$CACHE/lock" "$CACHE/artifacts" | grep -v :)" '' 'locks and artifacts'
}

test_clean_waits_for_sources_in_use() {
    printf 'version: "1"\ntoolchain: none\nsteps:\n  - name: wait\n    run: |\n      touch "%s/started"; while [ ! -e "%s/go" ]; do sleep 0.05; done; : >"$STAGE/x"\n' \
        "$T" "$T" | port made/a
    mkdir -p "$CACHE/sources/abc"
    : >"$CACHE/sources/abc/file"
    start first --no-sandbox made/a
    wait_for 20 test -e started
    wl clean --sources --dry-run
    status 0
    out 'sources/abc'
    start second clean --sources
    wait_for 20 grep -q 'waiting for another wl-make that uses the sources' second.err
    there "$CACHE/sources/abc/file"
    touch go
    ended first 'exit 0'
    ended second 'exit 0'
    is "$(ls "$CACHE/sources")" '' sources
}

test_locks_go() {
    family
    wl made/c made/d
    status 0
    is "$(ls "$CACHE/lock" | tr '\n' ' ')" 'sources store ' 'locks after a build'
    # Leftovers of older or killed runs.
    : >"$CACHE/lock/abc"
    : >"$CACHE/lock/test-abc-77"
    wl made/c
    is "$(ls "$CACHE/lock" | tr '\n' ' ')" 'sources store ' 'locks after the next'
    : >"$CACHE/lock/abc"
    wl clean
    is "$(ls "$CACHE/lock")" '' 'locks after clean'
}

test_clean() {
    family
    printf 'version: "1"\ntoolchain: none\nsteps: [{name: x, run: "false"}]\n' | port made/bad
    wl made/c
    wl made/bad
    status 1
    wl clean --dry-run
    status 0
    out 'would remove' 'would free'
    [ -n "$(ls "$CACHE/build")" ] || fail 'dry run removed it'
    wl clean
    status 0
    out 'freed: '
    is "$(ls "$CACHE/build" "$CACHE/logs" | grep -c made)" 0 'left'
    wl made/c
    is "$(built)" ''
    wl clean made/c
    status 0
    not_there "$OUT/made/c"
    wl made/c
    is "$(built)" 'made/c '
    wl clean --store
    wl made/c
    is "$(built)" 'made/a made/b made/c '
    [ -n "$(ls "$CACHE/sources")" ] || fail 'the sources are gone'
    wl clean --sources
    is "$(ls "$CACHE/sources")" ''
    wl clean --all
    status 0
    not_there "$OUT" "$CACHE"/artifacts/* "$CACHE"/build/* "$CACHE"/logs/* "$CACHE"/sources/*
    wl clean --all
    status 0
    out 'nothing to do'
    wl clean -q --all
    [ ! -s .out ] || fail 'not quiet'
}

test_clean_leaves_a_running_build_alone() {
    printf 'version: "1"\ntoolchain: none\nsteps:\n  - name: wait\n    run: |\n      touch "%s/started"; while [ ! -e "%s/go" ]; do sleep 0.05; done; : >"$STAGE/x"\n' \
        "$T" "$T" | port made/a
    start first --no-sandbox made/a
    wait_for 20 test -e started
    wl clean
    status 0
    touch go
    ended first 'exit 0'
    there "$OUT/made/a/x"
}

test_logs_are_kept() {
    simple made/a
    wl made/a
    wl info made/a
    local logs
    logs=$(sed -n 's/^logs  *//p' .out)
    there "$logs/01-install.log"
}

test_keep_build() {
    simple made/a
    wl --keep-build made/a
    status 0
    is "$(find "$CACHE/build" -mindepth 1 -maxdepth 1 | wc -l)" 1 'build folders'
    KEPT_BUILD=1 wl made/a
    out 'nothing to do'
    wl clean
    is "$(find "$CACHE/build" -mindepth 1 -maxdepth 1 | wc -l)" 0 'build folders'
}

test_two_roots_the_named_one_first() {
    mkdir -p "$ROOT/ports/made/a" second
    printf 'version: "1"\ntoolchain: none\nsteps: [{name: x, run: "echo root >$STAGE/x"}]\n' >"$ROOT/ports/made/a/recipe.yaml"
    cp -R "$ROOT/ports/made" "$ROOT/ports/other"
    wl made/a
    is "$(cat "$OUT/made/a/x")" root
    printf 'version: "1"\ntoolchain: none\nsteps: [{name: x, run: "echo mine >$STAGE/x"}]\n' | port made/a
    wl made/a
    is "$(cat "$OUT/made/a/x")" mine
    wl other/a
    is "$(cat "$OUT/other/a/x")" root
    wl list
    is "$(grep -c made/a .out)" 1 'lines for made/a'
}

test_native_toolchain() {
    command -v cc >/dev/null && command -v make >/dev/null || skip 'no compiler'
    port libs/two <<'END'
version: "2"
toolchain: native
steps:
  - name: build
    run: |
      echo 'int two(void) { return 2; }' >two.c
      $CC $CFLAGS -c two.c
      $AR rc libtwo.a two.o
      mkdir -p "$STAGE/lib/pkgconfig" "$STAGE/include"
      cp libtwo.a "$STAGE/lib/"
      echo 'int two(void);' >"$STAGE/include/two.h"
END
    port made/a <<'END'
version: "1"
toolchain: native
needs: [libs/two]
contains: [bin/a]
steps:
  - name: build
    run: |
      printf '#include <two.h>\n#include <stdio.h>\nint main(void) { printf("%%d %%s\\n", two(), __FILE__); return two() != 2; }\n' >a.c
      $CC $CPPFLAGS $CFLAGS -g "$BUILD/a.c" $LDFLAGS -ltwo -o a
      mkdir -p "$STAGE/bin"
      cp a "$STAGE/bin/"
END
    wl made/a
    status 0
    run "$OUT/made/a/bin/a"
    out '2 /wl/build/a.c'
    wl --no-sandbox made/a
    status 0
    # The result contains no path of this machine, even without the sandbox.
    run "$OUT/made/a/bin/a"
    out '2 /wl/build/a.c'
    ! grep -qF "$T" "$OUT/made/a/bin/a" || fail 'names the temporary directory'
}

main "$@"
