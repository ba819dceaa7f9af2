#!/bin/bash
# The parts of guest/ that replace parts of wasi-libc: small C programs linked with them, in wl-run. (The differential
# test, which needs zlib for the archive, belongs to the flavour single: `wl-make test PORT --flavour single`.)
# shellcheck source=tests/e2e/lib.sh disable=SC2317
LIMIT=${LIMIT:-3600}
. "$(dirname -- "$0")/lib.sh"
# shellcheck source=tests/e2e/lib-native.sh
. "$(dirname -- "$0")/lib-native.sh"

GUEST=$WL_SOURCE_ROOT/guest
TESTS=$WL_SOURCE_ROOT/tests/guest

# `guest NAME SOURCE [layer]`: compiles NAME.wasm from a C file, with the whole layer or only with libc.
guest() {
    local name=$1 source=$2 file objects=()
    real build -q toolchain/wasi-libc toolchain/wl-run libs/zlib
    status 0
    if [ "${3-}" = layer ]; then
        for file in channel clocks cwd devices dup heap memory memory-copy pipe processes rofs select threads timezone vfs vfs-files vfs-modes vfs-notes vfs-paths vfs-places vfs-stat wasi-host; do
            compile -I"$OUT/libs/zlib/include" -c "$GUEST/$file.c" -o "$file.o"
            objects+=("$file.o")
        done
        compile -c "$GUEST/rofs-empty.s" -o rofs-empty.o
        compile -c "$GUEST/threads-entry.s" -o threads-entry.o
        objects+=(rofs-empty.o threads-entry.o "$OUT/libs/zlib/lib/libz.a" "-Wl,@$GUEST/vfs.ld")
    fi
    compile "$TESTS/$source" "${objects[@]}" -o "$name.wasm"
}
compile() {
    clang-22 --target=wasm32-wasip1 --sysroot="$OUT/toolchain/wasi-libc" -D_WASI_EMULATED_PROCESS_CLOCKS -O1 -Wall -Wextra \
        -Werror -Wno-unused-command-line-argument -fsanitize=undefined -fsanitize-trap=all "$@" || fail "was not compiled: $*"
}
wl_run() {
    run "$OUT/toolchain/wl-run/bin/wl-run" --quick "$@"
}

# Two directories, with links inside and from one to the other.
two_directories() {
    mkdir -p a/sub/inner b
    printf x >b/f
    printf y >a/g
    printf z >a/sub/h
    ln -s sub/inner a/deep
    ln -s loop a/loop
    ln -s ../b/deep/f a/up
    ln -s g a/in
}

# The empty path names nothing, ".." leads where it leads on Linux, and the current directory has a plain name.
test_paths() {
    guest paths paths.c layer
    two_directories
    wl_run --dir a::/a --dir b::/b paths.wasm
    status 0
    there a/g a/sub/h b/f
}

# Files in memory, devices, copies of descriptors, modes, shared directories, clocks.
test_the_layer() {
    umask 022
    guest layer layer.c layer
    two_directories
    # (With processes, pipes are the host's.)
    wl_run --max-processes 0 --dir a::/a --dir b::/b/deep --dir b::/r::ro --env WL_TMP_SIZE=1M layer.wasm
    status 0
    is "$(cat .out)" $'to stdout\nstill\nnot caught'
    is "$(ls a)" $'deep\ng\nin\nloop\nsub\nup'
}

# The same random calls below /tmp in memory and in a real directory.
test_memory_is_like_a_real_directory() {
    local seed
    guest real changes.c
    # In both, our own code keeps the name of the current directory.
    compile "$TESTS/changes.c" "$GUEST/cwd.c" -o real.wasm
    guest memory changes.c layer
    for seed in 1 2 3 4 5 6; do
        mkdir "tmp$seed"
        wl_run --dir "tmp$seed::/tmp" real.wasm $seed 5000
        status 0
        mv .out real.out
        wl_run memory.wasm $seed 5000
        status 0
        [ "$(grep -c ' = .*ok' real.out)" -gt 300 ] || fail 'too few calls did anything'
        diff real.out .out >differences || {
            head -20 differences
            fail "seed $seed: memory differs from a real directory"
        }
    done
}

# Who provides /tmp, the home directory and /dev: `places OPTION...` prints which of them are writable, and their
# contents.
places() {
    wl_run "$@" where.wasm /tmp /home/user /dev
    status 0
}
# Each function of threads.c, and what threads share; and a host that has none.
test_threads() {
    guest threads threads.c layer
    for pipes in 0 1; do
        wl_run --max-threads 16 --max-processes $pipes threads.wasm
        status 0
        is "$(cat .out)" good
    done
    wl_run --max-threads 0 threads.wasm none
    status 0
}

# `ends STATUS WORD...`: a guest with threads ends like this. $ends is the command that runs it.
ends() {
    local want=$1
    shift
    st=0
    timeout -k 5 "${ENDS_IN-60}" "${ends[@]}" "$@" >"$T/.out" 2>"$T/.err" <&9 || st=$?
    status "$want"
}
# However it ends: all threads end, and the status says why. Options come before the words of `last`.
ways_to_end() {
    local last=("$@")
    mkfifo endless
    exec 9<>endless
    ends 7 "${last[@]}" exit
    ends 134 "${last[@]}" trap
    err 'it aborted'
    ends 3 "${last[@]}" main
    ends 0 "${last[@]}" exit-of-main
    out 'the others go on'
    ends 6 "${last[@]}" close
    ends 134 "${last[@]}" recursion
    ends 124 --deadline 1 "${last[@]}" deadlock
    err 'its deadline has passed'
    # It never gives the baton back.
    ends 124 --deadline 1 "${last[@]}" spin
    ends 134 --max-output 10000 "${last[@]}" output
    is "$(wc -c <"$T/.out")" 10000
    # Memory grows, while another thread is in the host.
    ends 0 "${last[@]}" grow
    out 'both saw it'
    # Pipes that nobody reads: of the guest itself, and of the host, which several processes can have.
    for most in 0 1; do
        ends 3 --max-processes $most "${last[@]}" clog
    done
    ENDS_IN=3000 ends 0 --max-threads 1 "${last[@]}" spawns "${SPAWNS:-5000}"
    out "${SPAWNS:-5000} threads, ${SPAWNS:-5000} turns"
    for most in 1 5 64 256; do
        ends 0 --max-threads $most --max-memory 10G "${last[@]}" many
        out "$most threads"
    done
    exec 9>&-
}
test_how_threads_end() {
    local ends=("$OUT/toolchain/wl-run/bin/wl-run" --quick) most SPAWNS=${WL_CHECK_LONG:+1000000}
    guest ends threads-end.c layer
    ways_to_end ends.wasm
    # Each has a stack of 4 MiB in its memory and one of 16 MiB beside it.
    exec 9</dev/null
    ends 0 --max-threads 64 --max-memory 100M ends.wasm many
    out '4 threads'
}
test_how_threads_end_natively() {
    [ -n "${WL_CHECK_LONG-}" ] || skip 'only with WL_CHECK_LONG'
    local ends=("$T/ends/program") most
    guest ends threads-end.c layer
    wabt
    native ends program
    ways_to_end --
}

# What a process of the module gets, how it ends, and what it may not do; and a host without processes.
test_processes() {
    guest processes processes.c layer
    wl_run processes.wasm good
    status 0
    is "$(cat .out)" good
    wl_run --max-processes 0 processes.wasm none
    status 0
}

# Processes of this test that guests have started, and that still run.
left() {
    pgrep -af -- '--child-of [0-9]' | grep -F -- "$T" || :
}
# (The kernel ends them one after the other.)
none_left() {
    local n=100
    while [ -n "$(left)" ]; do
        n=$((n - 1))
        [ $n -gt 0 ] || fail 'processes are left over'
        sleep 0.05
    done
}
# `too_late COMMAND...`: it ends by its deadline, of one second. (`run` takes that status for its own.)
too_late() {
    st=0
    timeout -s KILL 60 "$@" >.out 2>.err || st=$?
    status 124
}
# A bomb of processes, memory, output and time: the limits hold for all of them together, and none is left over.
test_limits_of_processes() {
    guest processes processes.c layer
    for most in 1 8 20; do
        wl_run --max-processes $most "$T/processes.wasm" start-bomb
        status 0
        out "$most processes"
        none_left
    done
    # 256 MiB: the module has 1 MiB, and each part that is taken is a little more than 1 MiB.
    for n in 0 3 8; do
        wl_run --max-memory 256M "$T/processes.wasm" start-hoards $n
        status 0
        [ "$(cat .out)" -le 256 ] || fail "$n processes have $(cat .out) MiB"
        [ "$(cat .out)" -ge 128 ] || fail "$n processes have only $(cat .out) MiB"
    done
    too_late "$OUT/toolchain/wl-run/bin/wl-run" --quick --deadline 1 "$T/processes.wasm" starts-spinning
    none_left
    wl_run --max-output 100000 "$T/processes.wasm" starts-output
    is "$(wc -c <.out)" 100000
    none_left
    endless_waits "$OUT/toolchain/wl-run/bin/wl-run" --quick "$T/processes.wasm"
}
# `endless_waits COMMAND...`: pipes that nobody reads, a parent and a child that wait for each other, and very many processes, one
# after the other.
endless_waits() {
    local n=500
    too_late "${@:1:$#-1}" --deadline 1 "${@: -1}" clogs
    none_left
    # On a busy machine a child's deadline could come first, and its parent ended with a status of its own.
    local i
    for i in {1..20}; do
        { timeout -s KILL 60 "${@:1:$#-1}" --deadline 1 "${@: -1}" clogs >/dev/null 2>&1 || echo "$?" >"status.$i"; } &
    done
    wait
    is "$(sort -u status.*)" 124
    none_left
    run "$@" clogs no-longer
    status 3
    none_left
    too_late "${@:1:$#-1}" --deadline 1 "${@: -1}" waits-for-each-other
    none_left
    [ -z "${WL_CHECK_LONG-}" ] || n=20000
    SECONDS_EACH=3000 run "$@" spawns $n
    status 0
    out "$n processes"
    none_left
}

# The same as a native program, which starts itself.
test_processes_natively() {
    guest processes processes.c layer
    wabt
    native processes program
    run "$T/processes/program" good
    status 0
    is "$(cat .out)" good
    run "$T/processes/program" --max-processes 0 none
    status 0
    run "$T/processes/program" --max-processes 5 start-bomb
    status 0
    out '5 processes'
    run "$T/processes/program" --max-memory 256M start-hoards 3
    status 0
    [ "$(cat .out)" -le 256 ] && [ "$(cat .out)" -ge 128 ] || fail "the processes have $(cat .out) MiB"
    too_late "$T/processes/program" --deadline 1 starts-spinning
    run "$T/processes/program" --max-output 100000 starts-output
    is "$(wc -c <.out)" 100000
    none_left
    [ -z "${WL_CHECK_LONG-}" ] || endless_waits "$T/processes/program" --
}

# Processes end with the one that has started them, even if that is killed.
test_processes_end_with_their_parent() {
    local pid n
    guest processes processes.c layer
    wl_run "$T/processes.wasm" leaves
    status 0
    none_left
    "$OUT/toolchain/wl-run/bin/wl-run" --quick "$T/processes.wasm" leaves forever &
    pid=$!
    n=100
    until [ "$(left | wc -l)" -ge 6 ]; do
        n=$((n - 1))
        [ $n -gt 0 ] || fail 'the processes were not started'
        sleep 0.1
    done
    kill -KILL $pid
    wait $pid || :
    none_left
}

# Time zones from files of the database and from text, also damaged ones.
test_time_zones() {
    local zoneinfo
    guest zones zones.c layer
    real build -q data/tzdata
    status 0
    zoneinfo=$OUT/data/tzdata/usr/local/share/zoneinfo
    wl_run --dir "$zoneinfo::/z" zones.wasm /z/Europe/Berlin /z/America/Sao_Paulo /z/Asia/Kolkata /z/Pacific/Auckland /z/Africa/Casablanca
    status 0
    is "$(cat .out)" 'Berlin: 14:00 CEST, 13:00 CET
Sao_Paulo: 9:00 -03, 9:00 -03
Kolkata: 17:30 IST, 17:30 IST
Auckland: 0:00 NZST, 1:00 NZDT
Casablanca: 13:00 +01, 13:00 +01
CET-1CEST,M3.5.0,M10.5.0/3: 14:00 CEST, 13:00 CET
<-03>3<-02>,M3.5.0/-2,M10.5.0/-1: 10:00 -02, 9:00 -03
EST5EDT,0/0,J365/25: 8:00 EDT, 8:00 EDT
XXX-14:59:59YYY-24,J60/167,364/-167: 12:00 YYY, 2:59 XXX
NZST-12NZDT,M9.5.0,M4.1.0/3: 0:00 NZST, 1:00 NZDT
EST5EDT: 8:00 EDT, 7:00 EST'
}

test_whose_directories_are_seen() {
    local devices=$'/dev: directory, Read-only file system: null zero full random urandom stdin stdout stderr fd'
    guest where where.c layer
    mkdir -p host/tmp host/home/user empty
    touch host/tmp/mine host/home/user/settings
    places
    is "$(cat .out)" $'/tmp: directory, writable:\n/home/user: directory, writable:\n'"$devices"$'\nHOME=/home/user'
    # The host's directory is visible if it is writable, or is shared under exactly this name.
    places --dir host::/
    is "$(cat .out)" $'/tmp: directory, writable: mine\n/home/user: directory, writable: settings\n'"$devices"$'\nHOME=/home/user'
    places --dir host::/::ro
    out '/tmp: directory, writable:' '/home/user: directory, writable:'
    not_out mine
    places --dir empty::/
    out '/tmp: directory, writable:' "$devices"
    places --dir host/tmp::/tmp::ro --dir empty::/dev --env HOME=/elsewhere
    is "$(cat .out)" $'/tmp: directory, Read-only file system: mine\n/home/user: directory, writable:\n/dev: directory, writable:\nHOME=/elsewhere'
    # Nothing was left on the host.
    is "$(find host empty | sort)" $'empty\nhost\nhost/home\nhost/home/user\nhost/home/user/settings\nhost/tmp\nhost/tmp/mine'
}

main "$@"
