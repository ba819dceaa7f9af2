#!/bin/bash
# The commands around building, what they print and where, terminals, and wl-make.sh.
# shellcheck source=tests/e2e/lib.sh disable=SC2317,SC2016
. "$(dirname -- "$0")/lib.sh"

commands='build run list info fetch test check clean doctor help'
esc=$'\033'

test_help() {
    run "$WL_MAKE"
    status 0
    cp .out plain
    run "$WL_MAKE" help
    cmp plain .out || fail 'help is not what no argument gives'
    run "$WL_MAKE" --help
    cmp plain .out || fail '--help is not what help gives'
    run "$WL_MAKE" -h
    cmp plain .out
    [ ! -s .err ] || fail 'help on stderr'
    local command
    for command in $commands; do
        out "  $command "
    done
    out 'Exit status'
    awk 'length > 120 { exit 1 }' .out || fail 'a long line'
}

test_help_of_every_command() {
    local command
    for command in $commands; do
        run "$WL_MAKE" "$command" --help
        status 0
        [ "$command" = help ] || out "Usage: wl-make " '--help' '--color'
        [ ! -s .err ] || fail 'help on stderr'
        cp .out one
        [ "$command" = help ] || out "man wl-make-$command"
        run "$WL_MAKE" help "$command"
        status 0
        [ "$command" = help ] || cmp one .out || fail "help $command differs from $command --help"
        run "$WL_MAKE" --help "$command"
        status 0
        awk 'length > 120 { exit 1 }' .out || fail 'a long line'
    done
    # Help needs neither a checkout nor a home directory.
    run env -i "$WL_MAKE" build --help
    status 0
}

test_help_touches_nothing() {
    run env HOME="$T/home" "$WL_MAKE" help
    run env HOME="$T/home" "$WL_MAKE" build --help
    run env HOME="$T/home" "$WL_MAKE" --version
    status 0
    grep -qE '^wl-make [0-9]+\.[0-9]+\.[0-9]+$' .out || fail 'no version'
    is "$(find "$T/home" -mindepth 1 | wc -l)" 0 'files made'
}

test_list() {
    simple libs/zlib 'homepage: https://example.org'
    simple python/v3.9.1
    simple python/v3.11.2
    simple python/v3.11.10
    printf 'abstract: true\n' | port python/base
    wl list
    status 0
    is "$(awk '{ print $1 }' .out | tr '\n' ' ')" 'libs/zlib python/v3.9.1 python/v3.11.2 python/v3.11.10 '
    out 'made up'
    wl list zlib
    is "$(wc -l <.out)" 1 'lines'
    wl list --all
    out 'python/base'
    wl libs/zlib
    wl list zlib
    out 'built'
    wl list no-such-thing
    status 0
    [ ! -s .out ] || fail 'lists something'
}

test_packages() {
    packages() {
        WL_MAKE_ROOT=$ROOT run "$WL_MAKE" packages --ports "$PORTS" "$@"
    }
    port pypi/base <<<'abstract: true'
    port pypi/refused <<<'{from: pypi/base, abstract: true, vars: ["unavailable=it needs a moon"]}'
    port pypi/helped <<<'{from: pypi/base, abstract: true}'
    packages
    status 0
    grep -qE '^helped +recipe *$' .out || fail 'a package that nobody has tried'
    mkdir -p "$ROOT/ports/pypi"
    printf '%s\n' 'the first line' $'helped\t1.5\tbuilds\t7000000\t100\t2\t3\t' $'alone\t2.0\tbuilds\t\t\t\t\t' \
        $'light\t\tpure\t\t\t\t\t' $'broken\t\tfails\t\t\t\t\tno compiler likes it' >"$ROOT/ports/pypi/tried.tsv"
    packages
    status 0
    grep -qE '^alone +2\.0 +as it is *$' .out || fail 'a package without recipe'
    grep -qE '^helped +1\.5 +recipe +7\.0 MB +100 passed, 2 failed, 3 skipped *$' .out || fail 'a package with recipe'
    grep -qE '^broken +no +no compiler likes it$' .out || fail 'a package that does not build'
    grep -qE '^light +pure *$' .out || fail 'a package that has a wheel without native code'
    grep -qE '^refused +no +it needs a moon$' .out || fail 'a package that is refused'
    is "$(sed 's/ .*//' .out | tr '\n' ' ')" 'package alone broken helped light refused '
    packages elp rok
    is "$(sed 's/ .*//' .out | tr '\n' ' ')" 'package broken helped '
    packages nonesuch
    status 2
    err 'nothing is known of nonesuch' 'wl-make wheel'
    for line in $'x\t1\tbuilds' $'x\t1\tbuilds\t-1\t\t\t\t' $'x\t1\tbuilds\tmany\t\t\t\t' $'\t1\tbuilds\t\t\t\t\t' $'x\t1\tbuilds\t\t\t\t\t\t' \
        $'x\t\xff\tbuilds\t\t\t\t\t' $'x\t1\tbuilds\t99999999999999999999\t\t\t\t'; do
        printf '%s\n' 'the first line' "$line" >"$ROOT/ports/pypi/tried.tsv"
        packages
        status 1
        err 'ports/pypi/tried.tsv:2: not a line with 8 columns'
    done
}

test_info() {
    archive a.tar.gz hello=world
    simple libs/dep
    mkdir -p "$PORTS/made/a"
    printf -- '--- a/hello\n+++ b/hello\n@@ -1 +1 @@\n-world\n+Welt\n' >"$PORTS/made/a/german.patch"
    from_url made/a "file:$T/a.tar.gz" "$(sha256 a.tar.gz)" 'patches: [german.patch]' 'needs: [libs/dep]' \
        'homepage: https://example.org/a' 'license: MIT' 'summary: A thing' 'date: 2024-01-31' \
        'tests: [{name: t, run: "true"}]'
    wl info made/a
    status 0
    out 'port         made/a' 'version      1' 'summary      A thing' 'https://example.org/a' MIT 2024-01-31 \
        "$(sha256 a.tar.gz)" german.patch libs/dep install "$PORTS/made/a/recipe.yaml" '(not built)' '(not there)'
    wl made/a
    wl info made/a libs/dep
    status 0
    not_out '(not built)'
    out 'port         libs/dep' "$OUT/made/a" 'fetched  '
    is "$(grep -c '^key  *[0-9a-f]\{64\}$' .out)" 2 'keys'
    wl info
    clean_failure 2
}

# A made-up Python with a table of modules; printf expands the text.
with_modules() {
    mkdir -p "$PORTS/python/v3.13.5"
    printf "$1" >"$PORTS/python/v3.13.5/modules.tsv"
    port python/v3.13.5 <<'END'
version: "3.13.5"
toolchain: none
files: [modules.tsv]
steps:
  - name: x
    run: mkdir "$STAGE/share"; cp "$FILES/modules.tsv" "$STAGE/share/"
END
}

test_info_modules() {
    with_modules 'module\tstatus\tnote\n_ssl\tno\tbuilt with `ssl: false`\nzlib\tyes\t\nname_of_ümlaut\tyes\tnot – quite\nx.y\tyes\n'
    wl info --modules python/3.13
    clean_failure 2
    err 'python/v3.13.5 has not been built' 'wl-make build python/v3.13.5'
    not_there "$OUT"
    wl python/3.13
    wl info --modules python/3.13
    status 0
    printf '%s\n' 'module          status  note' '_ssl            no      built with `ssl: false`' 'zlib            yes' \
        'name_of_ümlaut  yes     not – quite' 'x.y             yes' '' 'python/v3.13.5: 4 modules, 3 yes, 1 no' >expected
    cmp expected .out || fail "$(diff expected .out)"
    wl info --modules python/3.13 --debug
    clean_failure 2
    err 'wl-make build python/v3.13.5 --debug'
}

test_info_modules_of_what_has_none() {
    simple libs/zlib
    wl libs/zlib
    wl info --modules libs/zlib
    clean_failure 2
    err 'libs/zlib has no table of modules (share/modules.tsv' 'python/'
    local text line
    for text in '' 'module\tstatus\tnote\nzlib\tperhaps\t\n' 'module\tstatus\tnote\nzlib\n' 'a\tb\tc\nzlib\tyes\tx\ty\n' \
        'a\tb\tc\n\tyes\tx\n' 'a\tb\tc\nzlib\tyes\t\033[31m\n' 'a\tb\tc\nzlib\tyes\t\377\n' 'a\tb\tc\nzlib\tyes\t\300\257\n'; do
        with_modules "$text"
        wl -q python/3.13
        wl info --modules python/3.13
        clean_failure 1
        err 'modules.tsv' 'the recipe of the port is wrong'
        line=$(printf "$text" | wc -l)
        [ -z "$text" ] || err ":$line: not "
    done
}

test_doctor() {
    wl doctor
    # The machine decides whether everything is installed, but the output has the same form.
    [ "$st" = 0 ] || [ "$st" = 6 ] || fail "exit status $st"
    out cc make patch toolchain sandbox "$CACHE" "$OUT"
    [ "$st" = 0 ] || err 'missing'
    export WASI_SDK_ROOT=$T/nowhere
    wl doctor
    clean_failure 6
    out "WASI_SDK_ROOT is $T/nowhere"
}

test_results_go_to_stdout_and_messages_to_stderr() {
    simple made/a
    wl made/a
    grep -qxE "made/a: $OUT/made/a \([0-9]+ B\)" .out || fail 'no result on stdout'
    is "$(wc -l <.out)" 1 'lines on stdout'
    not_err "$OUT"
    is "$(grep -cE '^\[1/1\] made/a' .err)" 2 'lines'
}

test_color() {
    simple made/a
    wl made/a
    ! grep -q "$esc" .err .out || fail 'colours in a file'
    wl clean made/a
    wl --color always made/a
    grep -q "$esc" .err || fail 'no colours'
    wl --color=always list
    grep -q "$esc" .out || fail 'no colours'
    NO_COLOR=1 wl --color=always list
    grep -q "$esc" .out || fail 'the option must win over NO_COLOR'
    wl --color never no/such
    ! grep -q "$esc" .err || fail 'colours'
    wl --color always no/such
    grep -q "${esc}\[31merror" .err || fail 'no red'
}

# The tool on a terminal.
on_terminal() {
    local script=$1
    shift
    run env WL_MAKE_ROOT="$ROOT" "$PYTHON" "$E2E/help.py" terminal "$script" "$@"
}

test_color_on_a_terminal() {
    simple made/a
    on_terminal '' "$WL_MAKE" --cache-dir "$CACHE" --ports "$PORTS" list
    grep -q "$esc" .out || fail 'no colours'
    NO_COLOR=1 on_terminal '' "$WL_MAKE" --cache-dir "$CACHE" --ports "$PORTS" list
    ! grep -q "$esc" .out || fail 'colours'
    NO_COLOR='' on_terminal '' "$WL_MAKE" --cache-dir "$CACHE" --ports "$PORTS" list
    grep -q "$esc" .out || fail 'an empty NO_COLOR is none'
}

slow_port() {
    printf 'version: "1"\ntoolchain: none\nsteps:\n  - name: slow\n    run: |\n      echo words\n      sleep 3\n      : >"$STAGE/x"\n' |
        port "$1"
}

test_live_line_on_a_terminal_and_plain_lines_elsewhere() {
    slow_port made/a
    on_terminal $'expect [1/1] made/a: slow 0:01' "$WL_MAKE" --cache-dir "$CACHE" --output "$OUT" --ports "$PORTS" made/a
    status 0
    err 'exit 0'
    out "${esc}[K" 'made/a' 'done in'
    # At the end the live line is gone, and only the permanent lines are left.
    tr '\r' '\n' <.out | grep -F 'done in' >/dev/null || fail 'no end'
    not_out 'words'
    wl clean made/a
    wl made/a
    ! grep -q -e $'\r' -e "$esc" .err || fail 'a live line in a file'
    err '[1/1] made/a: slow'
    wl clean made/a
    TERM=dumb on_terminal '' env TERM=dumb "$WL_MAKE" --cache-dir "$CACHE" --output "$OUT" --ports "$PORTS" made/a
    ! grep -q "${esc}\[K" .out || fail 'a live line on a dumb terminal'
    wl clean made/a
    on_terminal '' "$WL_MAKE" -v --cache-dir "$CACHE" --output "$OUT" --ports "$PORTS" made/a
    out words
    wl clean made/a
    on_terminal '' "$WL_MAKE" -q --cache-dir "$CACHE" --output "$OUT" --ports "$PORTS" made/a
    says_nothing .out
}

test_live_line_fits_the_terminal() {
    slow_port "made/a-very-long-name-of-a-port-äöü-that-no-terminal-of-eighty-columns-can-hold-in-one-line-at-all"
    on_terminal '' "$WL_MAKE" --cache-dir "$CACHE" --output "$OUT" --ports "$PORTS" \
        "made/a-very-long-name-of-a-port-äöü-that-no-terminal-of-eighty-columns-can-hold-in-one-line-at-all"
    status 0
    "$PYTHON" - <<'END' || fail 'a line of more than 79 columns, or half a letter'
import os
text = open(os.environ["T"] + "/.out", "rb").read().decode()  # strict: no half letter
live = [part.split("\x1b[K")[-1] for part in text.split("\r") if "\x1b[K" in part]
assert live and all(len(line.split("\n")[0]) <= 80 or "done in" in line or "/out/" in line
                    or line.startswith("building without a sandbox") for line in live), live
END
}

test_stdout_that_is_closed_or_full() {
    simple made/a
    local command
    for command in 'list' 'help' 'info made/a' 'build --help' 'build --dry-run made/a' '--version'; do
        # shellcheck disable=SC2086
        st=0
        WL_MAKE_ROOT=$ROOT timeout 30 "$WL_MAKE" $command --ports "$PORTS" >/dev/full 2>.err || st=$?
        : >.out
        clean_failure 7
        err 'stdout' 'No space left on device'
        st=0
        # shellcheck disable=SC2086
        WL_MAKE_ROOT=$ROOT timeout 30 "$WL_MAKE" $command --ports "$PORTS" >&- 2>.err || st=$?
        clean_failure 7
        err 'stdout'
    done
}

test_built_well_though_stdout_is_closed() {
    simple made/a
    simple made/b
    st=0
    WL_MAKE_ROOT=$ROOT timeout 30 "$WL_MAKE" --cache-dir "$CACHE" --output "$OUT" --ports "$PORTS" made/a >&- 2>.err || st=$?
    there "$OUT/made/a/share/a"
    is "$(cat "$OUT/made/a/share/a")" made/a
    # With all three streams closed, no output may land in a file that got one of their numbers.
    st=0
    WL_MAKE_ROOT=$ROOT timeout 30 "$WL_MAKE" --cache-dir "$CACHE" --output "$OUT" --ports "$PORTS" -v made/b <&- >&- 2>&- || st=$?
    there "$OUT/made/b/share/b"
    is "$(cat "$OUT/made/b/share/b")" made/b
    ! grep -rlF 'made/b: ' "$CACHE" "$OUT" || fail 'output of the tool in a file'
    wl -q made/a made/b
    status 0
}

test_stderr_that_is_closed_or_full() {
    simple made/a
    st=0
    WL_MAKE_ROOT=$ROOT timeout 30 "$WL_MAKE" --cache-dir "$CACHE" --output "$OUT" --ports "$PORTS" made/a >.out 2>/dev/full || st=$?
    status 0
    there "$OUT/made/a/share/a"
    st=0
    WL_MAKE_ROOT=$ROOT timeout 30 "$WL_MAKE" --cache-dir "$CACHE" --output "$OUT" --ports "$PORTS" no/such >.out 2>&- || st=$?
    status 3
}

# A made-up Python and a made-up runner that prints how it was called.
made_up_python() {
    port toolchain/wl-run <<'END'
version: "1"
toolchain: none
steps:
  - name: x
    run: |
      mkdir "$STAGE/bin"
      printf '#!/bin/sh\nfor a; do printf "<%%s>\\n" "$a"; done\n[ ! -t 0 ] && cat\nexit "${RUNNER_STATUS-0}"\n' >"$STAGE/bin/wl-run"
      chmod +x "$STAGE/bin/wl-run"
END
    port python/v3.11.2 <<'END'
version: "3.11.2"
toolchain: none
steps:
  - name: x
    run: mkdir -p "$STAGE/bin" "$STAGE/usr/local/lib"; echo wasm >"$STAGE/bin/python.wasm"; echo zip >"$STAGE/usr/local/lib/python311.zip"
END
}

test_run_hands_over_to_the_runner() {
    made_up_python
    wl run python/3.11 --quick --env A=1 --dir=.::/x --mapdir /y::. -- -c 'print(1)' --help ''
    status 0
    is "$(grep -vF -e --cache-dir .out | tr '\n' ' ')" \
        "<--dir=$OUT/python/v3.11.2/usr/local::/usr/local::ro> <--quick> <--env=A=1> <--dir=.::/x> <--mapdir=/y::.> <$OUT/python/v3.11.2/bin/python.wasm> <--> <-c> <print(1)> <--help> <> "
    out "<--cache-dir=$CACHE/compiled>"
    err 'python/v3.11.2: done'
    # The second time the tool prints nothing at all.
    st=0
    printf 'to the guest\n' | WL_MAKE_ROOT=$ROOT RUNNER_STATUS=42 "$WL_MAKE" run --cache-dir "$CACHE" --output "$OUT" \
        --ports "$PORTS" python/v3.11.2 script.py -v >.out 2>.err || st=$?
    status 42
    out 'to the guest' '<script.py>' '<-v>'
    [ ! -s .err ] || fail 'output on stderr'
}

test_run_says_where_the_words_of_the_program_go() {
    made_up_python
    wl run python/v3.11.2 -c 'print(1)'
    clean_failure 2
    err 'unknown option -c' "the program's own options come after --" 'wl-make run python/v3.13.5 -- -c'
    wl run --mapdir /w:folder python/v3.11.2
    clean_failure 2
    err 'cannot use --mapdir /w:folder' '--mapdir /w::folder'
}

test_run_checks_the_options_of_the_runner_before_it_builds() {
    made_up_python
    local options
    while read -r options; do
        # shellcheck disable=SC2086
        wl run $options python/v3.11.2
        clean_failure 2
    done <<'END'
--max-memory 1x
--max-memory=
--max-wasm-stack 1K
--dir nowhere::/x
--dir=recipe::/x::rw
--dir-ro nowhere
--env =x
--maxmemory 1G
--quick=1
--mapdir
END
    wl run --dir nowhere::/x python/v3.11.2
    err 'cannot give the guest the directory nowhere as /x: No such file or directory'
    wl run --max-memory 1x python/v3.11.2
    err 'cannot use --max-memory 1x' '--max-memory SIZE'
    not_there "$OUT"
    # All valid arguments are passed on, in their order.
    mkdir -p d
    wl run --max-memory 64M --dir-ro d --env HOME --max-wasm-stack=1M python/v3.11.2
    status 0
    is "$(grep -E '^<--(max|dir-ro|env)' .out | tr '\n' ' ')" '<--max-memory=64M> <--dir-ro=d> <--env=HOME> <--max-wasm-stack=1M> '
}

# A second run makes no new plan, but notices everything that could change the plan.
test_run_notices_changes() {
    made_up_python
    local again="wl run python/v3.11.2" dir=$OUT/python/v3.11.2
    mkdir -p "$PORTS/python/v3.11.2/add/sub"
    echo 1 >"$PORTS/python/v3.11.2/add/sub/a"
    cat >>"$PORTS/python/v3.11.2/recipe.yaml" <<'END'
files: [add]
END
    $again
    status 0
    err 'done'
    silent() {
        $again
        status 0
        [ ! -s .err ] || fail "output on stderr"
    }
    noticed() {
        $again
        status 0
        [ -s .err ] || fail "not noticed: $1"
        silent
    }
    silent
    rm "$dir/bin/python.wasm"
    silent
    there "$dir/bin/python.wasm"
    echo more >>"$PORTS/python/v3.11.2/add/sub/a"
    noticed 'a file changed'
    touch "$PORTS/python/v3.11.2/add/sub/b"
    noticed 'a file was added'
    echo '# x' >>"$PORTS/python/v3.11.2/recipe.yaml"
    $again
    status 0
    sed -i 's/echo wasm/echo wasm2/' "$PORTS/python/v3.11.2/recipe.yaml"
    noticed 'the recipe changed'
    is "$(cat "$dir/bin/python.wasm")" wasm2
    rm -r "$CACHE/artifacts"
    noticed 'the store is gone'
    # The runner is started from the store.
    local runner
    runner=$(find "$CACHE/artifacts" -name wl-run -type f)
    chmod u+w "$runner"
    printf '#!/bin/sh\nexit 1\n#' | dd of="$runner" conv=notrunc 2>/dev/null
    chmod u-w "$runner"
    noticed 'the runner is damaged'
    # A directory of ports that comes first.
    mkdir -p first
    again="run env WL_MAKE_ROOT=$ROOT $WL_MAKE run --cache-dir $CACHE --output $OUT --ports $T/first --ports $PORTS python/v3.11.2"
    $again
    mkdir -p first/python/v3.11.2
    silent
    sed 's/wasm2/wasm3/; s/files:.*//' "$PORTS/python/v3.11.2/recipe.yaml" >first/python/v3.11.2/recipe.yaml
    noticed 'a port stands before the other'
    is "$(cat "$dir/bin/python.wasm")" wasm3
    # Damaged answers in the cache are computed again.
    for f in "$CACHE"/identity/*; do echo broken >"$f"; done
    $again
    status 0
    for f in "$CACHE"/identity/*; do truncate -s 40 "$f"; done
    $again
    status 0
}

# wl-make beside a tool that says when it is started: `started N` says how often it was by now.
watched_tool() {
    mkdir -p "$1"
    cp "$WL_MAKE" "$1/wl-make"
    cp "$WL_MAKE-tool" "$1/real-tool"
    printf '#!/bin/sh\necho x >>"%s/starts"\nexec "%s/real-tool" "$@"\n' "$T" "$1" >"$1/wl-make-tool"
    chmod +x "$1/wl-make-tool"
    : >"$T/starts"
}

started() {
    status 0
    is "$(wc -l <"$T/starts")" "$1" 'starts of the tool'
}

test_run_starts_what_was_recorded() {
    made_up_python
    watched_tool "$T/bin"
    WL_MAKE=$T/bin/wl-make
    sleep 0.05 # a file that has just changed is not trusted
    wl run python/v3.11.2 -- -c 'print(1)'
    started 1
    # Other arguments for the guest, including empty ones and ones that begin with dashes.
    wl run python/v3.11.2 -- --help -- '' 'two words'
    started 1
    is "$(tail -n 5 .out | tr '\n' ' ')" '<--> <--help> <--> <> <two words> '
    out "<--cache-dir=$CACHE/compiled>" "<$OUT/python/v3.11.2/bin/python.wasm>"
    # Without "--" the command line is different, and later words could be options.
    wl run python/v3.11.2 script.py
    started 2
    wl run python/v3.11.2 other.py --engine nonsense
    started 2
    out '<other.py>' '<--engine>'
    wl run python/v3.11.2
    started 2
    wl run python/v3.11.2 --engine nonsense
    clean_failure 2
    err '--engine takes'
    # The place of options, and their values.
    wl run --env A=1 python/v3.11.2 -- x
    wl run --env A=1 python/v3.11.2 -- y
    started 4
    out '<--env=A=1>' '<y>'
    wl run --env A=2 python/v3.11.2 -- y
    started 5
    out '<--env=A=2>'
    run env "WL_MAKE_ROOT=$ROOT" "$WL_MAKE" "--cache-dir=$CACHE" --output "$OUT" --ports "$PORTS" run python/v3.11.2 -- x
    run env "WL_MAKE_ROOT=$ROOT" "$WL_MAKE" "--cache-dir=$CACHE" --output "$OUT" --ports "$PORTS" run python/v3.11.2 -- y
    started 6
    out '<y>'
    # A value that looks like the separator: only the tool can tell.
    wl run --argv0 -- python/v3.11.2 -- x
    wl run --argv0 -- python/v3.11.2 -- y
    started 8
    out '<--argv0=-->' '<y>'
    # Other commands go to the tool.
    wl list run
    started 9
}

test_run_starts_the_tool_where_a_record_says_nothing() {
    made_up_python
    watched_tool "$T/bin"
    WL_MAKE=$T/bin/wl-make
    sleep 0.05
    wl run python/v3.11.2 -- x
    wl run python/v3.11.2 -- x
    started 1
    # Another compiler could be found, and another checkout counts as a change.
    mkdir -p tools
    PATH=$T/tools:$PATH wl run python/v3.11.2 -- x
    started 2
    PATH=$T/tools:$PATH wl run python/v3.11.2 -- x
    started 2
    sleep 0.05
    : >tools/made-up
    PATH=$T/tools:$PATH wl run python/v3.11.2 -- x
    started 3
    cp -r "$ROOT" other-root
    ROOT=$T/other-root wl run python/v3.11.2 -- x
    started 4
    # The meaning of a relative path depends on the working directory.
    mkdir -p one two
    cd one || exit
    run env "WL_MAKE_ROOT=$ROOT" "$WL_MAKE" --cache-dir "$CACHE" --output o --ports "$PORTS" run python/v3.11.2
    run env "WL_MAKE_ROOT=$ROOT" "$WL_MAKE" --cache-dir "$CACHE" --output o --ports "$PORTS" run python/v3.11.2
    started 5
    out "<$T/one/o/python/v3.11.2/bin/python.wasm>"
    cd ../two || exit
    run env "WL_MAKE_ROOT=$ROOT" "$WL_MAKE" --cache-dir "$CACHE" --output o --ports "$PORTS" run python/v3.11.2
    started 6
    out "<$T/two/o/python/v3.11.2/bin/python.wasm>"
    cd ..
    # A record that is cut off, and a file that is not a record.
    local f
    for f in "$CACHE"/identity/launch-*; do truncate -s -1 "$f"; done
    wl run python/v3.11.2 -- x
    started 7
    for f in "$CACHE"/identity/launch-*; do head -c 70 /dev/urandom >"$f"; done
    wl run python/v3.11.2 -- x
    started 8
    for f in "$CACHE"/identity/launch-*; do : >"$f"; done
    wl run python/v3.11.2 -- x
    started 9
    wl run python/v3.11.2 -- x
    started 9
    # The tool itself.
    echo >>bin/real-tool
    wl run python/v3.11.2 -- x
    started 10
    # Without the tool beside it.
    rm bin/wl-make-tool
    wl list
    status 6
    err 'cannot start wl-make-tool'
}

# The runner gets the same from both: streams, no other descriptors, default signals.
test_run_from_a_record_has_a_clean_process() {
    made_up_python
    # (A shell blocks signals while it starts a program.)
    port toolchain/wl-run <<'END'
version: "1"
toolchain: none
steps:
  - name: x
    run: |
      mkdir "$STAGE/bin"
      cat >"$STAGE/bin/wl-run" <<'SCRIPT'
      #!/bin/sh
      for fd in 7 8 9; do
          [ ! -e /proc/$$/fd/$fd ] || echo "descriptor $fd is open"
      done
      while read -r line; do
          case $line in SigBlk* | SigIgn*) echo "$line" ;; esac
      done </proc/$$/status
      SCRIPT
      chmod +x "$STAGE/bin/wl-run"
END
    watched_tool "$T/bin"
    WL_MAKE=$T/bin/wl-make
    sleep 0.05
    wl run python/v3.11.2
    cp .out first
    WL_MAKE_ROOT=$ROOT "$PYTHON" - "$WL_MAKE" --cache-dir "$CACHE" --output "$OUT" --ports "$PORTS" run python/v3.11.2 >.out 2>.err <<'END' || fail 'not run'
import os, signal, sys
signal.signal(signal.SIGCHLD, signal.SIG_IGN)
for number in (signal.SIGPIPE, signal.SIGXFSZ):  # which Python ignores
    signal.signal(number, signal.SIG_DFL)
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM, signal.SIGUSR1])
os.dup2(0, 7)
os.execv(sys.argv[1], sys.argv[1:])
END
    started 1
    not_out 'descriptor 7'
    is "$(cat .out)" "$(cat first)" 'signals'
    # Descriptors that options give to the guest.
    local i
    for i in 1 2; do
        run sh -c 'exec "$@" 7</dev/null 8</dev/null 9</dev/null' sh env "WL_MAKE_ROOT=$ROOT" "$WL_MAKE" --cache-dir "$CACHE" \
            --output "$OUT" --ports "$PORTS" run --fd 7 --fd=9 python/v3.11.2
        started 2
        is "$(grep descriptor .out | tr '\n' ' ')" 'descriptor 7 is open descriptor 9 is open '
    done
    wl run --fd 7 python/v3.11.2
    clean_failure 2
    err '--fd 7: this descriptor is not open'
}

test_run_of_what_cannot_be_run() {
    made_up_python
    simple libs/zlib
    wl run libs/zlib -- x
    clean_failure 2
    err 'libs/zlib has no program (bin/*.wasm)'
    wl run
    clean_failure 2
    err 'run takes one port'
    wl run pyton/3.11
    clean_failure 3
    err 'did you mean'
    printf 'version: "1"\ntoolchain: none\nsteps: [{name: x, run: "false"}]\n' | port python/v3.11.2
    wl run python/v3.11.2
    clean_failure 1
    [ ! -s .out ] || fail 'output on stdout'
}

# meson runs the project's tests; a made-up meson shows how it is called and how its answer is used.
test_check() {
    mkdir -p bin root/.build
    cat >bin/meson <<'END'
#!/bin/sh
echo "meson $*" >>"$T/calls"
for last; do :; done
dir=$WL_MAKE_ROOT/.build/check
case $1 in
setup) mkdir -p "$dir/meson-logs" && : >"$dir/build.ninja" ;;
test)
    [ ! -e "$T/report" ] || cp "$T/report" "$dir/meson-logs/testlog.junit.xml"
    exit "$(cat "$T/status")"
    ;;
esac
END
    chmod +x bin/meson
    echo 0 >status
    printf '<testsuites><testsuite><testcase name="a"/><testcase name="b"><skipped/></testcase><testcase name="c"></testcase></testsuite></testsuites>' >report
    check() {
        run env T="$T" WL_MAKE_ROOT="$ROOT" PATH="$T/bin:$PATH" "$WL_MAKE" check --cache-dir "$CACHE" "$@"
    }
    check
    status 0
    is "$(tail -n 4 .out)" "$(printf '\n1 skipped:\n  1 no reason given\n2 passed, 0 failed, 1 skipped')"
    # By reason, the most frequent first.
    {
        echo '<testsuites><testsuite><testcase name="a"/>'
        for n in 1 2 3; do
            printf '<testcase name="s%s"><skipped/><system-out>no &lt;such&gt; thing &amp; more\n</system-out></testcase>\n' $n
        done
        echo '<testcase name="l"><skipped/><system-out>only with WL_CHECK_LONG</system-out></testcase>'
        echo '<testcase name="n"><skipped/></testcase><system-out>1..3 # SKIP not a reason</system-out></testsuite></testsuites>'
    } >report
    check
    status 0
    is "$(tail -n 5 .out)" "$(printf '%s\n' '5 skipped:' '  3 no <such> thing & more' '  1 no reason given' \
        '  1 only with WL_CHECK_LONG' '1 passed, 0 failed, 5 skipped')"
    grep -q '^meson setup .*sanitize' calls || fail 'no sanitizers'
    check -j3 unit docs
    grep -q 'num-processes=3 .*--suite unit .*--suite docs' calls || fail "$(cat calls)"
    check one two
    grep -q ' one two$' calls || fail "$(cat calls)"
    # meson would run the tests that match both.
    check unit some-test
    clean_failure 2
    err 'either suites or single tests'
    is "$(grep -c '^meson setup' calls)" 1 'set-ups'
    printf '<testsuite><testcase name="a"/><testcase name="b"><failure/></testcase></testsuite>' >report
    echo 1 >status
    check
    clean_failure 1
    out '1 passed, 1 failed'
    err "1 of the project's tests failed" testlog.txt
    rm report
    check no-such-test
    clean_failure 1
    err 'no test was run'
    rm bin/meson
    run env WL_MAKE_ROOT="$ROOT" PATH="$T/bin" "$WL_MAKE" check --cache-dir "$CACHE"
    status 6
    err meson
}

# A checkout for wl-make.sh that needs no compiling: the tool's build already exists.
checkout() {
    mkdir -p "$1/ports" "$1/src" "$1/host/cli" "$1/host/core" "$1/.build/tool/src"
    : >"$1/meson.build"
    cp "$WL_SOURCE_ROOT/wl-make.sh" "$1/"
    chmod +x "$1/wl-make.sh"
    cp "$WL_MAKE" "$WL_MAKE-tool" "$1/.build/tool/src/"
    printf 'rule none\n  command = true\nbuild all: phony\n' >"$1/.build/tool/build.ninja"
    mkdir -p "$1/ports/made/a"
    cat >"$1/ports/made/a/recipe.yaml" <<'END'
version: "1"
toolchain: none
steps: [{name: x, run: "echo x >$STAGE/x"}]
END
}

sh_there() {
    run env XDG_CACHE_HOME="$T/xdg" PATH="$T/bin:$PATH" "$@"
}

# A test must never install packages, whatever the machine lacks.
no_installing() {
    mkdir -p bin
    printf '#!/bin/sh\necho installed\n' >bin/dpkg-query
    printf '#!/bin/sh\necho "apt-get was called" >&2\nexit 1\n' >bin/apt-get
    chmod +x bin/*
}

test_wl_make_sh_from_anywhere() {
    command -v ninja >/dev/null || skip 'no ninja'
    no_installing
    checkout "$T/work"
    sh_there ./work/wl-make.sh made/a
    status 0
    there work/build-output/made/a/x
    mkdir -p else/where
    cd else/where || exit
    sh_there "$T/work/wl-make.sh" made/a
    out 'nothing to do'
    ln -s "$T/work/wl-make.sh" link
    sh_there ./link made/a
    out 'nothing to do'
    mkdir bin
    ln -s ../link bin/wlm
    run env XDG_CACHE_HOME="$T/xdg" PATH="$T/bin:$T/else/where/bin:$PATH" wlm made/a
    out 'nothing to do'
    cd /
    sh_there sh "$T/work/wl-make.sh" info made/a
    out 'port         made/a'
    sh_there sh "$T/work/wl-make.sh" build 'no such/port'
    status 3
    err "'no such/port'"
}

# `run` does not ask for the tool when nothing has changed, and builds it when one of its sources has.
test_wl_make_sh_run() {
    command -v ninja >/dev/null || skip 'no ninja'
    no_installing
    made_up_python
    checkout "$T/work"
    cp -r "$PORTS"/* work/ports/
    watched_tool "$T/work/.build/tool/src"
    : >work/src/a.c
    touch -d '1 hour ago' work/src/a.c work/src work/host/* work/meson.build
    sleep 0.05
    cd work || exit
    sh_there ./wl-make.sh run python/v3.11.2 -- x
    started 1
    sh_there ./wl-make.sh run python/v3.11.2 -- y
    started 1
    out '<y>'
    echo >>src/a.c
    sleep 0.05
    printf 'rule built\n  command = echo x >>%s/builds\nbuild all: built\n' "$T" >.build/tool/build.ninja
    sh_there ./wl-make.sh run python/v3.11.2 -- y
    started 2
    is "$(wc -l <"$T/builds")" 1 'builds of the tool'
    sh_there ./wl-make.sh run python/v3.11.2 -- y
    started 2
    is "$(wc -l <"$T/builds")" 1 'builds of the tool'
    # If it is started in another way, the tool does not check its sources.
    run env XDG_CACHE_HOME="$T/xdg" WL_MAKE_ROOT="$PWD" .build/tool/src/wl-make run python/v3.11.2 -- y
    started 3
    rm src/a.c
    run env XDG_CACHE_HOME="$T/xdg" WL_MAKE_ROOT="$PWD" .build/tool/src/wl-make run python/v3.11.2 -- y
    started 3
    # The script is started again by any shell, and from any directory.
    cd /
    run env XDG_CACHE_HOME="$T/xdg" PATH="$T/bin:$PATH" sh "$T/work/wl-make.sh" run python/v3.11.2 -- z
    status 0
    out '<z>'
}

# Only the clients of sources are installed on demand, and no other package.
test_wl_make_sh_installs_clients() {
    mkdir bin work
    cp "$WL_SOURCE_ROOT/wl-make.sh" work/
    printf '#!/bin/sh\nfor last; do :; done\n[ "$last" = npm ] || { echo installed; }\n' >bin/dpkg-query
    printf '#!/bin/sh\nfor last; do :; done\necho "$1 $last" >>"%s/asked"\n' "$T" >bin/apt-get
    printf '#!/bin/sh\n[ "$1" != -u ] || { echo 0; exit; }\nexec /usr/bin/id "$@"\n' >bin/id
    chmod +x bin/*
    sh_there work/wl-make.sh --install git
    status 0
    not_there asked
    sh_there work/wl-make.sh --install npm
    status 0
    err 'wl-make: installing npm'
    is "$(cat asked)" "$(printf 'update Acquire::Retries=3\ninstall npm')"
    sh_there work/wl-make.sh --install emacs
    status 6
    err 'emacs is not the client of a source'
    # A user who is not root and has no sudo without a password gets the command to type.
    rm asked
    printf '#!/bin/sh\n[ "$1" != -u ] || { echo 1000; exit; }\nexec /usr/bin/id "$@"\n' >bin/id
    printf '#!/bin/sh\nexit 1\n' >bin/sudo
    chmod +x bin/sudo
    sh_there work/wl-make.sh --install npm
    status 0
    err 'only root can install them: apt-get install npm'
    not_there asked
}

test_wl_make_sh_in_a_directory_with_an_odd_name() {
    command -v ninja >/dev/null || skip 'no ninja'
    no_installing
    checkout "$T/ein Ordner – mit ü & 'x' \$y"
    sh_there "$T/ein Ordner – mit ü & 'x' \$y/wl-make.sh" list
    status 0
    out made/a
    cd "$T/ein Ordner – mit ü & 'x' \$y" || exit
    sh_there ./wl-make.sh info made/a
    status 0
    out "$PWD/build-output/made/a"
}

test_wl_make_sh_passes_arguments_and_status_on() {
    command -v ninja >/dev/null || skip 'no ninja'
    no_installing
    checkout "$T/work"
    sh_there work/wl-make.sh 'two words' '' "qu'ote"
    status 2
    err 'two words'
    sh_there work/wl-make.sh --packages
    status 0
    out clang-22 bubblewrap
    not_out ' '
    sh_there work/wl-make.sh
    status 0
    out 'Usage'
}

test_wl_make_sh_where_nothing_can_be_installed() {
    mkdir -p bin "$T/work/ports"
    cp "$WL_SOURCE_ROOT/wl-make.sh" work/
    local name
    for name in sh readlink dirname mkdir tail rm sed grep tr id env cat; do
        ln -sf "$(command -v $name)" bin/$name
    done
    run env PATH="$T/bin" "$T/bin/sh" work/wl-make.sh list
    status 6
    err 'wl-make: error: this system has no apt' ' meson ninja ' ' clang-22 wasm-ld-22 ' 'docs/usage.md'
    run env PATH="$T/bin" WASI_SDK_ROOT=/sdk "$T/bin/sh" work/wl-make.sh list
    status 6
    err ' meson ninja '
    not_err clang
    # As a user who may not install packages: the message has the command to type.
    printf '#!/bin/sh\nexit 1\n' >bin/dpkg-query
    printf '#!/bin/sh\necho 1000\n' >bin/id.new
    rm bin/id
    mv bin/id.new bin/id
    cp bin/dpkg-query bin/apt-get
    chmod +x bin/*
    run env PATH="$T/bin" "$T/bin/sh" work/wl-make.sh list
    status 6
    err 'only root can install them: apt-get install' meson
    # As root whose apt fails: the message has apt's output and the path of the whole log.
    printf '#!/bin/sh\necho 0\n' >bin/id
    printf '#!/bin/sh\necho "E: no mirror"; exit 100\n' >bin/apt-get
    run env PATH="$T/bin" "$T/bin/sh" work/wl-make.sh list
    status 6
    err 'cannot install the packages' 'E: no mirror' "$T/work/.build/bootstrap.log"
    # A system whose lists lack some of them.
    cat >bin/apt-get <<'END'
#!/bin/sh
[ "$1" = update ] && exit
echo "Reading package lists..."
echo "E: Unable to locate package clang-22"
echo "E: Package 'lld-22' has no installation candidate"
exit 100
END
    run env PATH="$T/bin" "$T/bin/sh" work/wl-make.sh list
    status 6
    err 'wl-make: error: this system has no package clang-22 lld-22; what other systems need: docs/usage.md'
}

main "$@"
