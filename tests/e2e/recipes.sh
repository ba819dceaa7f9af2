#!/bin/bash
# Errors that are found before anything runs: in names, options, recipes. Each gives one message, with file and line if
# there is one, and changes nothing.
# shellcheck source=tests/e2e/lib.sh disable=SC2317
. "$(dirname -- "$0")/lib.sh"

# The recipe is wrong: class 3, and the position.
bad_recipe() {
    wl build "$1"
    clean_failure 3
    err "$PORTS/$1/recipe.yaml:$2: "
    shift 2
    err "$@"
    not_there "$OUT" "$CACHE/logs/made" "$CACHE/artifacts/"*
}

test_unknown_port_gets_a_suggestion() {
    simple libs/zlib
    simple python/v3.11.2
    wl build libs/zlip
    clean_failure 3
    err "there is no port 'libs/zlip'" 'did you mean libs/zlib?'
    wl pyton/v3.11.2
    clean_failure 3
    err 'did you mean python/v3.11.2?'
    wl python/3.11.3
    clean_failure 3
    err "there is no port 'python/3.11.3'" 'did you mean python/v3.11.2?'
    for command in build run info fetch test clean; do
        wl $command no-such/port
        clean_failure 3
        err "there is no port 'no-such/port'" 'wl-make list'
    done
}

test_a_bare_word_that_is_nearly_a_port_gets_a_hint() {
    simple libs/zlib
    wl zlip
    clean_failure 2
    err "'zlip'" 'libs/zlib'
}

test_a_port_may_be_named_in_several_ways() {
    simple python/v3.11.2
    simple python/v3.11.10
    simple python/v3.9.1
    simple libs/zlib
    local name
    for name in python/v3.11.2 python/3.11.2 ports/python/v3.11.2 ports/python/v3.11.2/ ./ports/python/3.11.2; do
        wl info "$name"
        status 0
        out 'port         python/v3.11.2'
    done
    wl info python/3.11
    out 'port         python/v3.11.10'
    wl info python/3
    out 'port         python/v3.11.10'
    wl info python
    out 'port         python/v3.11.10'
    wl info python/3.1
    clean_failure 3
    wl info zlib
    out 'port         libs/zlib'
    wl zlib
    status 0
    there "$OUT/libs/zlib/share/zlib"
}

test_several_ports_of_one_name() {
    simple libs/zlib
    simple tools/zlib
    local command
    for command in '' build info 'test --own'; do
        # shellcheck disable=SC2086 # words
        wl $command zlib
        clean_failure 3
        err "2 ports are named 'zlib'" 'did you mean libs/zlib or tools/zlib?'
    done
}

test_names_of_tests_are_not_dropped() {
    simple native-python/v1.0 'tests: [{name: own, run: "true"}]'
    wl test native-python/v1.0
    status 0
    out '1 passed'
    wl test native-python/v1.0 test_json
    clean_failure 3
    err "there is no port 'test_json'"
}

# --json has a value with test, and none with outdated.
test_an_option_before_the_command() {
    simple made/a 'tests: [{name: own, run: "true"}]'
    wl --json r.json test made/a
    status 0
    out '1 passed'
    wl --json outdated made/a
    status 0
    "$PYTHON" -c 'import json; json.load(open(".out"))' || fail 'no JSON'
}

test_unknown_option() {
    simple a/b
    wl build --ofline a/b
    clean_failure 2
    err 'unknown option --ofline' 'did you mean --offline?'
    wl build --nonsense a/b
    clean_failure 2
    err 'unknown option --nonsense' '--help'
    wl -x a/b
    clean_failure 2
    err 'unknown option -x'
    wl list --offline
    clean_failure 2
    err 'unknown option --offline'
    not_there "$OUT"
}

test_option_values_are_checked() {
    simple a/b
    local n
    for n in 0 -1 x 1025 '' 2x 99999999999999999999; do
        wl -j "$n" a/b
        clean_failure 2
        err '--jobs takes a number from 1 to 1024'
    done
    wl --color blue a/b
    clean_failure 2
    err '--color takes auto, always or never'
    wl a/b --output ''
    clean_failure 2
    wl a/b --source
    clean_failure 2
    err '--source needs a value'
    wl --quiet=yes a/b
    clean_failure 2
    err '--quiet takes no value'
    run env WL_MAKE_ROOT="$ROOT" "$WL_MAKE" --cache-dir "$CACHE" --ports "$T/nowhere" list
    clean_failure 2
    err "$T/nowhere"
}

test_unknown_command() {
    wl biuld
    clean_failure 2
    err "there is no command 'biuld'" 'did you mean build?'
    run "$WL_MAKE" help biuld
    clean_failure 2
    err "'biuld'"
    wl build
    clean_failure 2
    err 'no port is named'
}

test_malformed_yaml() {
    port made/a <<'END'
version: "1"
steps:
  - name: x
   run: true
END
    bad_recipe made/a 4 'not valid YAML'
    printf 'version: "1\n' | port made/b
    bad_recipe made/b 2 'not valid YAML'
    printf 'version: "1"\n\tsteps: []\n' | port made/c
    bad_recipe made/c 2 'not valid YAML'
    printf -- '- version\n- "1"\n' | port made/d
    bad_recipe made/d 1 'a recipe is a mapping'
    : | port made/e
    bad_recipe made/e 1 'empty'
    printf 'version: "1"\0\n' | port made/f
    wl made/f
    clean_failure 3
    err 'NUL'
    printf 'summary: \xff\xfe\n' | port made/g
    bad_recipe made/g 1 'not valid YAML'
}

test_unknown_key() {
    simple made/a 'stepps: []'
    bad_recipe made/a 4 "unknown key 'stepps'" "did you mean 'steps'?"
    simple made/b 'sources:' '  - url: file:x' '    sha265: abc'
    bad_recipe made/b 6 "unknown key 'sha265'" "did you mean 'sha256'?"
    simple made/c 'qwertyuiop: 1'
    bad_recipe made/c 4 "unknown key 'qwertyuiop'" 'docs/recipes.md'
}

test_a_key_twice() {
    simple made/a 'version: "2"'
    bad_recipe made/a 4 "the key 'version' is repeated" 'line 2'
    simple made/b 'sources:' '  - url: file:x' '    strip: 1' '    url: file:y'
    bad_recipe made/b 7 "the key 'url' is repeated" 'line 5'
}

test_wrong_type() {
    simple made/a 'needs: libs/zlib'
    bad_recipe made/a 4 ''
    simple made/b 'needs: {libs: zlib}'
    bad_recipe made/b 4 ''
    simple made/c 'min-sdk: many'
    bad_recipe made/c 4 ''
    simple made/d 'abstract: perhaps'
    bad_recipe made/d 4 ''
    simple made/e 'homepage: [a, b]'
    bad_recipe made/e 4 ''
    simple made/f 'sources:' '  - just a string'
    bad_recipe made/f 5 ''
}

test_wrong_values() {
    simple made/a 'date: yesterday'
    bad_recipe made/a 4 'is not a day'
    simple made/b
    sed -i 's/^toolchain: none/toolchain: gcc/' "$PORTS/made/b/recipe.yaml"
    bad_recipe made/b 3 '"gcc" is none of wasi, native, clang, none'
    simple made/c 'env: [NOTHING]'
    bad_recipe made/c 4 'is not NAME=value'
    simple made/d 'contains: [../../x]'
    bad_recipe made/d 4 'leads out of the artifact'
    simple made/e 'patches: [no.patch]'
    bad_recipe made/e 4 'there is no' 'no.patch'
    simple made/f 'files: [../../x]'
    bad_recipe made/f 4 'leads out of its directory'
    simple made/g 'homepage: "${colour}"'
    bad_recipe made/g 4 '${colour}'
    printf 'version: "1"\ntoolchain: none\n' | port made/h
    bad_recipe made/h 1 "no 'steps'"
    printf 'toolchain: none\nsteps: [{name: a, run: "true"}]\n' | port made/i
    bad_recipe made/i 1 "no 'version'"
    printf 'version: "1"\nsteps: [{name: a}]\n' | port made/j
    bad_recipe made/j 2 "a 'name' and a 'run'"
    printf 'version: "1"\nsteps: [{name: ../a, run: "true"}]\n' | port made/k
    bad_recipe made/k 2 'the name "../a"'
    printf 'version: "1/../.."\nsteps: [{name: a, run: "true"}]\n' | port made/l
    bad_recipe made/l 1 'version "1/../.."'
}

test_missing_hash() {
    simple made/a 'sources:' '  - url: https://example.org/a.tar.gz'
    bad_recipe made/a 5 "no 'sha256'" 'https://example.org/a.tar.gz'
    simple made/b 'sources:' '  - url: https://example.org/a.tar.gz' '    sha256: 123'
    bad_recipe made/b 6 'is not 64 lower-case hexadecimal digits'
    simple made/c 'sha256: 29e4b8f5f1658542a8c13e2dd277358c9c48f2b2f7318652ef1675e402b9d2af'
    bad_recipe made/c 4 "no 'sources'"
    simple made/d 'sources:' '  - sha256: 29e4b8f5f1658542a8c13e2dd277358c9c48f2b2f7318652ef1675e402b9d2af'
    bad_recipe made/d 5 "without 'url'"
    simple made/e 'sources:' '  - url: https://example.org/a.tar.gz' \
        '    sha256: 29e4b8f5f1658542a8c13e2dd277358c9c48f2b2f7318652ef1675e402b9d2af' \
        '    also: [{url: "https://example.org/b.tar.gz"}]'
    bad_recipe made/e 7 "no 'sha256'"
}

test_wrong_addresses() {
    local hash=29e4b8f5f1658542a8c13e2dd277358c9c48f2b2f7318652ef1675e402b9d2af url n=0
    for url in http://example.org/a.tar.gz ftp://example.org/a.tar.gz example.org/a.tar.gz https://example.org/ \
        https:// git+https://example.org/a git+https://example.org/a#main https://me:secret@example.org/a.tar.gz; do
        n=$((n + 1))
        simple "made/a$n" 'sources:' "  - url: \"$url\"" "    sha256: $hash"
        bad_recipe "made/a$n" 5 ''
    done
}

test_missing_need() {
    simple libs/zlib
    simple made/a 'needs:' '  - libs/zlib' '  - libs/zzlib'
    bad_recipe made/a 6 'made/a needs libs/zzlib' "there is no port 'libs/zzlib'" 'did you mean libs/zlib?'
    simple made/b 'build-needs: [no-such/port]'
    bad_recipe made/b 4 'no-such/port'
    simple made/c 'test-needs: [no-such/port]'
    wl made/c
    status 0
    wl test made/c
    status 3
    err "$PORTS/made/c/recipe.yaml:4: " 'no-such/port'
}

test_cycle() {
    simple made/a 'needs: [made/b]'
    simple made/b 'build-needs: [made/c]'
    simple made/c 'needs:' '  - made/a'
    wl made/a
    clean_failure 3
    err "$PORTS/made/c/recipe.yaml:5: " 'a cycle of needs: made/a -> made/b -> made/c -> made/a'
    simple made/d 'needs: [made/d]'
    bad_recipe made/d 4 'a cycle of needs: made/d -> made/d'
    simple made/e 'from: made/f'
    simple made/f 'from: made/e'
    wl made/e
    clean_failure 3
    err "'from' makes a cycle"
    simple made/g 'from: made/nothing'
    bad_recipe made/g 4 "'from' names made/nothing"
}

test_a_switch_leaves_a_part_out() {
    simple libs/tls
    port app/base <<'END'
abstract: true
toolchain: none
needs: [libs/tls if ssl]
steps:
  - name: x
    run: |
      mkdir "$STAGE/d"
      echo "${VAR_SSL:-without} ${NEED_LIBS_TLS:-none}" >"$STAGE/d/text"
      test -z "$VAR_SSL" || touch "$STAGE/d/tls"
contains: [d/text, d/tls if ssl]
END
    printf 'from: app/base\nversion: "1"\n' | port app/v1
    printf 'from: app/v1\nversion: "1"\nssl: false\n' | port app/v1-small
    wl app/v1
    status 0
    grep -q '^1 .*/libs-tls$' "$OUT/app/v1/d/text" || fail "$(cat "$OUT/app/v1/d/text")"
    wl --dry-run app/v1-small
    not_out libs/tls
    wl app/v1-small
    status 0
    is "$(cat "$OUT/app/v1-small/d/text")" 'without none'
    not_there "$OUT/app/v1-small/d/tls"
    wl info app/v1-small
    out 'vars         ssl='
    simple libs/plain 'ssl: false'
    bad_recipe_after app/v1 libs/plain 4 'nothing in this recipe depends on it'
    simple libs/odd 'needs: [libs/tls if tls]'
    bad_recipe_after app/v1 libs/odd 4 "there is no switch 'tls'"
}

# A recipe becomes invalid while others are being built.
bad_recipe_after() {
    shift
    wl build "$1"
    clean_failure 3
    err "$PORTS/$1/recipe.yaml:$2: "
    shift 2
    err "$@"
}

test_adding_to_what_is_inherited() {
    archive a.tar.gz file=one
    archive b.tar.gz more=two
    simple libs/a
    simple libs/b
    from_url app/v1 "file:$T/a.tar.gz" "$(sha256 a.tar.gz)" 'needs: [libs/a]' 'patches: [one.patch]' 'files: [one.txt]'
    sed -i 's|run: .*|run: env \| grep -o "^NEED_LIBS_." >"$STAGE/needs"; ls "$FILES" >"$STAGE/files"; cp -R "$SRC/." "$STAGE/"|' \
        "$PORTS/app/v1/recipe.yaml"
    printf -- '--- a/file\n+++ b/file\n@@ -1 +1 @@\n-one\n+two\n' >"$PORTS/app/v1/one.patch"
    : >"$PORTS/app/v1/one.txt"
    port app/mine <<END
from: app/v1
add-needs: [libs/b]
add-patches: [one.patch]
add-files: [two.txt]
add-sources:
  - url: file:$T/b.tar.gz
    sha256: $(sha256 b.tar.gz)
    into: extra
END
    printf -- '--- a/file\n+++ b/file\n@@ -1 +1 @@\n-two\n+three\n' >"$PORTS/app/mine/one.patch"
    : >"$PORTS/app/mine/two.txt"
    wl app/mine
    status 0
    is "$(cat "$OUT/app/mine/file")" three
    is "$(sort "$OUT/app/mine/needs" | tr '\n' ' ')" 'NEED_LIBS_A NEED_LIBS_B '
    is "$(tr '\n' ' ' <"$OUT/app/mine/files")" 'one.txt two.txt '
    is "$(cat "$OUT/app/mine/extra/more")" two
    printf 'add-needs:\n  - libs/b\n  - libs/lost\nfrom: app/v1\n' | port app/bad
    bad_recipe_after app/v1 app/bad 3 'app/bad needs libs/lost'
}

test_all_is_checked_before_anything_runs() {
    simple made/good
    printf 'version: "1"\nneeds: [made/good]\nstepps: []\n' | port made/bad
    simple made/top 'needs: [made/good, made/bad]'
    wl made/top
    clean_failure 3
    not_err 'made/good: '
    not_there "$OUT"
}

test_a_broken_recipe_hurts_only_those_that_use_it() {
    simple made/good
    printf 'nonsense: 1\n' | port made/bad
    wl made/good
    status 0
    wl list
    status 3
    out made/good made/bad 'broken' "unknown key 'nonsense'"
    wl zlib
    err 'there is no'
}

test_abstract_and_family_recipes() {
    printf 'abstract: true\nsummary: base\ntoolchain: none\nvars: ["colour=red", "size=big"]\nsteps:\n  - name: x\n    run: mkdir "$STAGE/d"; echo "$VERSION $VAR_COLOUR $VAR_SIZE ${0##*/}" >"$STAGE/d/text"\n' |
        port lib/base
    printf 'from: lib/base\nversion: "1.2"\nvars: ["colour=green"]\n' | port lib/v1.2
    printf 'for-each: lib\nfrom: lib/base\nvars: ["size=small"]\n' | port build-lib
    wl lib/base
    clean_failure 3
    wl lib/v1.2
    status 0
    is "$(cat "$OUT/lib/v1.2/d/text")" '1.2 green big sh'
    wl build-lib/v1.2
    status 0
    # The members of the family keep what they do not take from the port that they are made for.
    grep -q '^1.2 .* small sh$' "$OUT/build-lib/v1.2/d/text" || fail "$(cat "$OUT/build-lib/v1.2/d/text")"
    wl list
    out 'build-lib/v1.2' 'lib/v1.2'
    not_out 'lib/base'
    wl list --all
    out 'lib/base'
}

main "$@"
