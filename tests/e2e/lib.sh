# A tiny test library, sourced by the scripts beside it. It prints TAP.
#
# A script defines functions test_...; each is a test, and its name, with spaces for underscores, is the name of the
# test. Each test runs in its own process and temporary directory ($T, also the working directory), under a time limit.
# It ends at its first failed expectation and then shows what the tool printed. `SCRIPT test_name...` runs single tests,
# `SCRIPT but test_name...` all others.
#
# Meson sets WL_MAKE to the tool under test and WL_SOURCE_ROOT to its checkout.
# shellcheck shell=bash disable=SC2034
set -u

: "${WL_MAKE:?WL_MAKE must name the tool that is tested}"
E2E=$(CDPATH= cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
SELF=$E2E/${0##*/}
: "${WL_SOURCE_ROOT:=$(CDPATH= cd -- "$E2E/../.." && pwd)}"
: "${LIMIT:=120}" # seconds for one test
export WL_MAKE WL_SOURCE_ROOT

# Prefer the system's own: other users can run it, too.
PYTHON=/usr/bin/python3
[ -x "$PYTHON" ] || PYTHON=$(command -v python3)

# --- what happened, and what should have ---

st=0 # exit status of the last `run`; 128 + n when signal n ended it

fail() {
    printf 'failed: %s\n' "$*"
    printf 'status: %s\n--- stdout\n' "$st"
    [ ! -f "$T/.out" ] || tail -c 3000 "$T/.out"
    printf '\n--- stderr\n'
    [ ! -f "$T/.err" ] || tail -c 5000 "$T/.err"
    exit 1
}

skip() {
    # A newline would end the reason, and check counts skipped tests by reason.
    tr '\n' ' ' <<<"$*" | sed 's/ *$//' >"$T/.skip"
    exit 77
}

# Runs a command; its output is in $T/.out and $T/.err and its status in $st.
run() {
    st=0
    timeout -k 5 "${SECONDS_EACH:-60}" "$@" >"$T/.out" 2>"$T/.err" </dev/null || st=$?
    [ "$st" != 124 ] || fail "did not end in time: $*"
}

# The tool, with all its directories in the temporary directory, and only the made-up ports.
wl() {
    WL_MAKE_ROOT=$ROOT run "$WL_MAKE" --cache-dir "$CACHE" --output "$OUT" --ports "$PORTS" "$@"
}

# The same for a command that has no results, and so no option --output.
tool() {
    WL_MAKE_ROOT=$ROOT run "$WL_MAKE" "$1" --cache-dir "$CACHE" --ports "$PORTS" "${@:2}"
}

# For a test that needs a download that is not available: it is skipped here, but fails in CI, where nobody reads which
# tests did not run.
not_available() {
    [ -z "${CI-}" ] || fail "not available: $*"
    skip "not available here: $*"
}

# `real_tool COMMAND ARGUMENT...`: runs the tool with the project's own ports, and with the cache and home directory of
# the user who runs the tests, because pip, npm and cargo find their registries' settings in the home directory.
real_tool() {
    ROOT=$WL_SOURCE_ROOT CACHE=${WL_CHECK_CACHE:-$REAL_HOME/.cache/wl-make}
    HOME=$REAL_HOME SECONDS_EACH=3000 WL_MAKE_ROOT=$ROOT run "$WL_MAKE" "$1" --cache-dir "$CACHE" \
        ${WL_CHECK_OFFLINE:+--offline} "${@:2}"
}

# For tests of packages, whose build requirements come from an index.
with_index() {
    [ -z "${WL_CHECK_OFFLINE-}" ] && "$PYTHON" -m pip --version >/dev/null 2>&1 || skip 'without pip and the network'
    unset PIP_FIND_LINKS
}

# `build_packages WORD...`: a build that needs the index.
build_packages() {
    real_tool build --output "$OUT" "$@"
    ! grep -qE 'the package index did not answer|no package named setuptools|forbids the network' .err || not_available "$(cat .err)"
}

# The same for commands that build ports.
real() {
    real_tool "$1" --output "$OUT" "${@:2}"
    [ "$st" != 4 ] || not_available "$(head -c 300 .err)"
}

# `other_cache KIND...`: makes a cache $T/other that has everything of the real one except the artifacts of these kinds, so that they
# are made again. Use it by WL_CHECK_CACHE=$T/other.
other_cache() {
    local entry
    mkdir -p "$T/other/artifacts"
    ln -s "$CACHE/sources" "$T/other/sources"
    for entry in "$CACHE"/artifacts/*; do
        grep -qE "^ \"kind\": \"($(IFS='|' && echo "$*"))\"" "$entry/manifest.json" || ln -s "$entry" "$T/other/artifacts/"
    done
}

status() {
    [ "$st" = "$1" ] || fail "exit status $st instead of $1"
}

# `err TEXT...`: stderr contains each of the texts, literally. `out` does the same for stdout.
err() {
    local text
    for text; do
        grep -qF -e "$text" "$T/.err" || fail "stderr does not say: $text"
    done
}
out() {
    local text
    for text; do
        grep -qF -e "$text" "$T/.out" || fail "stdout does not say: $text"
    done
}
not_err() {
    ! grep -qF -e "$1" "$T/.err" || fail "stderr says: $1"
}
not_out() {
    ! grep -qF -e "$1" "$T/.out" || fail "stdout says: $1"
}
# Whether steps can run in a sandbox here.
has_sandbox() {
    bwrap --unshare-all --ro-bind / / true 2>/dev/null
}
# For a test of what only a sandbox makes possible.
needs_sandbox() {
    has_sandbox || skip 'without namespaces'
}
# The file is empty, except for the warning that there is no sandbox, if there is none.
says_nothing() {
    ! grep -qv -e '^building without a sandbox: ' "$1" || fail "not quiet: $(head -c 500 "$1")"
}
is() {
    [ "$1" = "$2" ] || fail "${3:-value} is: $1 -- and not: $2"
}
there() {
    local f
    for f; do
        [ -e "$f" ] || fail "$f does not exist"
    done
}
not_there() {
    local f
    for f; do
        [ ! -e "$f" ] && [ ! -L "$f" ] || fail "$f exists"
    done
}

# An error is one message with a hint; nothing half-written is left anywhere.
clean_failure() {
    status "$1"
    err 'wl-make: error: '
    is "$(grep -c '^wl-make: error: ' "$T/.err")" 1 'number of error messages'
    nothing_half
}

# Checks whether a process holds the lock of that name, without creating its file.
is_held() {
    [ -e "$CACHE/lock/${1##*/}" ] && ! flock -n "$CACHE/lock/${1##*/}" true
}

# Checks whether another process in the user's own cache is making this file or directory, which it locks meanwhile.
is_being_made() {
    [ "${CACHE#"$T"}" = "$CACHE" ] && ! { [ -e "$1" ] && flock -n "$1" true; }
}

# Every artifact has its key; there are no directories under construction, no held locks, and no partial sources except
# one to resume.
nothing_half() {
    local left
    left=$(find "$OUT" -name '.*.new.*' 2>/dev/null)
    [ -z "$left" ] || fail "left in the output: $left"
    left=$(find "$CACHE/artifacts" -mindepth 1 -maxdepth 1 2>/dev/null | grep -vE '/[0-9a-f]{64}$')
    [ -z "$left" ] || fail "left in the store: $left"
    # In the user's own cache another build may be running, which then holds its lock.
    for left in "$CACHE"/build/*; do
        [ ! -d "$left" ] || [ -e "$left/enter.sh" ] || [ -n "${KEPT_BUILD-}" ] || is_held "$left" ||
            fail "left of the build: $left"
    done
    # An older version may be running there, whose locks stay.
    for left in "$CACHE"/lock/*; do
        # These are shared by all processes and stay.
        case ${left##*/} in store | sources) continue ;; esac
        [ "${CACHE#"$T"}" = "$CACHE" ] || [ ! -e "$left" ] || is_held "$left" || fail "left of a lock: $left"
    done
    # identity/ contains only the versions that compilers reported; what a kill leaves there is small and harmless. Logs
    # may belong to a run in the same cache.
    while read -r left; do
        is_being_made "$left" || fail "left in the cache: $left"
    done < <(find "$CACHE" -name '*.new.*' ! -path "*/identity/*" ! -path "*/logs/regrtest/*" 2>/dev/null)
}

# `lacking FILE`: prints what a program or library for the build machine lacks of this:
#   pie          an address that nobody can guess
#   relro now    tables that cannot be written after the start
#   noexecstack  no stack that can be executed
#   ssp          checks of the stack
#   fortify      checks of copies and formats, if it calls a function that the C library has a checked form of
#   calls        functions that only a call can reach (those of the C library's start, up to four, do not count)
lacking() {
    local file=$1 facts names mark calls
    facts=$(readelf -hldW "$file") names=$(readelf -sW "$file" | awk 'NF > 7 { sub(/@.*/, "", $8); print $7, $8 }')
    grep -q 'Type: *DYN' <<<"$facts" || echo pie
    grep -q GNU_RELRO <<<"$facts" || echo relro
    grep -qE '\(FLAGS\) .*BIND_NOW|\(FLAGS_1\) .*NOW' <<<"$facts" || echo now
    grep 'GNU_STACK' <<<"$facts" | grep -q RWE && echo noexecstack
    grep -q GNU_STACK <<<"$facts" || echo noexecstack
    grep -q ' __stack_chk_fail' <<<"$names" || echo ssp
    grep -qE '^UND (v?f?printf|v?sn?printf|v?dprintf)$' <<<"$names" && ! grep -vE ' __stack_chk' <<<"$names" | grep -qE ' __[a-z]+_chk$' &&
        echo fortify
    case $facts in
    *X86-64*) mark='\xf3\x0f\x1e\xfa' ;; # endbr64
    *AArch64*) mark='\x3f\x23\x03\xd5' ;; # paciasp
    *) return ;;
    esac
    calls=$(LC_ALL=C grep -aoP "$mark" "$file" | wc -l)
    [ "$calls" -gt 4 ] || echo calls
}

# `hardened [--but WORDS] FILE...`: the files lack nothing but what these words say.
hardened() {
    local file word missing but=
    if [ "$1" = --but ]; then
        but=$2
        shift 2
    fi
    for file; do
        missing=
        for word in $(lacking "$file"); do
            [[ " $but " == *" $word "* ]] || missing+=" $word"
        done
        [ -z "$missing" ] || fail "$file lacks$missing"
    done
}

# `options_before OPTION... -- ...`: sets the caller's array `options` to what stands before `--`.
options_before() {
    options=()
    while [ "$1" != -- ]; do
        options+=("$1")
        shift
    done
}

# Waits until a command succeeds: `wait_for 10 test -e FILE`.
wait_for() {
    local n=$(($1 * 20))
    shift
    until "$@" >/dev/null 2>&1; do
        n=$((n - 1))
        [ "$n" -gt 0 ] || fail "did not happen in time: $*"
        sleep 0.05
    done
}

# Checks whether a process runs; a zombie does not count.
alive() {
    case $(sed 's/.*) //' "/proc/$1/stat" 2>/dev/null) in
    '' | Z*) return 1 ;;
    esac
}

# Waits until a process has ended.
gone() {
    local n=60
    while alive "$1"; do
        n=$((n - 1))
        [ $n -gt 0 ] || fail "process $1 still runs: $(tr '\0' ' ' <"/proc/$1/cmdline")"
        sleep 0.05
    done
}

# --- made-up ports ---

# `port NAME <<EOF`: the recipe of a made-up port.
port() {
    mkdir -p "$PORTS/$1"
    cat >"$PORTS/$1/recipe.yaml"
}

# `simple NAME [LINE...]`: a port without sources that installs one file; the lines are added to its recipe.
simple() {
    local name=$1
    shift
    {
        printf 'summary: made up\nversion: "1"\ntoolchain: none\n'
        [ $# = 0 ] || printf '%s\n' "$@"
        printf 'steps:\n  - name: install\n    run: |\n      mkdir -p "$STAGE/share"\n      echo "$PORT" >"$STAGE/share/%s"\n' \
            "${name##*/}"
    } | port "$name"
}

sha256() {
    sha256sum "$1" | cut -d ' ' -f 1
}

# `archive FILE NAME=TEXT...`: a .tar.gz with a leading directory, as upstream projects make them.
archive() {
    local file=$1 dir=$T/.archive/package pair
    shift
    rm -rf "$T/.archive"
    mkdir -p "$dir"
    for pair; do
        mkdir -p "$(dirname -- "$dir/${pair%%=*}")"
        printf '%s\n' "${pair#*=}" >"$dir/${pair%%=*}"
    done
    tar -C "$T/.archive" --sort=name --mtime=@0 --owner=0 --group=0 -czf "$file" package
    rm -rf "$T/.archive"
}

# `from_url NAME URL SHA256 [LINE...]`: a port that copies the contents of its archive.
from_url() {
    local name=$1 url=$2 hash=$3
    shift 3
    {
        printf 'version: "1"\ntoolchain: none\nsources:\n  - url: "%s"\n    sha256: %s\n' "$url" "$hash"
        [ $# = 0 ] || printf '%s\n' "$@"
        printf 'steps:\n  - name: install\n    run: cp -R "$SRC/." "$STAGE/"\n'
    } | port "$name"
}

# `recorder <<EOF`: ROOT becomes a checkout with the project's ports, whose wl-make.sh adds what it was asked to do to $T/asked, and then
# does what stdin says.
recorder() {
    ROOT=$T/checkout
    mkdir -p "$ROOT"
    ln -s "$WL_SOURCE_ROOT/ports" "$ROOT/ports"
    { printf '#!/bin/sh\nprintf "%%s\\n" "$*" >>"%s"\n' "$T/asked" && cat; } >"$ROOT/wl-make.sh"
    chmod +x "$ROOT/wl-make.sh"
}

# --- other programs ---

# All that a test has started and that still runs ends with it, also what another function has started.
stop_at_end() {
    trap 'kill $(jobs -p) 2>/dev/null' EXIT
}

# `serve`: starts help.py's web server. Its address is in $URL, its log of requests in $T/.requests.
serve() {
    mkdir -p "$T/www"
    rm -f "$T/.port"
    "$PYTHON" "$E2E/help.py" serve "$T/www" "$T/.port" "$T/.requests" >"$T/.server" 2>&1 &
    stop_at_end
    wait_for 10 test -s "$T/.port"
    URL=http://127.0.0.1:$(cat "$T/.port")
}

is_root() {
    [ "$(id -u)" = 0 ]
}

# Starts the tool in the background. Its process is $PID, $T/NAME says how it ended, and its output is in $T/NAME.err
# and $T/NAME.out.
start() {
    local name=$1
    shift
    rm -f "$T/$name" "$T/$name.pid"
    WL_MAKE_ROOT=$ROOT "$PYTHON" "$E2E/help.py" ended "$T/$name" "$WL_MAKE" --cache-dir "$CACHE" --output "$OUT" \
        --ports "$PORTS" "$@" >"$T/$name.out" 2>"$T/$name.err" </dev/null &
    wait_for 10 test -s "$T/$name.pid"
    PID=$(cat "$T/$name.pid")
}

# `ended NAME HOW`: waits for the end of a process that `start` started.
ended() {
    wait_for "${3-30}" test -s "$T/$1"
    cp "$T/$1.out" "$T/.out"
    cp "$T/$1.err" "$T/.err"
    is "$(cat "$T/$1")" "$2" "how $1 ended"
}

# Runs the tool as a user who owns nothing and may not become root.
as_nobody() {
    is_root || {
        "$@"
        return
    }
    setpriv --reuid=65534 --regid=65534 --clear-groups --no-new-privs --inh-caps=-all --bounding-set=-all \
        env HOME="$T" "$@"
}

# --- running them ---

# Runs tests that a script generates (eval), one for each item that it finds.
more_tests=()

main() {
    local tests name n=0 failed=0 s why work but=()
    if [ "${1-}" = --one ]; then
        T=$2
        export T
        cd "$T" || exit 1
        CACHE=$T/cache OUT=$T/out PORTS=$T/ports ROOT=$T/root
        unset WASI_SDK_ROOT NO_COLOR XDG_CACHE_HOME MAKEFLAGS MFLAGS MAKELEVEL
        export LC_ALL=C.UTF-8 TERM=dumb REAL_HOME="${REAL_HOME-$HOME}" HOME=$T/home
        "$3"
        exit
    fi
    if [ "${1-}" = but ]; then
        but=("${@:2}")
        set --
    fi
    tests=("$@")
    [ $# != 0 ] || mapfile -t tests < <({ grep -oE '^test_[A-Za-z0-9_]+' "$SELF"; printf '%s\n' "${more_tests[@]}" | grep .; } |
        grep -vxF -f <(printf '%s\n' "${but[@]}" | grep .))
    printf '1..%d\n' "${#tests[@]}"
    export REAL_HOME=$HOME
    for name in "${tests[@]}"; do
        n=$((n + 1))
        work=$(mktemp -d "${TMPDIR:-/tmp}/wl-e2e.XXXXXX") || exit 1
        # shellcheck disable=SC2064 # now, not then
        trap "remove '$work'" EXIT
        chmod 755 "$work"
        mkdir -p "$work/ports" "$work/root/ports" "$work/home"
        : >"$work/root/wl-make.sh"
        s=0
        timeout -k 10 "$LIMIT" bash "$SELF" --one "$work" "$name" >"$work/.log" 2>&1 </dev/null || s=$?
        why=${name#test_}
        why=${why//_/ }
        case $s in
        0) printf 'ok %d - %s\n' "$n" "$why" ;;
        77) printf 'ok %d - %s # SKIP %s\n' "$n" "$why" "$(cat "$work/.skip" 2>/dev/null)" ;;
        *)
            failed=$((failed + 1))
            # (Of a program that fails, meson shows standard error only.)
            {
                printf 'not ok %d - %s\n' "$n" "$why"
                [ "$s" != 124 ] || printf '# took longer than %s s\n' "$LIMIT"
                tail -c 9000 "$work/.log" | sed 's/^/# /'
            } >"$work/.report"
            cat "$work/.report"
            cat "$work/.report" >&2
            ;;
        esac
        [ -n "${KEEP-}" ] && printf '# kept: %s\n' "$work" || remove "$work"
        trap - EXIT
    done
    [ "$failed" = 0 ]
}

# A test may have left directories that nobody can write to.
remove() {
    chmod -R u+rwX "$1" 2>/dev/null
    rm -rf "$1"
}
