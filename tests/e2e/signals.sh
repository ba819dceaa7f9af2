#!/bin/bash
# Interrupted at any moment: no process is left running, nothing is half-written, and the same command continues.
# shellcheck source=tests/e2e/lib.sh disable=SC2317,SC2016
. "$(dirname -- "$0")/lib.sh"

# A port whose step waits for $T/go, with a grandchild that would wait forever; it counts how often it was run.
waiting_port() {
    port "$1" <<END
version: "1"
toolchain: none
steps:
  - name: wait
    run: |
      mkdir -p "\$STAGE/share"
      echo half >"\$STAGE/share/half"
      echo run >>"\$T/runs"
      sh -c 'sh -c "echo \\\$\\\$ >\"\$T/grandchild.new\"; mv \"\$T/grandchild.new\" \"\$T/grandchild\"; sleep 1000; true"; true' &
      sleep 1000 &
      echo \$! >"\$T/child.new"
      mv "\$T/child.new" "\$T/child"
      while [ ! -e "\$T/go" ]; do sleep 0.05; done
      echo whole >"\$STAGE/share/whole"
env: ["T=$T"]
END
}

running() {
    wait_for 20 test -s child
    wait_for 20 test -s grandchild
}

# With the sandbox, a step does not know its process ID outside, so it is found by its command line.
sandboxed_port() {
    port "$1" <<END
version: "1"
toolchain: none
steps:
  - name: wait
    run: |
      echo half >"\$STAGE/half"
      sh -c 'setsid sleep 98765.${T##*.} & sleep 98765.${T##*.}' &
      echo ready
      while [ ! -e "\$BUILD/go" ]; do sleep 0.05; done
END
}

sandboxed_processes() {
    # Unique to this test: the name of the temporary directory is part of it.
    grep -lzF "${T##*.}" /proc/[0-9]*/cmdline 2>/dev/null | while read -r f; do
        f=${f%/cmdline}
        [ "$(tr '\0' ' ' 2>/dev/null <"$f/cmdline" | grep -cE "^(sleep|setsid|bwrap|/bin/sh)")" = 0 ] || echo "${f#/proc/}"
    done
}

interrupt_test() {
    waiting_port made/a
    start first --no-sandbox made/a
    running
    kill "-$1" "$PID"
    ended first "signal SIG$1" 10
    err 'wl-make: error: interrupted' 'run the same command again'
    gone "$(cat child)"
    gone "$(cat grandchild)"
    nothing_half
    not_there "$OUT"
    touch go
    wl --no-sandbox made/a
    status 0
    is "$(ls "$OUT/made/a/share")" $'half\nwhole' 'the artifact'
    is "$(wc -l <runs)" 2 'runs'
}

test_ctrl_c_in_the_middle_of_a_step() {
    interrupt_test INT
}

test_sigterm_in_the_middle_of_a_step() {
    interrupt_test TERM
}

test_sighup_in_the_middle_of_a_step() {
    interrupt_test HUP
}

test_ctrl_c_on_a_terminal() {
    waiting_port made/a
    WL_MAKE_ROOT=$ROOT run "$PYTHON" "$E2E/help.py" terminal $'expect wait\nwait 1\nsend \\x03' "$WL_MAKE" \
        --cache-dir "$CACHE" --output "$OUT" --ports "$PORTS" --no-sandbox made/a
    out 'interrupted'
    err 'signal SIGINT'
    gone "$(cat child)"
    gone "$(cat grandchild)"
    nothing_half
}

test_a_step_that_does_not_end_is_killed() {
    port made/a <<END
version: "1"
toolchain: none
steps:
  - name: stubborn
    run: |
      trap '' INT TERM HUP
      echo \$\$ >"$T/child.new"
      mv "$T/child.new" "$T/child"
      while :; do sleep 0.1; done
END
    start first --no-sandbox made/a
    wait_for 20 test -s child
    SECONDS=0
    kill -INT "$PID"
    ended first 'signal SIGINT' 10
    [ $SECONDS -le 6 ] || fail "took $SECONDS s"
    gone "$(cat child)"
    nothing_half
}

test_ctrl_c_in_the_sandbox() {
    bwrap --unshare-all --ro-bind / / true 2>/dev/null || skip 'bubblewrap does not work here'
    sandboxed_port made/a
    start first -v made/a
    wait_for 20 grep -q ready first.err
    [ -n "$(sandboxed_processes)" ] || fail 'no process found'
    kill -INT "$PID"
    ended first 'signal SIGINT' 10
    sleep 0.3
    is "$(sandboxed_processes)" '' 'processes left'
    nothing_half
}

test_kill_9_in_the_sandbox_and_again() {
    bwrap --unshare-all --ro-bind / / true 2>/dev/null || skip 'bubblewrap does not work here'
    sandboxed_port made/a
    start first -v made/a
    wait_for 20 grep -q ready first.err
    kill -9 "$PID"
    ended first 'signal SIGKILL'
    sleep 0.5
    is "$(sandboxed_processes)" '' 'processes left'
    is "$(find "$CACHE/artifacts" -mindepth 1 | wc -l)" 0 'artifacts'
    not_there "$OUT/made"
    # A build of another port also sweeps up.
    simple made/b
    wl made/b
    status 0
    nothing_half
    sed -i 's/while .*/true/' "$PORTS/made/a/recipe.yaml"
    wl made/a
    status 0
    nothing_half
}

test_kill_9_with_orphaned_steps_and_again() {
    waiting_port made/a
    start first --no-sandbox made/a
    running
    kill -9 "$PID"
    ended first 'signal SIGKILL'
    is "$(find "$CACHE/artifacts" -mindepth 1 | wc -l)" 0 'artifacts'
    # The orphans of the killed run still write into the directory, so the next run must not build there at the same
    # time.
    start second --no-sandbox made/a
    wait_for 20 grep -q 'another wl-make is making it' second.err
    is "$(wc -l <runs)" 1 'runs'
    kill -9 "$(cat child)"
    touch go
    kill -9 -- "-$(sed 's/.*) //' "/proc/$(cat grandchild)/stat" | cut -d ' ' -f 3)"
    ended second 'exit 0'
    is "$(wc -l <runs)" 2 'runs'
    is "$(cat "$OUT/made/a/share/whole")" whole
    nothing_half
}

test_kill_9_at_random_moments() {
    archive a.tar.gz a=1 b=2 c/d=3
    from_url libs/dep "file:$T/a.tar.gz" "$(sha256 a.tar.gz)"
    simple made/a 'needs: [libs/dep]' 'contains: [share/a]'
    local i ms
    for i in 1 2 3 4 5 6 7 8 9 10 11 12; do
        start first made/a
        ms=$((i * 25))
        sleep "0.$(printf %03d $ms)"
        kill -9 "$PID" 2>/dev/null
        wait_for 10 test -s first
        [ ! -d "$OUT/made/a" ] || there "$OUT/made/a/share/a" "$OUT/made/a/.wl-make"
        case $(cat first) in
        'exit 0')
            rm -rf "$OUT"
            wl clean --store
            ;;
        esac
    done
    wl made/a
    status 0
    there "$OUT/made/a/share/a"
    nothing_half
}

test_two_builds_of_the_same_port_at_once() {
    waiting_port made/a
    start first --no-sandbox made/a
    running
    start second --no-sandbox made/a
    wait_for 20 grep -q 'made/a: another wl-make is making it; waiting for it' second.err
    touch go
    ended first 'exit 0'
    ended second 'exit 0'
    is "$(wc -l <runs)" 1 'runs'
    there "$OUT/made/a/share/whole"
    nothing_half
}

test_many_builds_at_once() {
    simple libs/dep
    port made/a <<END
version: "1"
toolchain: none
needs: [libs/dep]
steps:
  - name: count
    run: |
      echo run >>"$T/runs"
      sleep 0.3
      mkdir "\$STAGE/share"
      echo a >"\$STAGE/share/a"
END
    local i
    for i in 1 2 3 4 5; do
        start b$i --no-sandbox made/a
    done
    for i in 1 2 3 4 5; do
        ended b$i 'exit 0'
    done
    is "$(wc -l <runs)" 1 'runs'
    there "$OUT/made/a/share/a"
    nothing_half
}

test_ctrl_c_while_waiting_for_another() {
    waiting_port made/a
    start first --no-sandbox made/a
    running
    start second --no-sandbox made/a
    wait_for 20 grep -q 'waiting for it' second.err
    kill -INT "$PID"
    ended second 'signal SIGINT' 5
    alive "$(cat first.pid)" || fail 'the other one ended, too'
    alive "$(cat child)" || fail 'the other one has no step any more'
    touch go
    ended first 'exit 0'
}

test_the_waiting_one_goes_on_when_the_other_fails() {
    waiting_port made/a
    start first --no-sandbox made/a
    running
    start second --no-sandbox made/a
    wait_for 20 grep -q 'waiting for it' second.err
    kill -INT "$(cat first.pid)"
    ended first 'signal SIGINT' 10
    touch go
    ended second 'exit 0'
    there "$OUT/made/a/share/whole"
}

test_nohup_keeps_it_going() {
    waiting_port made/a
    cat >nohup.sh <<END
trap '' HUP
exec "$WL_MAKE" --cache-dir "$CACHE" --output "$OUT" --ports "$PORTS" --no-sandbox made/a
END
    WL_MAKE_ROOT=$ROOT bash nohup.sh >.out 2>.err &
    local pid=$!
    running
    kill -HUP $pid
    sleep 0.5
    alive $pid || fail 'ended by a signal that was to be ignored'
    touch go
    wait $pid
    st=$?
    status 0
}

test_a_reader_that_goes_away() {
    local i
    for i in $(seq 300); do simple "made/port-$i"; done
    WL_MAKE_ROOT=$ROOT "$WL_MAKE" --cache-dir "$CACHE" --ports "$PORTS" list 2>.err | head -n 1 >.out
    out made/port
    not_err 'error'
}

main "$@"
