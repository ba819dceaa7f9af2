#!/bin/bash
# Hostile modules as native programs (host/native) and in wl-run: each must end in its trap, errno or limit, and never
# in a crash.
# shellcheck source=tests/e2e/lib.sh disable=SC2317,SC2016
LIMIT=${LIMIT:-900}
. "$(dirname -- "$0")/lib.sh"
# shellcheck source=tests/e2e/lib-native.sh
. "$(dirname -- "$0")/lib-native.sh"

# Each access at each edge, each trap, each call with each bad pointer: both engines must end in the same way, also with
# the host under the sanitizers. (The native library runs all cases in one process, one after the other.)
test_everything_that_a_hostile_module_does() {
    wabt
    real build toolchain/wl-run
    status 0
    local sanitize flags
    hostile_library
    for sanitize in none address,undefined; do
        CC=clang-22 meson setup -Dwasmtime=none -Dtests=disabled -Db_sanitize=$sanitize -Db_lundef=false -Doptimization=1 \
            "lib-${sanitize%,*}" "$HOST" >log 2>&1 && meson compile -C "lib-${sanitize%,*}" >>log 2>&1 ||
            fail "the library was not built: $(tail -n 5 log)"
        flags=()
        [ $sanitize = none ] || flags=(-fsanitize=$sanitize)
        clang-22 -O1 -Wall -Wextra -Werror "${flags[@]}" -I"$HOST/include" "$E2E/guest-cases.c" -o guest-cases \
            -L"lib-${sanitize%,*}" -lwlpy-native "-Wl,-rpath,$PWD/lib-${sanitize%,*}" || fail 'the embedder was not compiled'
        UBSAN_OPTIONS=halt_on_error=1 ASAN_OPTIONS=handle_segv=0:use_sigaltstack=0:detect_leaks=0 SECONDS_EACH=300 \
            run ./guest-cases hostile/guest.so box "$CASES"
        status 0
        mv .out native.out
        ends_as_it_has_to native
    done
    native hostile program
    each_alone native ./hostile/program --dir box::/ --max-wasm-stack 1M --argv0 hostile --
    each_alone engine "$OUT/toolchain/wl-run/bin/wl-run" --cache-dir cache --dir box::/ --max-wasm-stack 1M hostile.wasm
    ls box >left
    is "$(cat left)" file
}

# A table that no instruction changes is read where it lies in the file: here with gaps, entries that are overwritten,
# and an import.
test_calls_through_a_table() {
    wabt
    real build toolchain/wl-run
    status 0
    library calls <<'WAT'
(module
  (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "args_sizes_get" (func $sizes (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (type $four (func (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1) (data (i32.const 0) "\10\00\00\00\06\00\00\00hello\n")
  (table (export "table") 8 8 funcref)
  (elem (i32.const 1) $other $other $other) (elem (i32.const 3) $write $sum)
  (func $sum (param i32 i32 i32 i32) (result i32) (i32.add (local.get 1) (local.get 2)))
  (func $other (param i64) (result i32) (i32.const 1))
  (func (export "_start") (local $n i32)
    (drop (call $sizes (i32.const 100) (i32.const 104)))
    (local.set $n (i32.sub (i32.load (i32.const 100)) (i32.const 1)))
    (if (i32.gt_u (local.get $n) (i32.const 9)) (then (local.set $n (i32.const 0xffffffff))))
    (call $exit (call_indirect (type $four) (i32.const 1) (i32.const 5) (i32.const 2) (i32.const 108) (local.get $n)))))
WAT
    grep -q 'guest_import_0 - guest_table' calls/table.s || fail 'the table is made at each start'
    cat >cases <<'END'
null 0
signature 1
signature 2
exit=21 3
exit=7 4
null 5
null 6
null 7
table 8
table 9
table -1
END
    mkdir box
    echo text >box/file
    native calls program
    each_alone native ./calls/program --argv0 calls --
    each_alone engine "$OUT/toolchain/wl-run/bin/wl-run" --cache-dir cache calls.wasm
    embedder guest-cases
    ./guest-cases calls/guest.so box 11 >library.out
    ends_as_it_has_to library
}

# Calls of the host through a table that changes, by a reference, from another file of C, and as a tail call: each has to reach
# the host with its own instance.
test_imports_in_a_table() {
    wabt
    real build toolchain/wl-run
    status 0
    module imports <<'WAT'
(module
  (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "args_sizes_get" (func $sizes (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (type $two (func (param i32 i32) (result i32)))
  (type $four (func (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1) (data (i32.const 0) "\10\00\00\00\06\00\00\00") (data (i32.const 16) "hello\n")
  (table 8 8 funcref)
  (elem (i32.const 1) $write) (elem declare func $sizes $sum)
  (func $sum (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1)))
  (func $tail (param i32 i32 i32 i32) (result i32)
    (return_call_indirect (type $four) (local.get 0) (local.get 1) (local.get 2) (local.get 3) (i32.const 1)))
  (func (export "_start")
    (table.set (i32.const 2) (ref.func $sizes)) (table.set (i32.const 3) (ref.func $sum))
    (drop (call_indirect (type $four) (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 108) (i32.const 1)))
    (drop (call $tail (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 108)))
    (drop (call_indirect (type $two) (i32.const 100) (i32.const 104) (i32.const 2)))
    (call $exit (i32.add (i32.load (i32.const 100)) (call_indirect (type $two) (i32.const 5) (i32.const 2) (i32.const 3))))))
WAT
    local parts
    for parts in 1 4; do
        native imports program --parts $parts
        run ./imports/program -- x x
        status 10
        is "$(cat .out)" "$(printf 'hello\nhello')"
    done
    run "$OUT/toolchain/wl-run/bin/wl-run" --cache-dir cache imports.wasm x x
    status 10
    is "$(cat .out)" "$(printf 'hello\nhello')"
}

test_limits_end_it_with_a_message() {
    wabt
    program limits <<'WAT'
(module
  (import "wasi_snapshot_preview1" "args_sizes_get" (func $sizes (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (memory (export "memory") 1)
  (type $t (func))
  (table 5 5 funcref)
  (elem (i32.const 0) $unreachable $deep $endless $grow $output)
  (func $unreachable unreachable)
  (func $down (param i64) (result i64) (i64.add (call $down (i64.add (local.get 0) (i64.const 1))) (local.get 0)))
  (func $deep (drop (call $down (i64.const 0))))
  (func $endless (loop $l (br $l)))
  (func $grow (call $exit (memory.grow (i32.const 16))))
  (func $output
    (i32.store (i32.const 16) (i32.const 0)) (i32.store (i32.const 20) (i32.const 600))
    (loop $l (drop (call $write (i32.const 1) (i32.const 16) (i32.const 1) (i32.const 24))) (br $l)))
  (func (export "_start")
    (drop (call $sizes (i32.const 0) (i32.const 8)))
    (call_indirect (type $t) (i32.sub (i32.load (i32.const 8)) (i32.const 2)))))
WAT
    run ./limits/program --argv0 0
    status 134
    err 'it aborted'
    run ./limits/program --max-wasm-stack 1M --argv0 01
    status 134
    err 'too deep for its stack'
    # `run` uses 124 for its own time limit.
    st=0
    timeout 20 ./limits/program --deadline 0.3 --argv0 012 >.out 2>.err || st=$?
    status 124
    err 'its deadline has passed'
    run ./limits/program --argv0 0123
    status 1
    run ./limits/program --max-memory 1M --argv0 0123
    status 255
    run ./limits/program --max-memory 4K --argv0 0
    status 125
    err 'more memory than its limit'
    run ./limits/program --max-output 1K --argv0 01234
    status 134
    err 'more than its limit of output'
    is "$(wc -c <.out)" 1024
    # A limit on the size of files gives the guest an error, and the guest continues.
    st=0
    (ulimit -f 1 && exec timeout 20 ./limits/program --deadline 0.3 --argv0 01234 >large 2>.err) || st=$?
    status 124
    for option in --nothing --dir=/no/such/folder --max-memory=many --deadline=soon --fd=99; do
        run ./limits/program "$option"
        status 125
        err "${option##*=}"
    done
}

# The limit applies to the sum of all memories and tables, however they grow, and starts from zero for each run of a
# library.
test_one_limit_for_all_memories_and_tables() {
    wabt
    cat >sum.txt <<'WAT'
(module
  (import "wasi_snapshot_preview1" "args_sizes_get" (func $sizes (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (memory (export "memory") 1) (memory $b 10) (memory $c 10) (memory $d 10)
  (table $none 0 externref) (table $x 1000 externref) (table $y 1000 externref)
  (func $more (result i32)
    (i32.sub (i32.add (i32.add (memory.size) (memory.size $b)) (i32.add (memory.size $c) (memory.size $d))) (i32.const 31)))
  ;; One page for each in turn, until none can have one: how many pages that are.
  (func $memories (local $before i32)
    (loop $next
      (local.set $before (call $more))
      (drop (memory.grow (i32.const 1))) (drop (memory.grow $b (i32.const 1))) (drop (memory.grow $d (i32.const 1)))
      (br_if $next (i32.ne (local.get $before) (call $more))))
    (call $exit (call $more)))
  ;; A thousand entries of 8 bytes each, in turn: how many thousands.
  (func $tables (local $n i32)
    (loop $next
      (if (i32.ne (table.grow $x (ref.null extern) (i32.const 1000)) (i32.const -1))
        (then (local.set $n (i32.add (local.get $n) (i32.const 1)))))
      (if (i32.ne (table.grow $y (ref.null extern) (i32.const 1000)) (i32.const -1))
        (then (local.set $n (i32.add (local.get $n) (i32.const 1))) (br $next))))
    (call $exit (local.get $n)))
  ;; What is refused does not count.
  (func $refused
    (if (i32.ne (memory.grow $b (i32.const 1000)) (i32.const -1)) (then unreachable))
    (if (i32.ne (table.grow $x (ref.null extern) (i32.const 1000000)) (i32.const -1)) (then unreachable))
    (if (i32.ne (table.grow $none (ref.null extern) (i32.const 0)) (i32.const 0)) (then unreachable))
    (call $memories))
  (type $t (func)) (table $what 3 3 funcref) (elem (table $what) (i32.const 0) func $memories $tables $refused)
  (func (export "_start")
    (drop (call $sizes (i32.const 0) (i32.const 8)))
    (call_indirect $what (type $t) (i32.sub (i32.load (i32.const 0)) (i32.const 1)))))
WAT
    program sum <sum.txt
    # 3 MiB are 48 pages: 31 exist from the start, and tables take 16096 bytes.
    run ./sum/program --max-memory 3M
    status 16
    run ./sum/program --max-memory 3M -- x
    status $(((17 * 65536 - 16096) / 8000))
    run ./sum/program --max-memory 3M -- x x
    status 16
    run ./sum/program --max-memory 2M
    status 0
    run ./sum/program --max-memory 1M
    status 125
    err 'more memory than its limit'
    { echo '(module (memory (export "memory") 1) (func (export "_start"))'
        printf '(table 5000 externref)%.0s' {1..40}
        echo ')'; } | program tables
    run ./tables/program --max-memory 2M
    status 0
    run ./tables/program --max-memory 1M
    status 125
    err 'larger tables than its limit'
    # Memory that one guest of a library used is not left for the next one, and a smaller limit also counts memory that
    # is kept.
    library sum <sum.txt
    embedder guest-runs
    run ./guest-runs sum/guest.so run 1 0x300000 run 1 0x300000 run 2 0x300000 run 2 0x300000 run 3 0x300000 run 1 0x200000 \
        run 1 0x1f0000 run 1 0x300000
    status 0
    diff - .out >difference <<'END' || fail "otherwise: $(cat difference)"
16 
16 
137 
137 
16 
0 
125 cannot run sum: it starts with more memory than its limit
16 
END
    library one <<'WAT'
(module (memory (export "memory") 16) (table 5000 externref) (func (export "_start")))
WAT
    run ./guest-runs one/guest.so run 1 0x110000 run 1 0x110000 run 1 0x101000 run 1 0x110000 run 1 0xf0000 run 1 0x110000
    diff - .out >difference <<'END' || fail "otherwise: $(cat difference)"
0 
0 
125 cannot run one: it starts with more memory than its limit
0 
125 cannot run one: it starts with more memory than its limit
0 
END
}

# A guest that is stopped in the middle of a runtime function leaves nothing behind, and nothing is released twice.
test_stopped_at_any_time() {
    wabt
    embedder guest-runs
    library grows <<'WAT'
(module (memory (export "memory") 1) (table $t 12000 externref)
  (func (export "_start") (loop $more (drop (table.grow $t (ref.null extern) (i32.const 1))) (br $more))))
WAT
    { echo '(module (memory (export "memory") 1) (func (export "_start") (loop $l (br $l)))'
        printf '(table 180000 externref)%.0s' {1..100}
        echo ')'; } | library starts
    local name
    for name in grows starts; do
        run ./guest-runs $name/guest.so stop 100
        status 0
        is "$(cat .out)" 'stopped: 100, grown: 0' $name
    done
}

# Each guest finds the data of its memory, even if the data is not simply mapped: data that is far apart, data that is
# copied, and data that a start section writes.
test_each_guest_finds_its_data() {
    wabt
    embedder guest-runs
    local name exit='(import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))'
    local ends='(func (export "_start") (call $exit (i32.load8_u (i32.const 70000))) unreachable)'
    echo "(module $exit (memory (export \"memory\") 4000) (data (i32.const 70000) \"\\2a\")
        (data (i32.const 200000000) \"1\") $ends)" | library sparse
    echo "(module $exit (memory (export \"memory\") 1 4) (data (i32.const 0) \"\\2a\") (start \$first) $ends
        (func \$first (drop (memory.grow (i32.const 1))) (i32.store8 (i32.const 70000) (i32.load8_u (i32.const 0)))))" |
        library started
    echo "(module $exit (memory (export \"memory\") 2) (data \$d \"\\2a\") (start \$first) $ends
        (func \$first (memory.init \$d (i32.const 70000) (i32.const 0) (i32.const 1)) (data.drop \$d)))" | library passive
    echo "(module $exit (memory (export \"memory\") 2) (data (i32.const 70000) \"\\2a\") $ends)" | library mapped
    for name in sparse started passive mapped; do
        run ./guest-runs $name/guest.so run 1 0 run 1 0 run 1 0
        status 0
        is "$(cat .out)" "$(printf '42 \n42 \n42 ')" $name
    done
}

# A child of fork() can run guests, whatever other threads were doing at the time of the fork.
test_guests_after_a_fork() {
    wabt
    embedder guest-runs
    library forks <<'WAT'
(module (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (memory (export "memory") 1) (func (export "_start") (call $exit (i32.const 65))))
WAT
    run ./guest-runs forks/guest.so fork 1000
    status 0
    is "$(cat .out)" '1000 of 1000'
}

# A fault that does not belong to a guest goes to the handler that was installed before, every time, and guests still
# end normally.
test_signals_of_the_process() {
    wabt
    library signals <"$E2E/guest-signals.wat"
    cp signals/guest.so other.so
    embedder guest-signals
    run ./guest-signals signals/guest.so ./other.so
    status 0
    {
        local name then='then: 7 134 134 124' first='first: 7 134 134 124' itself=blocked signal
        told() {
            echo "$1: handled 1, SIGUSR1 blocked, itself $itself, afterwards open"
        }
        for name in jump 'no defer'; do
            [ "$name" = jump ] || itself=open
            printf '%s\n' "-- $name" "$first"
            for signal in SIGSEGV SIGBUS SIGSEGV SIGBUS; do
                told $signal
                echo "$then"
            done
            echo '-- status 0'
        done
        itself=blocked
        printf '%s\n' '-- return' "$first" "$(told SIGSEGV)" "$then" "$(told SIGSEGV)" "$then" '-- status 0'
        printf '%s\n' '-- once' "$first" "$(told SIGSEGV)" "$then" '-- signal 11'
        printf '%s\n' '-- ignored' "$first" 'after one that was sent and is ignored: 7 134 134 124' '-- signal 11'
        printf '%s\n' '-- sent' "$first" '-- signal 11' '-- two'
        for name in 1 2 3; do
            printf '%s: 7 134 134 124\n' one other
        done
        printf '%s\n' '-- status 0' '-- realtime' "$first" "$(told SIGRTMAX-2)" "$then" '-- status 0'
        printf '%s\n' '-- blocked' 'all signals blocked: 7 134 134 124' '-- status 0'
    } >expected
    diff expected .out >difference || fail "otherwise: $(cat difference)"
    # A program that was started with all signals blocked.
    native signals program
    for what in '134|x' '134|x x' '124|x x x'; do
        st=0
        # shellcheck disable=SC2086 # words
        "$PYTHON" -c 'import os, signal, sys
signal.pthread_sigmask(signal.SIG_BLOCK, range(1, signal.NSIG))
os.execv(sys.argv[1], sys.argv[1:])' ./signals/program --deadline 1 -- ${what#*|} >.out 2>.err || st=$?
        status "${what%|*}"
    done
}

# The data of a program is mapped from the file that it was loaded from, never from another file in its place.
test_the_file_of_a_library_is_replaced() {
    wabt
    embedder guest-runs
    local data
    for data in A B; do
        library $data <<WAT
(module
  (import "wasi_snapshot_preview1" "args_sizes_get" (func \$sizes (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_read" (func \$read (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_write" (func \$write (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func \$exit (param i32)))
  (memory (export "memory") 2) (data (i32.const 70000) "$data")
  (func (export "_start")
    (drop (call \$sizes (i32.const 0) (i32.const 8)))
    (if (i32.eq (i32.load (i32.const 0)) (i32.const 2))
      (then
        (i32.store (i32.const 16) (i32.const 32)) (i32.store (i32.const 20) (i32.const 1))
        (drop (call \$write (i32.const 1) (i32.const 16) (i32.const 1) (i32.const 24)))
        (drop (call \$read (i32.const 0) (i32.const 16) (i32.const 1) (i32.const 24)))))
    (call \$exit (i32.load8_u (i32.const 70000)))))
WAT
    done
    is "$(stat -c %s A/guest.so)" "$(stat -c %s B/guest.so)" 'size of the other one'
    # The data is mapped if it is the same file.
    cp A/guest.so used.so
    run ./guest-runs ./used.so run 1 0 maps
    out '65 ' 'mapped: 1'
    cp B/guest.so new.so
    run ./guest-runs ./used.so replace new.so run 1 0 beside 2 maps
    status 0
    is "$(tr '\n' ' ' <.out)" '65  65 65 mapped: 0 '
    # The descriptor's number meanwhile belongs to another file.
    run ./guest-runs ./A/guest.so run 1 0 close beside 2
    status 0
    is "$(tr '\n' ' ' <.out)" '65  65 65 '
}

# One library, many guests: each ends alone, and the process around them continues.
test_a_library() {
    wabt
    local guests=$WL_SOURCE_ROOT/host/tests/guests/guests.wat
    # A guest whose tables change is instantiated each time; one whose tables do not change is kept.
    library guests <"$guests"
    sed '/table.grow\|table.get\|table.set/d' "$guests" | library others
    nm -D --defined-only guests/guest.so | sed 's/.* //' >symbols
    is "$(cat symbols)" wlpy_native_program
    embedder guest-library
    for name in guests others; do
        grep -q "changes_tables = $([ $name = guests ] && echo true || echo false)" $name/glue.c || fail "$name: tables"
        SECONDS_EACH=300 run ./guest-library $name/guest.so
        status 139
        tr -d '\0' <.out | sed "s/cannot run $name:/cannot run it:/" >got
        diff - got >difference <<'END' || fail "$name: otherwise: $(cat difference)"
0 2 
1 134 it aborted
1 134 it used memory outside its bounds
1 134 its calls went too deep for its stack
3 124 its deadline has passed
3 124 its deadline has passed
3 124 its deadline has passed
a line
a line
2 134 it wrote more than its limit of output
0 3 
0 0 
1 134 its calls went too deep for its stack
0 0 
pending: 0
wrong: 0
wrong: 0
wrong: 0
wrong: 0
left open: 0
125 cannot give a stack of 1 bytes
0 125 cannot grant the directory no/such/folder as /d: No such file or directory
0 125 cannot use the descriptor 1000: Bad file descriptor
0 125 cannot run it: it starts with more memory than its limit
without programs: 0
END
    done
}

# `wasi_program FILE.c`: compiles FILE.c to FILE.wasm, and that to a native program.
wasi_program() {
    local name
    name=$(basename "$1" .c)
    clang-22 --target=wasm32-wasip1 --sysroot="$OUT/toolchain/wasi-libc" -O1 -w "$1" -o "$name.wasm" ||
        fail "$1 was not compiled"
    native "$name" program
}

# The program that runs a module with libwasmtime's own WASI.
reference() {
    WL_RUN=$OUT/toolchain/wl-run/bin/wl-run
    cc -O1 "$E2E/wasi-reference.c" -I"$OUT/toolchain/wasmtime/include" -L"$OUT/toolchain/wasmtime/lib" -lwasmtime \
        "-Wl,-rpath,$OUT/toolchain/wasmtime/lib" -o wasi-reference || fail 'the reference was not compiled'
}

# A C program that uses files, directories and links. As a native program and in wl-run, which share one WASI, it prints
# the same output and ends with the same status as with libwasmtime's own WASI.
test_same_as_libwasmtime() {
    wabt
    real build toolchain/wl-run toolchain/wasi-libc toolchain/wasmtime
    status 0
    cat >files.c <<'C'
#include <stdio.h>
#include <string.h>
#include <dirent.h>
#include <sys/stat.h>
#include <unistd.h>
#include <time.h>
#include <errno.h>
#include <fcntl.h>
int main(int argc, char **argv) {
  printf("%d %s\n", argc, argv[argc-1]);
  FILE *f = fopen("/d/x", "w"); fprintf(f, "hello\n"); fclose(f);
  f = fopen("/d/x", "a"); fprintf(f, "more\n"); fclose(f);
  char b[100]; f = fopen("/d/x", "r"); while (fgets(b, 100, f)) fputs(b, stdout); fclose(f);
  printf("mkdir %d %d\n", mkdir("/d/sub", 0777), mkdir("/d/sub", 0777)); printf("errno %d\n", errno == EEXIST);
  printf("ren %d\n", rename("/d/x", "/d/sub/y")); symlink("sub/y", "/d/l"); printf("rl %zd\n", readlink("/d/l", b, 100));
  struct stat st; printf("stat %d %d\n", stat("/d/l", &st), (int)st.st_size); printf("lstat %d %d\n", lstat("/d/l", &st), S_ISLNK(st.st_mode));
  int n = 0; DIR *d = opendir("/d"); while (readdir(d)) n++; closedir(d); printf("dir %d\n", n);
  printf("out %d %d\n", open("/d/../../etc/passwd", O_RDONLY), open("/etc/passwd", O_RDONLY));
  int fd = open("/d/sub/y", O_RDWR); printf("tr %d seek %d\n", ftruncate(fd, 3), (int)lseek(fd, 0, SEEK_END)); close(fd);
  printf("isatty %d rm %d %d %d\n", isatty(0), unlink("/d/l"), rmdir("/d/sub"), errno == ENOTEMPTY);
  unlink("/d/sub/y"); printf("rmdir %d\n", rmdir("/d/sub"));
  struct timespec t = {0, 1000000}; printf("sleep %d\n", nanosleep(&t, 0)); return 5; }
C
    wasi_program files.c
    reference
    mkdir native engine reference
    run ./files/program --dir native::/d -- a b
    status 5
    mv .out native.out
    run "$WL_RUN" --no-cache --dir engine::/d files.wasm a b
    status 5
    diff .out native.out >difference || fail "wl-run behaves differently: $(cat difference)"
    run ./wasi-reference files.wasm reference /d a b
    status 5
    diff .out native.out >difference || fail "libwasmtime behaves differently: $(cat difference)"
    grep -qx 'out -1 -1' native.out || fail 'a path led out'
    ls -A native >left
    [ ! -s left ] || fail 'something was left'
}

# The same call by call: thousands of calls, whose arguments and order a seed chooses. And the runner and native
# programs give the same hints.
test_first_steps() {
    wabt
    real build toolchain/wl-run
    status 0
    local WL_RUN=$OUT/toolchain/wl-run/bin/wl-run
    program fails <<'WAT'
(module
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (memory (export "memory") 1)
  (func (export "_start") (call $exit (i32.const 1))))
WAT
    mkdir shared
    : >shared/file
    local options text
    while read -r options text; do
        # shellcheck disable=SC2086 # several words
        for program in ./fails/program "$WL_RUN --no-cache"; do
            run $program ${options//,/ } $([ "$program" = ./fails/program ] || echo fails.wasm)
            status 125
            err "$text"
        done
    done <<'END'
--dir,shared:/w put two colons between the names: --dir shared::/w
--dir,shared:/w:ro put two colons between the names: --dir shared::/w::ro
--dir,shared::/w:ro put two colons before ro: --dir shared::/w::ro
--dir,/no/w::shared or swap the names (--dir shared::/no/w)
--dir,shared/file::/w shared/file is a file; share the directory it is in
END
    for program in './fails/program --dir shared::/w --' "$WL_RUN --no-cache --dir shared::/w fails.wasm"; do
        run $program fails.wat
        status 1
        err 'the program sees only the directories it is given: share one with --dir .::/data, and name the file /data/fails.wat'
        run $program shared/file
        err 'shared/file is /w/file for the program, in the directory it is given'
        run $program /w/file
        status 1
        is "$(cat .err)" ''
    done
}

test_every_call_as_libwasmtime_does_it() {
    wabt
    real build toolchain/wl-run toolchain/wasi-libc toolchain/wasmtime
    status 0
    wasi_program "$E2E/wasi-calls.c"
    reference
    for seed in 1 2; do
        mkdir native.$seed engine.$seed reference.$seed
        run ./wasi-calls/program --dir native.$seed::/ -- $seed 100 120
        status 0
        mv .out native.out
        run "$WL_RUN" --no-cache --dir engine.$seed::/ wasi-calls.wasm $seed 100 120
        status 0
        diff .out native.out >difference || fail "wl-run behaves differently: $(head difference)"
        run ./wasi-reference wasi-calls.wasm reference.$seed / $seed 100 120
        status 0
        is "$(grep -c -e '->' native.out)" 12000 'number of calls'
        [ "$(grep -c -e '-> 0$' native.out)" -gt 2000 ] || fail 'too few calls do something'
        # Calls that succeed do the same. For calls that fail, the errno may differ if two things are wrong at once,
        # because hosts check them in a different order, or where this host answers as Linux does.
        paste -d '|' native.out .out | awk -F '|' '
            $1 == $2 { next }
            {
                split($1, ours, " -> "); split($2, theirs, " -> "); split($1, word, " ")
                pair = word[1] " " ours[2] " " theirs[2]
                if (ours[2] > 0 && theirs[2] > 0 &&
                    (word[1] ~ /^path_(rename|link|symlink)$/ || pair ~ /^path_[a-z_]+ 54 8$/ || pair in known))
                    next
                print $1 " and not " theirs[2] "| " $2
            }
            BEGIN {
                known["fd_filestat_set_size 28 8"]      # a directory
                known["fd_read 31 8"]; known["fd_pread 31 8"]
                known["fd_readdir 54 8"]                # a file
                known["fd_advise 28 8"]; known["fd_filestat_set_times 8 28"]    # two things
                known["fd_prestat_dir_name 8 54"]
                known["path_open 8 25"]; known["path_open 54 25"]
                known["path_open 54 32"]                # a link instead of a directory
            }' >difference
        [ ! -s difference ] || fail "libwasmtime behaves differently: $(head difference)"
    done
}

# A link that leads out of the directory appears and disappears while the directory is used.
test_a_link_that_comes_and_goes() {
    wabt
    real build toolchain/wl-run toolchain/wasi-libc
    status 0
    wasi_program "$E2E/wasi-race.c"
    echo '#include <fcntl.h>
#include <stdio.h>
int main(void) { while (renameat2(AT_FDCWD, "box/race", AT_FDCWD, "box/other", RENAME_EXCHANGE) == 0) continue; }' >swap.c
    cc -D_GNU_SOURCE swap.c -o swap || fail 'swap.c was not compiled'
    for engine in native wl-run; do
        rm -rf box outside
        mkdir -p box/race/in outside/in/empty
        ln -s ../outside box/other
        echo inside >box/race/secret
        echo mine >box/mine
        echo secret >outside/secret
        echo victim >outside/victim
        find outside -printf '%P %s %T@ %n %m\n' | sort >before
        timeout 100 ./swap &
        case $engine in
        native) run ./wasi-race/program --dir box::/ -- 2000 ;;
        *) run "$OUT/toolchain/wl-run/bin/wl-run" --no-cache --dir box::/ wasi-race.wasm 2000 ;;
        esac
        kill $!
        wait $! 2>/dev/null
        status 0
        find outside -printf '%P %s %T@ %n %m\n' | sort >after
        diff before after >difference || fail "$engine: it has changed what is outside: $(cat difference)"
    done
}

# A profile finds a function again in another module, whatever the addresses of its memory, its globals and the
# functions that it calls.
test_functions_are_known_by_their_shape() {
    wabt
    cat >one.txt <<'WAT'
(module
  (memory (export "memory") 1) (table 3 funcref) (elem (i32.const 1) $sum $other)
  (global $g (mut i32) (i32.const 0))
  (type $t (func (param i32) (result i32)))
  (func $other (param i32) (result i32) (i32.const 70000))
  (func $sum (param i32) (result i32) (local $n i32)
    (loop $l
      (local.set $n (i32.add (local.get $n) (i32.load offset=8 (i32.const 4096))))
      (br_if $l (i32.lt_u (local.get $n) (call $other (i32.const 3)))))
    (global.set $g (local.get $n))
    (i32.add (i32.load offset=50000 (local.get 0)) (call_indirect (type $t) (local.get $n) (i32.const 2))))
  (func (export "_start") (i32.store (i32.const 4104) (i32.const 7)) (drop (call $sum (i32.const 1)))))
WAT
    # The same functions behind another function and another global, at other addresses.
    sed -e 's/(global \$g/(global $h i32 (i32.const 1)) &/' -e 's/(func \$other/(func $new (param f64)) &/' \
        -e 's/70000/80000/; s/4096/5096/; s/4104/5104/; s/50000/60000/' one.txt >two.txt
    sed 's/lt_u/gt_u/; s/offset=8/offset=12/' two.txt >three.txt
    local name
    for name in one two three; do
        "$WABT/bin/wat2wasm" $name.txt -o $name.wasm
        native $name program
        "$WABT/bin/wasm-validate" $name/guest.wasm || fail "$name is not a module any more"
        "$WABT/bin/wasm-objdump" -x -j Function $name/guest.wasm | sed -n 's/.* <\(s[0-9a-f_]*\)>$/\1/p' >$name.names
    done
    is "$(wc -l <one.names)" 3
    is "$(grep -vxFf one.names two.names | wc -l)" 1 'functions of the second that the first does not have'
    is "$(grep -xFf two.names three.names | wc -l)" 3 'functions of the second that the third has'
    # The counts of one module are used for the other.
    echo 'int main(void) { return 0; }' >there.c
    clang-22 -fprofile-generate there.c -o there 2>/dev/null || skip 'clang-22 has no library for counters (libclang-rt-22-dev)'
    mkdir counted used
    # shellcheck disable=SC2086 # words
    (cd counted && $AOT --parts 1 --no-lto --profile none --counters translate ../one.wasm one && $AOT --counters host "$HOST" &&
        $AOT --counters link translation host one) >log 2>&1 || fail "not built: $(tail -n 5 log)"
    LLVM_PROFILE_FILE=$PWD/raw run ./counted/program
    status 0
    llvm-profdata-22 merge -o profile raw || fail 'it has not counted'
    mkdir 'a folder'
    xz -c profile >'a folder/profile.xz'
    # shellcheck disable=SC2086 # words
    (cd used && $AOT --musl "$MUSL" --parts 2 --profile "$PWD/../a folder/profile.xz" translate ../two.wasm two &&
        $AOT --musl "$MUSL" link translation "$OBJECTS/program" two) >log 2>&1 || fail "not built: $(tail -n 5 log)"
    run ./used/program
    status 0
    # Before linking, object files contain bit code.
    cat <(llvm-dis-22 -o - used/guest_0.o) <(llvm-dis-22 -o - used/guest_1.o) | grep -q function_entry_count ||
        fail 'nothing was found again'
}

# It takes jobs of its jobserver, also for the linker, and gives all of them back, even if it fails.
test_it_gives_its_jobs_back() {
    wabt
    module jobs <<'WAT'
(module (memory (export "memory") 1) (func (export "_start")))
WAT
    cat >jobs.py <<'END'
import fcntl, os, subprocess, sys

take, give = os.pipe()
os.write(give, b"+++")
for fd in take, give:
    os.set_inheritable(fd, True)
env = dict(os.environ, MAKEFLAGS=f" -j4 --jobserver-auth={take},{give}")
done = subprocess.run(sys.argv[1:], env=env, close_fds=False)
fcntl.fcntl(take, fcntl.F_SETFL, os.O_NONBLOCK)
print("status", done.returncode, "jobs", len(os.read(take, 100)), file=sys.stderr)
END
    # shellcheck disable=SC2086 # words
    run "$PYTHON" jobs.py $AOT --profile none --parts 4 translate jobs.wasm jobs
    err 'status 0 jobs 3'
    # shellcheck disable=SC2086 # words
    run "$PYTHON" jobs.py $AOT --profile none --parts 4 --cpu abacus translate jobs.wasm jobs
    err 'status 1 jobs 3'
}

aot() {
    real_tool aot "$@"
}

test_the_command() {
    wabt
    # The text of the module contains the process ID, so that each run of this test compiles it again.
    "$WABT/bin/wat2wasm" - -o "hello $$.wasm" <<WAT || fail 'no wat'
(module (import "wasi_snapshot_preview1" "fd_write" (func \$write (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 3)
  (data (i32.const 0) "\\20\\00\\00\\00\\06\\00\\00\\00") (data (i32.const 32) "hello\\n") (data (i32.const 131072) "$$")
  (func (export "_start")
    (i32.store8 (i32.const 36) (i32.const 33))
    (if (i32.ne (i32.load8_u (i32.const 131072)) (i32.const 0))
      (then (drop (call \$write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 16)))))))
WAT
    aot "hello $$.wasm"
    status 0
    err '[1/2] hello_' 'translating to C' 'this once' '1 of 1 files compiled' '[2/2] hello_' 'linking with the host'
    out "hello_$$ ("
    run "./hello_$$"
    status 0
    is "$(cat .out)" 'hell!'
    run "./hello_$$" again
    is "$(cat .out)" 'hell!'
    aot "hello $$.wasm" -o other
    status 0
    not_err 'compiling'
    cmp "hello_$$" other || fail 'the second one differs'
    aot "hello $$.wasm" -o nowhere/other
    clean_failure 7
    # The options for clang are part of the key.
    aot "hello $$.wasm" -o tuned --profile none --target-cpu x86-64-v2
    status 0
    run ./tuned
    is "$(cat .out)" 'hell!'
    aot "hello $$.wasm" --profile nothing.xz
    clean_failure 2
    err 'nothing.xz'
    echo text >text.xz
    aot "hello $$.wasm" --profile text.xz
    clean_failure 2
    err 'text.xz is not a profile'
    aot "hello $$.wasm" --target-cpu abacus
    clean_failure 1
    aot --library "hello $$.wasm"
    status 0
    out "hello_$$.so ("
    nm -D "hello_$$.so" | grep -q ' [DR] wlpy_native_program' || fail 'there is no library'
}

# `run` uses the native program if one exists; it passes options and arguments to it as to the runner.
test_run_by_either_engine() {
    wabt
    mkdir -p more/made/echo d
    # Prints its arguments and the name of the shared directory. ($$ makes it different in each run, so that it is
    # compiled.)
    sed "s/NUMBER/$$/" >echo.wat <<'WAT'
(module (import "wasi_snapshot_preview1" "args_get" (func $args (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_prestat_dir_name" (func $name (param i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1) (data (i32.const 8192) "NUMBER")
  (func (export "_start")
    (drop (call $args (i32.const 1024) (i32.const 2048)))
    (drop (call $name (i32.const 3) (i32.const 2100) (i32.const 6)))
    (i32.store (i32.const 0) (i32.const 2048)) (i32.store (i32.const 4) (i32.const 60))
    (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 16)))))
WAT
    "$WABT/bin/wat2wasm" echo.wat -o more/made/echo/echo.wasm || fail 'no wat'
    cat >more/made/echo/recipe.yaml <<'END'
summary: made up
version: "1"
toolchain: none
files: [echo.wasm]
steps:
  - name: install
    run: |
      mkdir -p "$STAGE/bin"
      cp "$FILES/echo.wasm" "$STAGE/bin/"
END
    real_run() {
        real run --ports more --mapdir /guest::d --quick "$@"
        status 0
        is "$(tr -d '\0' <.out)" 'echo.wasm-xy z/guest'
    }
    real_run made/echo -- -x 'y z'
    not_err 'compiling'
    real_run --engine native made/echo -- -x 'y z'
    err 'echo: 1 of 1 files compiled'
    real_run --engine native made/echo -- -x 'y z'
    not_err 'compiling'
    real_run made/echo -- -x 'y z'
    real_run --engine wasmtime made/echo -- -x 'y z'
    # Another recipe, which makes the same bytes.
    echo 'env: ["A=1"]' >>more/made/echo/recipe.yaml
    real_run --engine native made/echo -- -x 'y z'
    err 'made/echo: done'
    not_err 'linking'
    # A program that only has to be linked counts as compiled, so that another host changes nothing for a user.
    forget more/made/echo/echo.wasm native
    real_run made/echo -- -x 'y z'
    [ ! -s .err ] || fail 'a run of a guest says something'
    real_run --engine native made/echo -- -x 'y z'
    [ ! -s .err ] || fail 'it was not linked'
    real run --ports more --engine other made/echo
    clean_failure 2
    err "--engine takes wasmtime or native, not 'other'"
}

test_bad_input_is_named() {
    wabt
    echo 'no module' >text.wasm
    aot text.wasm
    clean_failure 2
    err 'text is not a WebAssembly module'
    not_there text
    echo '(module (import "env" "f" (func)) (memory (export "memory") 1) (func (export "_start")))' >import.wat
    "$WABT/bin/wat2wasm" import.wat -o import.wasm
    aot import.wasm
    clean_failure 2
    err 'imports env.f, which nothing provides'
    echo '(module (import "wasi_snapshot_preview1" "fd_steal" (func)) (memory (export "memory") 1) (func (export "_start")))' >call.wat
    "$WABT/bin/wat2wasm" call.wat -o call.wasm
    aot call.wasm
    clean_failure 2
    err 'fd_steal, which is not a call of WASI'
    echo '(module (memory (export "memory") 1))' >library.wat
    "$WABT/bin/wat2wasm" library.wat -o library.wasm
    aot library.wasm
    clean_failure 2
    err 'has no function _start'
    # A proposal that wasm2c lacks: a struct type of the garbage collection proposal.
    printf '\0asm\1\0\0\0\1\4\1\137\1\177\0' >proposal.wasm
    aot proposal.wasm
    clean_failure 2
    err 'uses a proposal that wasm2c lacks'
    # A truncated module; then modules with proposals that wasm2c or the engine knows, but that are not supported here.
    head -c 20 import.wasm >cut.wasm
    aot cut.wasm
    clean_failure 2
    err 'cut is not a valid module'
    while IFS='|' read -r name why text; do
        echo "$text" >"$name.wat"
        "$WABT/bin/wat2wasm" --enable-all "$name.wat" -o "$name.wasm" || fail "$name.wat is not valid wat"
        aot "$name.wasm"
        clean_failure 2
        err "$name $why" 'docs/native.md'
        not_there "$name"
    done <<'END'
exceptions|uses exceptions|(module (tag) (memory (export "memory") 1) (func (export "_start") (throw 0)))
wide|has a memory of 64 bits|(module (memory (export "memory") i64 1) (func (export "_start")))
threads|is not a valid module, or uses a proposal|(module (memory (export "memory") 1 1 shared) (func (export "_start")))
given|imports env.memory, which nothing provides|(module (import "env" "memory" (memory 1)) (export "memory" (memory 0)) (func (export "_start")))
closed|does not export its memory|(module (memory 1) (func (export "_start")))
END
    aot nothing.wasm
    clean_failure 2
    err 'nothing.wasm'
    aot libs/zlib
    clean_failure 2
    err 'has no program (bin/*.wasm)'
    aot
    clean_failure 2
    # Without a compiler.
    mkdir bin
    for program in sh env timeout python3 cc gcc bwrap make; do
        ! command -v $program >/dev/null || ln -s "$(command -v $program)" bin/
    done
    echo '(module (memory (export "memory") 1) (func (export "_start")))' >good.wat
    "$WABT/bin/wat2wasm" good.wat -o good.wasm
    PATH=$PWD/bin aot good.wasm
    clean_failure 6
    err 'clang-22 is not installed'
    not_there good
}

# The names in a module and the name of its file come from strangers. Nothing in them is executed, mistaken for
# something else, or printed raw.
test_hostile_names() {
    wabt
    program names <<'WAT'
(module
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (memory (export "memory") 1) (memory (export "memory\0a") 1)
  (func (export "*/ int evil; /*")) (func (export "a\0astatic int evil = system(\22touch pwned\22);")) (func (export "b\\"))
  (func (export "c\\\0a#include \22/etc/passwd\22\0a")) (func (export "?\3f/")) (func (export "f0")) (func (export "w2c_guest"))
  (func (export "'; touch pwned; '")) (func (export "$(touch pwned)")) (func (export "`touch pwned`"))
  (func (export "d\0a    .incbin \22/etc/passwd\22\0a")) (func (export "e\0d\0a\00\c3\bf"))
  (func (export "\0a - func[0] -> \22wl_interrupt_cells\22"))
  (global (export "FUNC_TYPE_T(w2c_guest_t0) = 0;") i32 (i32.const 1)) (table (export "t\0a") 3 externref)
  (func (export "_start") (call $exit (i32.const 9))))
WAT
    run ./names/program
    status 9
    # Names that look like lines of a tool's listing.
    while IFS='|' read -r name why text; do
        echo "$text" | sed 's/NL/\\0a/g' >"$name.wat"
        "$WABT/bin/wat2wasm" "$name.wat" -o "$name.wasm" || fail "$name.wat is not valid wat"
        aot "$name.wasm"
        clean_failure 2
        err "$name $why"
        ! LC_ALL=C grep -q $'[\001-\011\013-\037\177-\377]' .err || fail 'the message has control characters'
    done <<'END'
nostart|has no function _start|(module (memory (export "memory") 1) (func (export "xNL - func[0] <_start> -> \22_start\22")))
nomemory|does not export its memory|(module (memory 1) (func (export "_start")) (func (export "NL - memory[0] pages: initial=1 -> \22memory\22")))
second|does not export its memory|(module (memory 1) (memory (export "memory") 1) (func (export "_start")))
arrow|imports env.f <- wasi_snapshot_preview1.fd_write, which nothing provides|(module (import "env" "f <- wasi_snapshot_preview1.fd_write" (func)) (memory (export "memory") 1) (func (export "_start")))
pattern|imports wasi_snapshot_preview1.fd_.*, which is not a call|(module (import "wasi_snapshot_preview1" "fd_.*" (func)) (memory (export "memory") 1) (func (export "_start")))
control|imports wasi_snapshot_preview1.??[31mred?, which is not a call|(module (import "wasi_snapshot_preview1" "\1b\07[31mredNL" (func)) (memory (export "memory") 1) (func (export "_start")))
END
    # The name of the file.
    printf '(module (memory (export "memory") 1) (data (i32.const 0) "%s") (func (export "_start")))' "$$" >file.wat
    for name in 'a";system("touch pwned");".wasm' '$(touch pwned).wasm' $'b\ntouch pwned\n.wasm' "';touch pwned;'.wasm" '-n.wasm' 'c\.wasm'; do
        "$WABT/bin/wat2wasm" file.wat -o ./"$name"
        aot -o named ./"$name"
        status 0
        run ./named
        status 0
    done
    left=$(find . -name '*pwned' ! -name '*.wasm')
    [ -z "$left" ] || fail "a name was run: $left"
}

# Data with wide gaps is copied at the start: as an image it would be a file of 200 MB.
test_data_far_from_each_other() {
    wabt
    cat >sparse.wat <<'WAT'
(module (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (memory (export "memory") 4000) (data (i32.const 0) "\01") (data (i32.const 200000000) "\29")
  (func (export "_start")
    (call $exit (i32.add (i32.load8_u (i32.const 0)) (i32.load8_u (i32.const 200000000))))))
WAT
    "$WABT/bin/wat2wasm" sparse.wat -o sparse.wasm
    aot -o sparse sparse.wasm
    status 0
    run ./sparse
    status 42
    [ "$(stat -c %s sparse)" -lt 5000000 ] || fail "the program has $(stat -c %s sparse) bytes"
}

# A module that would need very much from a compiler is refused, or the compiler is stopped, with a message that says
# so.
test_modules_that_are_hard_to_compile() {
    wabt
    # The check refuses modules that no compiler would write.
    while IFS='|' read -r kind why; do
        "$PYTHON" "$E2E/bombs.py" "$kind" "$kind.wasm" || fail 'no module was made'
        aot "$kind.wasm"
        clean_failure 2
        err "$kind $why"
    done <<'END'
locals|has 50000000 parameters and locals in 8050 bytes
more-locals|has a function with more than 50000 locals
endless-locals|has a function with more than 50000 locals
parameters|has 19999000 parameters and locals
exports|has 10000000 parameters and locals
wide|has a function with more than 1000 parameters or results
tables|has more than 100 tables
data|has more than 100000 segments of data
function|has a function of 7654323 bytes
functions|has more than 1000000 functions
blocks|is not a valid module
twice|is not a valid module
order|is not a valid module
END
    # Otherwise each process has limits.
    "$PYTHON" "$E2E/bombs.py" arithmetic arithmetic.wasm
    "$PYTHON" "$E2E/bombs.py" many many.wasm
    aot --max-compile-time 2 arithmetic.wasm
    clean_failure 1
    err 'arithmetic was not compiled: a process took more processor time than its limit' '--max-compile-time' compile.log
    aot --max-compile-memory 512M arithmetic.wasm
    clean_failure 1
    err 'arithmetic was not compiled: a process took more memory' '--max-compile-memory'
    # wasm2c has them, too.
    aot --max-compile-memory 256M many.wasm
    clean_failure 1
    err 'many was not compiled: a process took more memory'
    not_there many arithmetic
    for given in '--max-compile-memory 1K' '--max-compile-memory much' '--max-compile-memory -1' '--max-compile-time 0' \
        '--max-compile-time x'; do
        # shellcheck disable=SC2086 # two words
        aot $given many.wasm
        clean_failure 2
        err "${given%% *}"
    done
}

# The compiler of a foreign module sees no more of this machine than the steps of a port do.
test_it_is_compiled_in_the_box() {
    wabt
    echo "(module (memory (export \"memory\") 1) (data (i32.const 0) \"box $$\") (func (export \"_start\")))" >box.wat
    "$WABT/bin/wat2wasm" box.wat -o box.wasm
    # A processor that clang does not know: the build directory stays, with a way into its box.
    aot --no-sandbox --target-cpu abacus box.wasm
    clean_failure 1
    enter=$(sed -n 's/.*to look around in the build directory: sh //p' .err)
    ! grep -q bwrap "$enter" || fail 'it is compiled in a box'
    bwrap --unshare-all --ro-bind / / true 2>/dev/null || skip 'bubblewrap does not work here'
    aot --target-cpu abacus box.wasm
    clean_failure 1
    enter=$(sed -n 's/.*to look around in the build directory: sh //p' .err)
    grep -q 'exec .*bwrap' "$enter" || fail 'it is not compiled in the box'
    ! grep -qE "$WL_SOURCE_ROOT([/ ]|$)" "$enter" || fail 'the checkout can be seen'
    log=$(sed -n 's/.*the whole log is \([^;]*\);.*/\1/p' .err)
    grep -q abacus "$log" || fail 'the log does not say why'
    rm -rf "${enter%/*}"
}

# `forget MODULE KIND`: removes the artifact of that kind, made from that module, and sets forgotten to its directory.
forget() {
    local manifest
    manifest=$(grep -lF "$(sha256 "$1")" "$CACHE"/artifacts/*/manifest.json | xargs grep -l "\"kind\": \"$2\"") || fail "no $2 of $1"
    forgotten=${manifest%/manifest.json}
    chmod -R u+w "$forgotten" && rm -r "$forgotten"
}

# The bytes that were hashed are the bytes that are compiled, even if somebody writes to the file in between.
test_the_module_changes_in_between() {
    wabt
    local name dir
    for name in one two; do
        echo "(module (memory (export \"memory\") 1) (data (i32.const 0) \"$name $$\") (func (export \"_start\")))" >$name.wat
        "$WABT/bin/wat2wasm" $name.wat -o $name.wasm
    done
    cp one.wasm used.wasm
    aot used.wasm
    status 0
    forget one.wasm native
    forget one.wasm translation
    dir=$forgotten key=${forgotten##*/}
    rm used
    exec 8>"$CACHE/lock/$key"
    flock 8
    (real_tool aot used.wasm && echo "$st" >ended) 8>&- &
    wait_for 60 grep -q 'waiting for it' .err
    cat two.wasm >used.wasm
    exec 8>&-
    wait $!
    st=$(cat ended)
    clean_failure 1
    err 'used.wasm changed while it was read'
    not_there used "$dir"
}

# The keys of the tools are part of the program's key, wherever their recipes are.
test_other_tools_make_another_program() {
    wabt
    echo "(module (memory (export \"memory\") 1) (data (i32.const 0) \"tools $$\") (func (export \"_start\")))" >tools.wat
    "$WABT/bin/wat2wasm" tools.wat -o tools.wasm
    aot tools.wasm
    status 0
    err 'compiled'
    mkdir -p more/toolchain
    cp -R "$WL_SOURCE_ROOT/ports/toolchain/wabt" more/toolchain/
    aot --ports more tools.wasm
    status 0
    not_err 'compiled'
    sed -i 's/^  - name: install$/  - name: another/' more/toolchain/wabt/recipe.yaml
    aot --ports more tools.wasm
    status 0
    err 'tools: 1 of 1 files compiled'
}

# Only what decides about the module's code has it translated again: its bytes, and of the host the headers in abi/.
test_what_is_translated_again() {
    wabt
    echo "(module (memory (export \"memory\") 1) (data (i32.const 0) \"again $$\") (func (export \"_start\")))" >again.wat
    "$WABT/bin/wat2wasm" again.wat -o again.wasm
    aot again.wasm -o first
    status 0
    err '[1/2] again: translating to C' '1 of 1 files compiled' '[2/2] again: linking'
    cp again.wasm renamed.wasm
    aot renamed.wasm
    status 0
    err '[1/1] renamed: linking'
    not_err 'compiled'
    run ./renamed --nothing
    status 125
    err 'renamed:'
    mkdir root
    cp -R "$WL_SOURCE_ROOT/ports" "$WL_SOURCE_ROOT/host" "$WL_SOURCE_ROOT/tools" root/
    sed -i 's/Run this WebAssembly program, compiled ahead of time/Run this other program/' root/host/cli/native.c
    WL_SOURCE_ROOT=$PWD/root aot again.wasm -o second
    status 0
    err '[1/1] again: linking'
    not_err 'compiled'
    run ./second --help
    out 'Run this other program'
    run ./first --help
    out 'compiled ahead of time'
    echo '/* changed */' >>root/host/abi/native.h
    WL_SOURCE_ROOT=$PWD/root aot again.wasm -o third
    status 0
    err '[1/2] again: translating to C' '1 of 1 files compiled'
    # The native code is the same, and so is the program.
    cmp second third || fail 'a comment makes another program'
}

# The same module gives the same objects, in whatever directory and by however many processes, and the same program.
test_a_translation_is_the_same_each_time() {
    wabt
    { echo '(module (memory (export "memory") 1) (table 20 20 funcref) (elem (i32.const 0) $f1 $f2 $f3)'
        for i in {1..12}; do
            echo "(func \$f$i (param i32) (result i32) (i32.add (i32.const $i) (call \$f$((i % 12 + 1)) (i32.load offset=$i (local.get 0)))))"
        done
        echo '(func (export "_start") (i32.store (i32.const 0) (call $f1 (call_indirect (param i32) (result i32) (i32.const 1) (i32.const 2))))))'
    } | module same
    local jobs
    for jobs in 1 3; do
        mkdir -p "in/$jobs"
        # shellcheck disable=SC2086 # words
        (cd "in/$jobs" && $AOT --musl "$MUSL" --parts 4 -j $jobs translate ../../same.wasm same &&
            $AOT --musl "$MUSL" -j $jobs link translation "$OBJECTS/program" same) >log 2>&1 || fail "not built: $(tail -n 5 log)"
    done
    is "$(find in/1/translation -name 'code_*.o' | wc -l)" 5 'objects of four files, and of what is not of ThinLTO'
    diff -r in/1/translation in/3/translation || fail 'other objects'
    cmp in/1/program in/3/program || fail 'another program'
    ! grep -aqE 'clang version|GCC: ' in/1/program || fail 'the program names the compiler'
}

# Of the host's headers, translated code includes those in abi/, and all of them but those for other processors. It could not
# include others: the port has no others.
test_headers_that_translated_code_includes() {
    wabt
    module headers <<'WAT'
(module (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (memory (export "memory") 1) (table 1 1 funcref) (elem (i32.const 0) $start)
  (func $start (export "_start") (call_indirect (param i32) (i32.const 0) (i32.const 0))))
WAT
    native headers program
    local share=$OUT/toolchain/aot/share/aot/include
    (cd headers && clang-22 -M -I. -I"$share" -I"$WABT/share/wabt/wasm2c" -I"$WABT/include" -DRUNTIME_ONE_GUEST \
        '-DWASM_RT_CONSTANT_TABLE="abi/indirect.h"' -include "$share/abi/base.h" guest.c glue.c) >rules || fail 'it does not compile'
    grep -oE '/share/aot/include/[^ ]*' rules | sed 's|/share/aot/include/||' | sort -u >included
    (cd "$share" && find . -type f -printf '%P\n' | sort) >of_the_port
    (cd "$HOST" && find abi -type f | sort) >of_the_host
    sed -n "\|^abi/arch/$(uname -m)/|p; \|^abi/arch/|!p" of_the_host >for_this_processor
    diff included for_this_processor >difference || fail "included or not: $(cat difference)"
    diff of_the_port of_the_host >difference || fail "toolchain/aot has other headers: $(cat difference)"
}

# With the cache's directory for builds in progress on its own small file system, which only this process sees.
test_a_full_disk() {
    wabt
    is_root && unshare -m true 2>/dev/null || skip 'no mount namespaces here'
    local cache=${WL_CHECK_CACHE:-$REAL_HOME/.cache/wl-make}
    echo "(module (memory (export \"memory\") 1) (data (i32.const 0) \"full $$\") (func (export \"_start\")))" >full.wat
    "$WABT/bin/wat2wasm" full.wat -o full.wasm || fail 'no wat'
    HOME=$REAL_HOME WL_MAKE_ROOT=$WL_SOURCE_ROOT run unshare -m bash -c '
        mount -t tmpfs -o size=200k none "$0/build" || exit 99
        "$@"
        status=$?
        ls -A "$0/build" >left
        exit $status' "$cache" "$WL_MAKE" aot --cache-dir "$cache" full.wasm
    clean_failure 7
    err 'no space left on the disk' '--cache-dir'
    is "$(cat left)" ''
    not_there full
}

main "$@"
