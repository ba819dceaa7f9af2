#!/bin/bash
# What a step can see and do, the messages when a step fails, and how many run at once.
# shellcheck source=tests/e2e/lib.sh disable=SC2317,SC2016
. "$(dirname -- "$0")/lib.sh"

# `stepped NAME SCRIPT [LINE...]`: a port with one step, which must leave a file in $STAGE.
stepped() {
    local name=$1 script=$2
    shift 2
    {
        printf 'version: "1.2.3"\ntoolchain: none\n'
        [ $# = 0 ] || printf '%s\n' "$@"
        printf 'steps:\n  - name: work\n    run: |\n'
        printf '%s\n' "$script" | sed 's/^/      /'
        printf '      : >"$STAGE/done"\n'
    } | port "$name"
}

can_sandbox() {
    bwrap --unshare-all --ro-bind / / true 2>/dev/null
}

sandbox_or_skip() {
    can_sandbox || skip 'bubblewrap does not work here'
}

# The environment of a port's steps, one NAME=value per line.
environment_of() {
    wl "$@"
    status 0
    there "$OUT/$1/env"
    cat "$OUT/$1/env"
}

test_the_environment_is_what_the_recipe_says_and_nothing_else() {
    export SECRET=hunter2 CFLAGS=-DEVIL PKG_CONFIG_PATH=/evil CC=evil-cc PYTHONPATH=/evil LD_PRELOAD_X=1 MAKEFLAGS=k
    simple libs/dep
    stepped made/a 'env >"$STAGE/env"' 'env: ["FOO=b a r", "LC_ALL=C"]' 'vars: ["my-colour=red"]' 'needs: [libs/dep]' \
        'date: 2024-02-29'
    local env allowed
    env=$(environment_of made/a) || exit 1
    allowed='PATH HOME TMPDIR LC_ALL TZ SOURCE_DATE_EPOCH ROOT SRC BUILD STAGE FILES PORT VERSION JOBS MAKEFLAGS DEBUG
NEED_LIBS_DEP CFLAGS CXXFLAGS HARDENING CPPFLAGS LDFLAGS PKG_CONFIG_LIBDIR PKG_CONFIG_PATH CONFIG_SITE EXTENSIONS VAR_MY_COLOUR FOO PWD
OLDPWD SHLVL _'
    # A Python must not write into the artifact that it runs from; the sandbox ensures that.
    can_sandbox || allowed="$allowed PYTHONDONTWRITEBYTECODE"
    local name
    while IFS='=' read -r name _; do
        [[ " ${allowed//$'\n'/ } " == *" $name "* ]] || fail "let in: $name"
    done <<<"$env"
    ! grep -iE 'evil|hunter2' <<<"$env" || fail "let in: $(grep -iE 'evil|hunter2' <<<"$env")"
    local line
    for line in 'FOO=b a r' LC_ALL=C VAR_MY_COLOUR=red PORT=made/a VERSION=1.2.3 TZ=UTC SOURCE_DATE_EPOCH=1709164800 \
        PATH=/usr/local/bin:/usr/bin:/bin DEBUG= PKG_CONFIG_PATH=; do
        grep -qxF -- "$line" <<<"$env" || fail "not there: $line in $env"
    done
    grep -qE '^PKG_CONFIG_LIBDIR=.*libs-dep/lib/pkgconfig$' <<<"$env" || fail "$env"
    grep -qE '^CPPFLAGS=-I.*libs-dep/include$' <<<"$env" || fail "$env"
}

# A program that runs from an artifact does not change it, even if no sandbox prevents that.
test_a_need_is_not_changed_by_its_use() {
    printf 'version: "1"\ntoolchain: none\nsteps: [{name: x, run: "echo x = 1 >$STAGE/made_up_module.py"}]\n' | port tools/t
    stepped made/a 'cd "$NEED_TOOLS_T"; python3 -c "import made_up_module; print(made_up_module.x)" >"$STAGE/x"' \
        'build-needs: [tools/t]'
    wl --no-sandbox made/a
    status 0
    is "$(cat "$OUT/made/a/x")" 1
    printf 'contains: [x]\n' >>"$PORTS/made/a/recipe.yaml"
    wl --no-sandbox made/a
    status 0
    not_err damaged
}

# Two versions of one need do not hide each other.
test_needs_that_would_have_the_same_name() {
    local v
    for v in v1.0 v2.0; do
        port "tools/made/$v" <<END
version: "${v#v}"
toolchain: none
steps: [{name: x, run: "echo $v >\"\$STAGE/version\""}]
END
    done
    simple libs/dep
    stepped made/a 'env | grep ^NEED_ | sed "s/=.*//" | sort >"$STAGE/names"; cat "$NEED_TOOLS_MADE_V1_0/version" "$NEED_TOOLS_MADE_V2_0/version" >"$STAGE/versions"' \
        'build-needs: [tools/made/v1.0, tools/made/v2.0, libs/dep]'
    wl made/a
    status 0
    is "$(cat "$OUT/made/a/names")" $'NEED_LIBS_DEP\nNEED_TOOLS_MADE_V1_0\nNEED_TOOLS_MADE_V2_0'
    is "$(cat "$OUT/made/a/versions")" $'v1.0\nv2.0'
    # A single version keeps its short name.
    stepped made/b 'cat "$NEED_TOOLS_MADE/version" >"$STAGE/version"' 'build-needs: [tools/made/v2.0]'
    wl made/b
    status 0
    is "$(cat "$OUT/made/b/version")" v2.0
    # The same applies in checks, which also see the needs of the steps.
    stepped made/c 'cat "$NEED_TOOLS_MADE/version" >"$STAGE/version"' 'build-needs: [tools/made/v2.0]' \
        'check-needs: [tools/made/v1.0]' 'checks: [{name: both, run: "cat \"$NEED_TOOLS_MADE/version\" \"$NEED_TOOLS_MADE_V1_0/version\"; test \"$(cat \"$NEED_TOOLS_MADE/version\")\" = v2.0"}]'
    wl made/c
    status 0
    simple libs/x-y
    simple libs/x_y
    stepped made/d : 'build-needs: [libs/x-y, libs/x_y]'
    wl made/d
    clean_failure 3
    err '$NEED_LIBS_X_Y'
}

test_a_profile() {
    mkdir -p "$PORTS/made/a"
    echo own >"$PORTS/made/a/own.xz"
    stepped made/a 'cat /dev/null ${VAR_PROFILE:+"$FILES/$VAR_PROFILE"} >"$STAGE/out"; ls "$FILES" >"$STAGE/files"' \
        'files: [own.xz]' 'vars: [profile=own.xz]'
    echo mine >mine.xz
    wl made/a
    status 0
    is "$(cat "$OUT/made/a/out")" own
    wl made/a --profile mine.xz
    status 0
    is "$(cat "$OUT/made/a/out")" mine
    is "$(cat "$OUT/made/a/files")" mine.xz
    wl made/a --profile none
    status 0
    is "$(cat "$OUT/made/a/out" "$OUT/made/a/files")" ''
    mkdir same
    cp "$PORTS/made/a/own.xz" same/
    wl made/a --profile same/own.xz --dry-run
    status 0
    out '0 of 1 ports would be built'
    wl made/a --profile gone.xz
    clean_failure 2
    err gone.xz '--profile'
    simple made/b
    wl made/b --profile mine.xz
    clean_failure 2
    err 'made/b is not compiled with a profile'
    wl made/a made/b --profile mine.xz
    clean_failure 2
    err 'one port'
}

# Its --output is a file.
profile() {
    WL_MAKE_ROOT=$ROOT run "$WL_MAKE" profile --cache-dir "$CACHE" --ports "$PORTS" "$@"
}

test_making_a_profile() {
    simple python/v1.2.3
    stepped python-profile 'echo "counted $VERSION" >"$STAGE/profile.xz"' 'for-each: python'
    sed -i /^version:/d "$PORTS/python-profile/recipe.yaml"
    profile python/1.2
    status 0
    out 'profile-1.2.xz; to use it'
    is "$(cat profile-1.2.xz)" 'counted 1'
    profile python/v1.2.3 -o there.xz -q
    status 0
    is "$(cat there.xz .out)" 'counted 1'
    profile python/v1.2.3 -o gone/there.xz
    clean_failure 7
    simple made/b
    profile made/b
    clean_failure 2
    err 'profile takes one Python'
    profile
    clean_failure 2
}

test_without_a_date_the_epoch_is_1980() {
    stepped made/a 'env >"$STAGE/env"'
    local env
    env=$(environment_of made/a) || exit 1
    grep -qx SOURCE_DATE_EPOCH=315532800 <<<"$env" || fail "$env"
    grep -qx 'PKG_CONFIG_LIBDIR=/nonexistent' <<<"$env" || fail "$env"
}

test_directories_of_a_step() {
    archive a.tar.gz hello=world
    mkdir -p "$PORTS/made/a"
    printf 'one\n' >"$PORTS/made/a/one.txt"
    mkdir -p "$ROOT/guest"
    printf 'two\n' >"$ROOT/guest/two.c"
    stepped made/a '
[ "$PWD" = "$BUILD" ] && [ -z "$(ls "$BUILD")" ] && [ -z "$(ls -A "$STAGE")" ]
[ "$(cat "$SRC/hello")" = world ]
[ "$(cat "$FILES/one.txt")" = one ] && [ "$(cat "$FILES/two.c")" = two ]
echo x >"$HOME/x" && echo x >"$TMPDIR/x" && echo x >"$SRC/x"
! read -r line
echo finished' 'files: [one.txt, /guest/two.c]' 'sources:' "  - url: file:$T/a.tar.gz" "    sha256: $(sha256 a.tar.gz)"
    wl -v made/a
    status 0
    err finished
}

test_sandbox_has_no_network() {
    sandbox_or_skip
    serve
    stepped made/a "
if command -v $PYTHON >/dev/null; then
    ! $PYTHON -c 'import socket; socket.create_connection((\"127.0.0.1\", ${URL##*:}), 5)'
fi
[ \"\$(ls /sys/class/net 2>/dev/null | grep -v lo | wc -l)\" = 0 ]
[ \"\$(grep -c : /proc/net/dev)\" -le 1 ]"
    wl made/a
    status 0
    [ ! -s .requests ] || fail "asked: $(cat .requests)"
}

test_sandbox_writes_nowhere_else() {
    sandbox_or_skip
    mkdir outside
    chmod 777 outside
    simple libs/dep
    stepped made/a "
for d in /usr /usr/local/bin /etc / '$T' '$T/outside' '$HOME' '$CACHE' /var/tmp \"\$NEED_LIBS_DEP\" \"\$NEED_LIBS_DEP/share\"; do
    if : 2>/dev/null >\"\$d/written-by-wl-make-test\"; then echo \"wrote to \$d\"; bad=1; fi
done
echo x >/tmp/fine
[ -z \"\${bad-}\" ]" 'needs: [libs/dep]'
    wl -v made/a
    [ "$st" = 0 ] || grep -qF 'wrote to / ' .err || { grep 'wrote to' .err; }
    # The top of the sandbox is a directory in memory that vanishes with it; the test checks that nothing of it remains.
    is "$(find "$T" / -maxdepth 1 -name written-by-wl-make-test 2>/dev/null)" '' 'written'
    is "$(find "$T/outside" "$HOME" "$CACHE/artifacts" /usr/local/bin /etc /var/tmp -maxdepth 4 -name written-by-wl-make-test)" '' 'written'
    not_err 'wrote to /usr'
    not_err "wrote to $T"
    not_err 'wrote to /wl/needs'
}

test_sandbox_does_not_see_home_or_others() {
    sandbox_or_skip
    printf 'secret\n' >"$HOME/.secret"
    printf 'secret\n' >"$T/secret"
    simple libs/other
    wl libs/other
    stepped made/a "
[ ! -e '$HOME/.secret' ] && [ ! -e '$T/secret' ] && [ ! -e /root ] && [ ! -e /home ] && [ ! -e '$CACHE/artifacts' ]
[ \"\$ROOT\" = /wl ]
[ \"\$(ls \"\$ROOT/needs\" | wc -l)\" = 0 ]
[ \"\$(ls -d /proc/[0-9]* | wc -l)\" -le 8 ]"
    wl made/a
    status 0
}

test_paths_do_not_depend_on_the_cache_in_the_sandbox() {
    sandbox_or_skip
    stepped made/a 'env | grep -vE "^(MAKEFLAGS|JOBS)=" | sort >"$STAGE/env"'
    wl made/a
    status 0
    cp "$OUT/made/a/env" one
    CACHE=$T/other-cache
    wl made/a
    cmp one "$OUT/made/a/env" || fail 'differ'
    ! grep -F "$T" one || fail 'names the temporary directory'
}

test_no_sandbox() {
    stepped made/a 'env >"$STAGE/env"; cat "$NEED_LIBS_DEP/share/dep" >"$STAGE/dep"' 'needs: [libs/dep]'
    simple libs/dep
    wl --no-sandbox made/a
    status 0
    grep -qF "ROOT=$CACHE/build/" "$OUT/made/a/env" || fail "$(cat "$OUT/made/a/env")"
    is "$(cat "$OUT/made/a/dep")" libs/dep
    not_err 'without a sandbox'
    # The paths differ, so the artifacts differ, too.
    if bwrap --unshare-all --ro-bind / / true 2>/dev/null; then
        wl made/a
        grep -qx 'ROOT=/wl' "$OUT/made/a/env" || fail "$(cat "$OUT/made/a/env")"
    fi
}

test_without_bubblewrap_it_builds_and_says_so_once() {
    simple libs/dep
    simple made/a 'needs: [libs/dep]'
    mkdir bin
    printf '#!/bin/sh\necho "bwrap: no user namespaces here" >&2\nexit 1\n' >bin/bwrap
    chmod +x bin/bwrap
    PATH=$T/bin:$PATH wl made/a
    status 0
    is "$(grep -c 'building without a sandbox: bwrap: no user namespaces here' .err)" 1 'notes'
    there "$OUT/made/a/share/a"
    # If no step runs, there is no warning.
    PATH=$T/bin:$PATH wl made/a
    status 0
    not_err 'sandbox'
    PATH=$T/bin:$PATH wl made/a --dry-run
    status 0
    not_err 'sandbox'
    # A warning that -q must not suppress.
    simple made/b
    PATH=$T/bin:$PATH wl -q made/b
    status 0
    is "$(cat .err)" 'building without a sandbox: bwrap: no user namespaces here' 'stderr with -q'
}

# The tool remembers that bubblewrap works, but not for a process with fewer rights.
test_where_no_namespaces_can_be_made_it_builds_without_a_sandbox() {
    local refused=$T/no-namespaces
    cc -O1 -o "$refused" "$E2E/no-namespaces.c" || fail 'cannot compile no-namespaces.c'
    run "$refused" sh -c '! unshare -m true && ! unshare -r true && (echo started | cat)'
    status 0
    out started
    simple made/a
    wl made/a # with a sandbox, if one is possible
    status 0
    simple made/b
    WL_MAKE_ROOT=$ROOT run "$refused" "$WL_MAKE" --cache-dir "$CACHE" --output "$OUT" --ports "$PORTS" made/b
    status 0
    is "$(grep -c '^building without a sandbox: ' .err)" 1 'warnings'
    there "$OUT/made/b/share/b"
    WL_MAKE_ROOT=$ROOT run "$refused" "$WL_MAKE" --cache-dir "$CACHE" --output "$OUT" --ports "$PORTS" made/b
    status 0
    not_err sandbox
}

test_a_failing_step_shows_its_last_lines_and_the_log() {
    stepped made/a 'seq 1 100; echo "the reason" >&2; exit 3'
    wl made/a
    clean_failure 1
    err "made/a: step 'work' failed with exit status 3" '87' 'the reason' 'the last lines of the failed step'
    ! grep -qx 80 .err || fail 'shows too much'
    local log
    log=$(grep -oE "$CACHE/logs/made/a/[0-9a-f]+/01-work.log" .err | head -n 1)
    there "$log"
    is "$(wc -l <"$log")" 101 'lines of the log'
    not_there "$OUT/made"
}

# `types_into_the_terminal OPTION...`: a build on a terminal, whose step tries to put a line into the terminal's input;
# a shell reads the terminal afterwards.
types_into_the_terminal() {
    [ -x /usr/bin/python3 ] || skip 'there is no /usr/bin/python3'
    mkdir -p "$PORTS/made/a"
    cat >"$PORTS/made/a/type.py" <<'END'
import fcntl, os, termios

for place in 0, 1, 2, "/dev/tty":
    try:
        fd = os.open(place, os.O_RDWR) if place == "/dev/tty" else place
        print("opened", place)
        for c in b"injected\n":
            fcntl.ioctl(fd, termios.TIOCSTI, bytes([c]))
        print("typed into", place)
    except OSError as e:
        print(place, e)
END
    stepped made/a '/usr/bin/python3 "$FILES/type.py" >"$STAGE/said"' 'files: [type.py]'
    WL_MAKE_ROOT=$ROOT run "$PYTHON" "$E2E/help.py" terminal $'expect up to here\n' bash -c \
        '"$@"; echo up to here; read -r -t 1 line; echo "read: <$line>"' bash \
        "$WL_MAKE" --cache-dir "$CACHE" --output "$OUT" --ports "$PORTS" "$@" made/a
    out 'read: <>'
    there "$OUT/made/a/said"
    ! grep -E '^typed|^opened /dev/tty' "$OUT/made/a/said" || fail "a step reached the terminal: $(cat "$OUT/made/a/said")"
    grep -q '^/dev/tty ' "$OUT/made/a/said" || fail "it did not try: $(cat "$OUT/made/a/said")"
}

test_a_step_cannot_type_into_the_terminal() {
    sandbox_or_skip
    types_into_the_terminal
}

test_a_step_cannot_type_into_the_terminal_without_a_sandbox() {
    types_into_the_terminal --no-sandbox
}

# A person who enters the box of a failed step gets a shell on the terminal.
test_enter_sh_keeps_the_terminal() {
    sandbox_or_skip
    stepped made/a 'false'
    wl made/a
    clean_failure 1
    local enter
    enter=$(grep -oE 'sh [^ ]*/enter.sh' .err | cut -d ' ' -f 2)
    run "$PYTHON" "$E2E/help.py" terminal $'wait 1\nsend : </dev/tty && echo reached the ter""minal\\n\nwait 1\nsend exit\\n' \
        sh "$enter"
    out 'reached the terminal'
}

# Steps do not inherit the caller's descriptors, and the caller cannot make every command look successful.
test_a_step_gets_no_descriptors_of_the_caller() {
    stepped made/a 'ls "/proc/$$/fd" >"$STAGE/open"; readlink "/proc/$$/fd/0" >"$STAGE/stdin"'
    stepped made/b 'exit 3'
    local option
    for option in --no-sandbox $(bwrap --unshare-all --ro-bind / / true 2>/dev/null && echo --color=never); do
        rm -rf "$OUT" "$CACHE"
        wl "$option" made/a 77<"$SELF" 99<"$SELF"
        status 0
        ! grep -xE '77|99' "$OUT/made/a/open" || fail 'a descriptor is left open'
        is "$(cat "$OUT/made/a/stdin")" /dev/null
        WL_MAKE_ROOT=$ROOT run "$PYTHON" -c 'import os, signal, sys
signal.signal(signal.SIGCHLD, signal.SIG_IGN)
os.execv(sys.argv[1], sys.argv[1:])' "$WL_MAKE" --cache-dir "$CACHE" --output "$OUT" --ports "$PORTS" "$option" made/b
        clean_failure 1
        err 'failed with exit status 3'
    done
}

test_enter_sh_enters_the_build_directory() {
    stepped made/a 'echo half >partial; export X=1; false' 'env: ["FOO=it'"'"'s a \"bar\""]'
    wl made/a
    clean_failure 1
    local enter
    enter=$(grep -oE 'sh [^ ]*/enter.sh' .err | cut -d ' ' -f 2)
    there "$enter"
    printf 'cat partial; echo "$FOO|$PORT|$PWD|$ROOT"; [ -d "$SRC" ] && touch "$BUILD/was-here"\n' >in
    SECRET=1 timeout 20 sh "$enter" <in >.out 2>.err || fail 'enter.sh failed'
    out half "it's a \"bar\"|made/a|"
    there "${enter%/*}/build/was-here"
    # After a successful build, the directory is gone.
    stepped made/a 'true' 'env: ["FOO=it'"'"'s a \"bar\""]'
    wl made/a
    status 0
    wl clean
    not_there "$enter"
}

test_a_step_is_a_strict_shell() {
    stepped made/a 'false; echo went on'
    wl made/a
    clean_failure 1
    stepped made/b 'echo "$NOT_SET_AT_ALL"'
    wl made/b
    clean_failure 1
    err 'NOT_SET_AT_ALL'
    stepped made/c 'kill -SEGV $$'
    wl made/c
    clean_failure 1
    err "step 'work'"
}

test_a_step_that_prints_bytes_and_no_newline() {
    stepped made/a 'printf "\000\377\033[31mred"; exit 1'
    wl made/a
    clean_failure 1
    stepped made/b 'head -c 5000000 /dev/zero | tr "\0" x; exit 1'
    wl made/b
    clean_failure 1
}

# Steps can write anywhere in the box, and the tool continues in it when they have ended: no link or pipe that they
# leave there leads the tool out or blocks it.
test_links_that_steps_leave_in_the_box_lead_nowhere() {
    can_sandbox || skip 'bubblewrap does not work here'
    mkdir -p "$T/host/d" "$PORTS/made/c/dir"
    # Without a sandbox the box is elsewhere, and steps can do anything.
    stepped made/a "ln -s '$T/host' /wl/entry; echo a >\"\$STAGE/a\""
    wl made/a
    status 0
    is "$(cat "$OUT/made/a/a")" a
    stepped made/b 'mkdir /wl/entry; mkfifo /wl/entry/manifest.json; echo b >/wl/entry/more; echo b >"$STAGE/b"'
    wl made/b
    status 0
    is "$(find "$CACHE"/artifacts/*/ -mindepth 1 -maxdepth 1 -printf '%f\n' | sort -u | tr '\n' ' ')" 'manifest.json tree '
    echo evil >"$PORTS/made/c/evil"
    echo evil >"$PORTS/made/c/dir/evil"
    stepped made/c "mv /wl/files /wl/f; ln -s '$T/host' /wl/files; mv /wl/needs /wl/n || :; ln -s '$T/host' /wl/needs || :
      echo c >\"\$STAGE/c\"" 'check-files: [evil, dir]' 'check-needs: [made/a]' \
        'checks: [{name: look, run: cat "$FILES/evil" "$FILES/dir/evil" "$NEED_MADE_A/a"}]'
    wl made/c
    status 0
    stepped made/d "mkdir -p /wl/files; ln -s '$T/host/d' /wl/files/dir; echo d >\"\$STAGE/d\"" 'check-files: [dir]' \
        'checks: [{name: look, run: cat "$FILES/dir/evil"}]'
    cp -R "$PORTS/made/c/dir" "$PORTS/made/d/"
    wl made/d
    status 0
    SECONDS_EACH=20
    stepped made/e 'mkfifo /wl/enter.sh; exit 1'
    wl made/e
    clean_failure 1
    is "$(find "$T/host" -mindepth 1)" "$T/host/d"
}

# no_commands FILE: it contains no control sequences for a terminal, except those of the live line and of colours.
no_commands() {
    "$PYTHON" - "$1" <<'END' || fail "control characters in $1"
import re, sys

text = open(sys.argv[1], "rb").read()
own = re.sub(rb"\x1b\[(K|[0-9]{1,2}m)", b"", text).replace(b"\r", b"")
sys.exit(re.search(rb"[\x00-\x08\x0b-\x1f\x7f]|\xc2[\x80-\x9f]|\xe2\x80[\xaa-\xae]", own) is not None)
END
}

# bubblewrap follows links on the way to a mount point, and makes what is missing there. A link that an earlier step has put in
# the way must lead nowhere, in the next step, in a check, or in a person's shell. (/oldroot is what bubblewrap calls this
# machine's root while it mounts.)
test_mount_points_follow_no_links_of_steps() {
    sandbox_or_skip
    simple libs/dep
    simple libs/other
    mkdir outside
    local n=0 way name
    for way in /oldroot ../oldroot ''; do
        for name in needs stage; do
            n=$((n + 1))
            port made/$n <<END
version: "1"
toolchain: none
needs: [libs/dep]
check-needs: [libs/other]
steps:
  - name: links
    run: |
      mv "\$ROOT/$name" "\$ROOT/gone" || true
      ln -s "$way$T/outside" "\$ROOT/$name" || true
      ln -s "$way$T/outside" "\$ROOT/needs/libs-other" || true
  - name: see
    run: |
      test -n "\$(ls "\$NEED_LIBS_DEP")"
checks:
  - name: look
    run: |
      test -n "\$(ls "\$NEED_LIBS_OTHER")"
END
            wl made/$n
            is "$(ls outside)" '' "what is outside, with $name as a link to $way/..."
            if [ "$name" = needs ]; then
                status 0
            else
                # The steps have left no artifact.
                clean_failure 1
            fi
            sed -i 's/^      test -n .*DEP.*/      false/' "$PORTS/made/$n/recipe.yaml"
            wl made/$n
            clean_failure 1
            run sh "$(sed -n 's/.*to look around in the build directory: sh //p' .err)" </dev/null
            is "$(ls outside)" '' "what is outside after a shell, with $name as a link to $way/..."
        done
    done
}

# The output of a step reaches a terminal as text: it can neither control the terminal nor hide other output.
test_a_step_cannot_command_the_terminal() {
    # shellcheck disable=SC2016
    stepped made/a 'printf "first\000 \033]0;title\007\033[2J\302\2332J\r\n\342\200\256last\377\n"; exit 1'
    wl made/a
    clean_failure 1
    err 'first\x00 \x1b]0;title\x07\x1b[2J\x9b2J' '\u202elast\xff'
    no_commands .err
    wl -v made/a
    grep -q $'\033]0;title' .err || fail 'what goes into a file has been changed'
    for option in -v --color=auto; do
        WL_MAKE_ROOT=$ROOT run "$PYTHON" "$E2E/help.py" terminal '' \
            "$WL_MAKE" --cache-dir "$CACHE" --output "$OUT" --ports "$PORTS" "$option" made/a
        out '\x1b]0;title\x07\x1b[2J' '\u202elast\xff'
        no_commands .out
    done
}

# Neither can the names in messages: of files, of ports, of members of an archive.
test_no_name_commands_the_terminal() {
    local name=$'a\033[2Jb\302\2332Jc'
    wl build "made/$name"
    status 3
    err 'a\x1b[2Jb\x9b2Jc'
    no_commands .err
    simple made/a "files: [\"no \\e[2J\\u009b2J\"]"
    wl list
    no_commands .err
    WL_MAKE_ROOT=$ROOT run "$PYTHON" "$E2E/help.py" terminal '' "$WL_MAKE" --ports "$PORTS" list
    no_commands .out
    simple made/b
    "$PYTHON" - "$T/x.tar" <<'END'
import io, sys, tarfile

with tarfile.open(sys.argv[1], "w") as tar:
    member = tarfile.TarInfo("package/../../\x1b[2Jx")
    tar.addfile(member, io.BytesIO(b""))
END
    from_url made/c "file:$T/x.tar" "$(sha256 "$T/x.tar")"
    wl made/c
    [ "$st" != 0 ] || fail 'unpacked'
    err '\x1b[2Jx'
    no_commands .err
}

test_a_patch_is_applied() {
    archive a.tar.gz file=$'one\ntwo\nthree'
    mkdir -p "$PORTS/made/a"
    printf -- '--- a/file\n+++ b/file\n@@ -1,3 +1,3 @@\n one\n-two\n+TWO\n three\n' >"$PORTS/made/a/a.patch"
    from_url made/a "file:$T/a.tar.gz" "$(sha256 a.tar.gz)" 'patches: [a.patch]'
    wl made/a
    status 0
    is "$(sed -n 2p "$OUT/made/a/file")" TWO
    not_there "$OUT/made/a/file.orig"
}

test_a_patch_that_does_not_apply() {
    archive a.tar.gz file=$'one\ntwo\nthree' other=$'x'
    mkdir -p "$PORTS/made/a"
    printf -- '--- a/other\n+++ b/other\n@@ -1 +1 @@\n-x\n+y\n--- a/file\n+++ b/file\n@@ -1,3 +1,3 @@\n one\n-zwei\n+TWO\n three\n' \
        >"$PORTS/made/a/a.patch"
    from_url made/a "file:$T/a.tar.gz" "$(sha256 a.tar.gz)" 'patches: [a.patch]'
    wl made/a
    clean_failure 5
    err "patch $PORTS/made/a/a.patch does not apply" 'file: Hunk #1 FAILED' '-zwei' '+TWO' '@@ -1,3 +1,3 @@'
    not_err '+y'
    # No fuzz either: a context that only nearly fits is not good enough.
    archive a.tar.gz file=$'0\none\ntwo\nthree\nfour\nfive\n6'
    printf -- '--- a/file\n+++ b/file\n@@ -1,7 +1,7 @@\n ZERO\n one\n two\n-three\n+THREE\n four\n five\n SIX\n' >"$PORTS/made/a/a.patch"
    from_url made/a "file:$T/a.tar.gz" "$(sha256 a.tar.gz)" 'patches: [a.patch]'
    wl made/a
    clean_failure 5
    printf -- '--- a/none\n+++ b/none\n@@ -1 +1 @@\n-x\n+y\n' >"$PORTS/made/a/a.patch"
    wl made/a
    clean_failure 5
    err 'a.patch does not apply' "can't find file"
    printf 'this is no patch\n' >"$PORTS/made/a/a.patch"
    wl made/a
    clean_failure 5
    err 'a.patch does not apply'
    not_there "$OUT/made/a"
}

test_a_patch_cannot_write_outside() {
    archive a.tar.gz file=one
    mkdir -p "$PORTS/made/a"
    printf -- '--- /dev/null\n+++ b/../../../../escaped\n@@ -0,0 +1 @@\n+bad\n' >"$PORTS/made/a/a.patch"
    from_url made/a "file:$T/a.tar.gz" "$(sha256 a.tar.gz)" 'patches: [a.patch]'
    wl made/a
    [ "$st" != 0 ] || fail 'it was applied'
    is "$(find "$T" -name escaped | wc -l)" 0 'files outside'
}

test_contents_that_are_missing() {
    simple made/a 'contains: [share/a, lib/liba.a]'
    wl made/a
    clean_failure 1
    err 'made/a: its steps ended well but left no lib/liba.a' "$PORTS/made/a/recipe.yaml"
    not_there "$OUT/made/a"
    simple made/a 'contains: [share/a]'
    wl made/a
    status 0
}

# A Makefile of 8 jobs, each of which counts how many of its kind run.
counting_port() {
    port "$1" <<'END'
version: "1"
toolchain: none
steps:
  - name: count
    run: |
      cat >count.sh <<'EOF'
      set -eu
      exec 9>"$LOCK_DIR/lock"
      change() { flock 9; n=$(cat "$LOCK_DIR/n" 2>/dev/null || echo 0); n=$((n + $1)); echo $n >"$LOCK_DIR/n"; echo $n >>"$LOCK_DIR/log"; flock -u 9; }
      change 1
      sleep 0.2
      change -1
      EOF
      printf 'all: %s\n%%.x:\n\tsh count.sh\n' "$(echo a.x b.x c.x d.x e.x f.x)" >Makefile
      make
      mkdir -p "$STAGE/share"
      cp "$LOCK_DIR/log" "$STAGE/share/log"
env: ["LOCK_DIR=/wl/build"]
END
}

most() {
    sort -n "$1" | tail -n 1
}

test_jobs_of_one_make() {
    sandbox_or_skip
    command -v make >/dev/null || skip 'no make'
    counting_port made/a
    wl -j1 made/a
    status 0
    is "$(most "$OUT/made/a/share/log")" 1 'jobs at once'
    wl clean made/a
    wl -j3 made/a
    status 0
    is "$(most "$OUT/made/a/share/log")" 3 'jobs at once'
}

# Three ports that each run a make, all counted together; without the sandbox, so that they share a directory.
test_jobs_of_several_ports_together() {
    command -v make >/dev/null || skip 'no make'
    local name j
    for j in 1 2 3; do
        rm -rf count
        mkdir count
        for name in a b c; do
            counting_port "made/$name"
            sed -i "s,LOCK_DIR=/wl/build,LOCK_DIR=$T/count,; s/^version: .*/version: \"$j\"/" "$PORTS/made/$name/recipe.yaml"
        done
        wl --no-sandbox -j$j made/a made/b made/c
        status 0
        [ "$(most count/log)" -le $j ] || fail "$(most count/log) jobs at once with -j$j"
        [ $j = 1 ] || [ "$(most count/log)" -gt 1 ] || fail "never two at once with -j$j"
        is "$(tail -n 1 count/log)" 0 'at the end'
        is "$(wc -l <count/log)" 36 'changes'
    done
}

test_ports_build_side_by_side() {
    local name
    for name in a b; do
        stepped made/$name "
touch '$T'/$name.started
n=0
while [ ! -e '$T/a.started' ] || [ ! -e '$T/b.started' ]; do sleep 0.05; n=\$((n + 1)); [ \$n -lt 400 ]; done"
    done
    wl --no-sandbox -j2 made/a made/b
    status 0
}

test_keep_going() {
    stepped made/bad 'exit 1'
    simple made/on-bad 'needs: [made/bad]'
    simple made/good
    wl -j1 made/bad made/on-bad made/good
    clean_failure 1
    not_there "$OUT/made/good"
    wl -j1 --keep-going made/on-bad made/good
    clean_failure 1
    err "made/bad: step 'work' failed" 'made/on-bad: left out'
    there "$OUT/made/good/share/good"
    not_there "$OUT/made/on-bad" "$OUT/made/bad"
}

test_verbose_and_quiet() {
    stepped made/a 'echo "words of a step"'
    wl -q made/a
    status 0
    [ ! -s .out ] || fail 'not quiet'
    says_nothing .err
    wl clean made/a
    wl -v made/a
    err 'words of a step'
    wl clean made/a
    wl made/a
    not_err 'words of a step'
    err '[1/1] made/a: work' '[1/1] made/a: done in'
    stepped made/b 'exit 1'
    wl -q made/b
    clean_failure 1
}

test_tests_of_a_port() {
    simple libs/tool
    stepped made/a 'echo result >"$STAGE/result"' 'test-needs: [libs/tool]' 'tests:' '  - name: good' \
        '    run: |' '      [ "$(cat "$STAGE/result")" = result ] && [ -e "$NEED_LIBS_TOOL/share/tool" ]' \
        '  - name: read-only' '    run: "! touch $STAGE/new"'
    if ! is_root || bwrap --unshare-all --ro-bind / / true 2>/dev/null; then
        wl test made/a
        status 0
        out '2 passed, 0 failed'
    fi
    stepped made/b true 'tests:' '  - name: bad' '    run: "echo why; exit 7"'
    wl test made/b
    clean_failure 1
    out '0 passed, 1 failed'
    err why "step 'bad' failed with exit status 7"
    simple made/c
    wl test made/c
    status 0
    out 'its recipe has no tests'
    wl test --keep-going made/b made/c
    clean_failure 1
}

test_checks_decide_whether_there_is_an_artifact() {
    archive a.tar.gz hello=world
    simple libs/tool
    mkdir -p "$PORTS/made/a"
    printf 'file\n' >"$PORTS/made/a/file"
    printf 'asked\n' >"$PORTS/made/a/question"
    port made/a <<END
version: "1"
toolchain: none
sources:
  - {url: "file:$T/a.tar.gz", sha256: $(sha256 a.tar.gz)}
files: [file]
check-files: [question]
check-needs: [libs/tool]
steps:
  - name: work
    run: |
      [ -z "\${NEED_LIBS_TOOL-}" ] && [ ! -e "\$ROOT/needs/libs-tool" ]
      [ "\$(ls "\$FILES")" = file ]
      echo built >"\$STAGE/result"
      echo left >left
checks:
  - name: sees
    run: |
      cat "\$STAGE/result" "\$SRC/hello" "\$FILES/file" "\$FILES/question" left "\$NEED_LIBS_TOOL/share/tool" >all
      [ "\$(tr '\\n' ' ' <all)" = 'built world file asked left libs/tool ' ]
      echo checked
tests:
  - name: sees
    run: cat "\$FILES/file" "\$FILES/question"
END
    wl --dry-run made/a
    status 0
    out '2 of 2 ports would be built' '  libs/tool 1' 'check sees'
    wl -v made/a
    status 0
    err checked 'libs/tool: done' 'made/a: sees'
    is "$(ls "$OUT/made/a")" result 'the artifact'
    wl info made/a
    out 'check-needs  libs/tool' 'checks       sees'
    wl test -v made/a
    status 0
    err asked
    # Another program in `check-needs` does not change the artifact.
    simple libs/tool 'env: ["A=1"]'
    wl made/a
    status 0
    out 'nothing to do'
    wl --dry-run made/a
    out '0 of 2 ports'
    # A stored artifact has passed these checks: if a check becomes stricter, it is run again, and ports that need the
    # port do not change.
    simple made/on-a 'needs: [made/a]'
    wl made/on-a
    wl info made/on-a
    grep '^key' .out >key
    sed -i 's/echo checked/echo stricter/' "$PORTS/made/a/recipe.yaml"
    wl -v made/a
    status 0
    err stricter
    wl info made/on-a
    is "$(grep '^key' .out)" "$(cat key)" 'the key of what needs it'
    sed -i 's/echo stricter/exit 1/' "$PORTS/made/a/recipe.yaml"
    wl made/on-a
    clean_failure 1
    err "made/a: check 'sees' failed with exit status 1"
    wl made/a
    clean_failure 1
    err "made/a: check 'sees' failed with exit status 1" "logs/made/a/" '/checks/01-sees.log' 'enter.sh'
}

test_a_failing_check_fails_the_build() {
    simple libs/tool
    stepped made/a 'echo built >"$STAGE/result"; echo half >partial' 'check-needs: [libs/tool]' 'checks:' '  - name: good' \
        '    run: "true"' '  - name: bad' '    run: "seq 1 100; echo the reason; exit 3"' '  - name: never' '    run: "echo no"'
    simple made/on-a 'needs: [made/a]'
    wl made/on-a
    clean_failure 1
    err "made/a: check 'bad' failed with exit status 3" 'the reason' 87
    ! grep -qx 80 .err || fail 'shows too much'
    not_err 'made/a: never'
    not_there "$OUT/made"
    is "$(find "$CACHE/artifacts" -mindepth 1 -maxdepth 1 | wc -l)" 1 'artifacts in the store'
    local log enter
    log=$(grep -oE "$CACHE/logs/made/a/[0-9a-f]+/checks/02-bad.log" .err | head -n 1)
    is "$(wc -l <"$log")" 101 'lines of the log'
    enter=$(grep -oE 'sh [^ ]*/enter.sh' .err | cut -d ' ' -f 2)
    printf 'cat partial "$STAGE/result" "$NEED_LIBS_TOOL/share/tool"\n' >in
    timeout 20 sh "$enter" <in >.out 2>.err || fail 'enter.sh failed'
    is "$(tr '\n' ' ' <.out)" 'half built libs/tool '
}

test_checks_only_read_the_artifact() {
    stepped made/a true 'checks:' '  - name: writes' '    run: "echo x >$STAGE/more"'
    wl --no-sandbox made/a
    clean_failure 1
    err 'made/a: its checks changed what is in $STAGE' "$PORTS/made/a/recipe.yaml"
    sandbox_or_skip
    wl made/a
    clean_failure 1
    err "check 'writes' failed" 'Read-only file system'
}

# What is linked is read down to the last library, though the ones between are in the store.
test_a_library_behind_a_stored_one_is_waited_for() {
    printf 'version: "1"\ntoolchain: none\nsteps:\n  - name: i\n    run: mkdir -p "$STAGE/lib"; sleep 1; echo base >"$STAGE/lib/base.a"\n' |
        port libs/base
    simple libs/mid 'needs: [libs/base]'
    stepped made/top 'cp "$NEED_LIBS_BASE/lib/base.a" "$STAGE/base"' 'needs: [libs/mid]'
    wl made/top
    status 0
    wl clean libs/base made/top
    status 0
    wl -j 4 made/top
    status 0
    err 'libs/base: done'
    not_err 'libs/mid: '
}

test_what_checks_need_must_be_there() {
    stepped made/bad 'exit 1'
    stepped made/a true 'check-needs:' '  - made/bad' 'checks: [{name: x, run: "true"}]'
    wl --keep-going made/a
    clean_failure 1
    err "made/bad: step 'work' failed" 'made/a: left out'
    stepped made/b true 'check-needs:' '  - made/none'
    wl made/b
    clean_failure 3
    err "$PORTS/made/b/recipe.yaml:4: made/b needs made/none"
    stepped made/c true 'check-needs: [made/d]'
    stepped made/d true 'needs: [made/c]'
    wl made/c
    clean_failure 3
    err 'a cycle of needs: made/c -> made/d -> made/c'
}

# A made-up interpreter that prints the output of its modules.
interpreter() {
    mkdir -p "$PORTS/app/interpreter"
    cat >"$PORTS/app/interpreter/Python.h" <<'END'
#define PyMODINIT_FUNC const char *
struct _inittab { const char *name, *(*init)(void); };
END
    cat >"$PORTS/app/interpreter/main.c" <<'END'
#include "Python.h"
#include <stdio.h>
extern struct _inittab extensions[];
int main(void) { for (struct _inittab *x = extensions; x->name; x++) printf("%s: %s\n", x->name, x->init()); }
END
    port app/interpreter <<'END'
version: "1"
toolchain: native
files: [Python.h, main.c]
steps:
  - name: link
    run: |
      cat >Makefile <<'EOF'
      EXTENSION_CPPFLAGS = -I$(FILES)
      all: interpreter modules
      include $(EXTENSIONS)
      interpreter: main.o $(EXTENSION_OBJECTS)
      	$(CC) $^ $(EXTENSION_LDFLAGS) -o $@
      main.o: $(FILES)/main.c
      	$(CC) -c $< -o $@
      modules:
      	echo $(EXTENSION_MODULES) >$@
      EOF
      make
      cp interpreter modules "$STAGE/"
END
}

test_extension_modules() {
    command -v make >/dev/null || skip 'no make'
    interpreter
    archive a.tar.gz lib/speed.c='#include "speed.h"
const char *begin(void) { return SPEED; }' lib/include/speed.h='#define SPEED "fast"'
    mkdir -p "$PORTS/app/mine/sub"
    # shellcheck disable=SC2016
    printf '#include <math.h>\n#include "sub/greet.h"\nextern double zero;\nconst char *PyInit_greet(void) { return cos(zero) == 1 ? HELLO : 0; }\n' \
        >"$PORTS/app/mine/greet.c"
    printf 'double zero = ZERO;\n' >"$PORTS/app/mine/sub/zero.c"
    printf '#define HELLO "hello"\n' >"$PORTS/app/mine/sub/greet.h"
    port app/mine <<END
from: app/interpreter
add-sources:
  - {url: "file:$T/a.tar.gz", sha256: $(sha256 a.tar.gz), into: speed}
extensions:
  - module: greet
    sources: [greet.c, sub/zero.c, sub/greet.h]
    flags: [-DZERO=0.0, -lm]
  - module: pack._speed
    sources: ["\$SRC/speed/lib/speed.c"]
    flags: ["-I\$SRC/speed/lib/include"]
    init: begin
END
    wl app/mine
    status 0
    is "$("$OUT/app/mine/interpreter" | tr '\n' ' ')" 'greet: hello pack._speed: fast '
    is "$(cat "$OUT/app/mine/modules")" 'greet pack._speed'
    wl info app/mine
    out 'extensions   greet' '             pack._speed'
    # The key of a module's inputs decides whether it is built again.
    wl app/mine
    out 'nothing to do'
    printf '#define HELLO "good morning"\n' >"$PORTS/app/mine/sub/greet.h"
    wl app/mine
    status 0
    "$OUT/app/mine/interpreter" | grep -qx 'greet: good morning' || fail 'not built again'
    # A module that does not compile, and one that is missing.
    printf 'nonsense\n' >"$PORTS/app/mine/greet.c"
    wl app/mine
    clean_failure 1
    err "step 'link' failed" 'greet.c'
    sed -i 's|lib/speed.c|lib/lost.c|' "$PORTS/app/mine/recipe.yaml"
    wl app/mine
    clean_failure 3
    err "$PORTS/app/mine/recipe.yaml:9: extensions: pack._speed: nothing unpacked and patched has \$SRC/speed/lib/lost.c"
    rm "$PORTS/app/mine/greet.c"
    wl app/mine
    clean_failure 3
    err "$PORTS/app/mine/recipe.yaml:6: extensions: there is no $PORTS/app/mine/greet.c"
}

test_a_step_leaves_nothing_running() {
    stepped made/a "sleep 300 & echo \$! >'$T/pid'; true"
    wl --no-sandbox made/a
    status 0
    gone "$(cat pid)"
}

test_files_a_step_makes_unusual() {
    stepped made/a 'mkdir "$STAGE/locked"; echo x >"$STAGE/locked/x"; chmod 500 "$STAGE/locked"; chmod 400 "$STAGE/locked/x"
ln -s nowhere "$STAGE/dangling"; : >"$STAGE/with space and ü"; ln -s locked/x "$STAGE/good"; mkdir -p "$BUILD/deep/er"; chmod 000 "$BUILD/deep"'
    wl made/a
    status 0
    there "$OUT/made/a/with space and ü" "$OUT/made/a/good" "$OUT/made/a/locked/x"
    [ -L "$OUT/made/a/dangling" ] || fail 'no dangling link'
    wl made/a
    out 'nothing to do'
    nothing_half
    stepped made/b 'mkfifo "$STAGE/pipe"'
    wl made/b
    status 7
    err 'pipe' 'neither a file, a directory nor a link'
    not_there "$OUT/made/b"
}

main "$@"
