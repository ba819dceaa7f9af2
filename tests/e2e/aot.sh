#!/bin/bash
# Hostile modules as native programs (host/native): each has to end in its trap, errno or limit, never in a crash. The
# host is compiled under the sanitizers.
# shellcheck source=tests/e2e/lib.sh disable=SC2317,SC2016
LIMIT=${LIMIT:-900}
. "$(dirname -- "$0")/lib.sh"

export HOST=$WL_SOURCE_ROOT/host/native

# WABT from its port.
wabt() {
    command -v clang-22 >clang || skip "there is no clang-22"
    real build toolchain/wabt
    status 0
    WABT=$OUT/toolchain/wabt
}

# `program NAME [CFLAGS]`: the wat on stdin as NAME/program.
program() {
    cat >"$1.wat"
    "$WABT/bin/wat2wasm" "$1.wat" -o "$1.wasm" || fail "$1.wat is no wat"
    native "$@"
}

# `native NAME [CFLAGS]`: NAME.wasm as NAME/program. The host is compiled once a test.
native() {
    mkdir -p "$1"
    cp host/*.o "$1" 2>/dev/null
    (cd "$1" && CC=clang-22 sh "$HOST/make/aot.sh" "$WABT" "../$1.wasm" "$1" 1 -s OPT=-O1 CFLAGS="${2-}") \
        >"$1.log" 2>&1 || fail "$1 was not built: $(tail -n 5 "$1.log")"
    mkdir -p host
    cp "$1"/host_*.o "$1/wasm-rt-impl.o" host/
}

test_every_access_is_held_in_bounds() {
    wabt
    local all='' i=0 name size at
    while read -r name size; do
        for at in $((65536 - size)) $((65537 - size)) 65535 -1; do
            case $name in
            *store*) all+=" (func (export \"f$i\") ($name (i32.const $at) (${name%%.*}.const 1)))" ;;
            *) all+=" (func (export \"f$i\") (drop ($name (i32.const $at))))" ;;
            esac
            echo "$name $size $at $i" >>cases
            i=$((i + 1))
        done
    done <<'LIST'
i32.load8_u 1
i32.load16_s 2
i32.load 4
i64.load 8
f32.load 4
f64.load 8
i32.store8 1
i32.store16 2
i32.store 4
i64.store 8
f64.store 8
LIST
    # One program for all: which function it calls is the length of its own name.
    program bounds <<WAT
(module
  (import "wasi_snapshot_preview1" "args_sizes_get" (func \$sizes (param i32 i32) (result i32)))
  (memory (export "memory") 1)
  $(sed 's/(export "\(f[0-9]*\)")/$\1/g' <<<"$all")
  (table funcref (elem $(seq -f '$f%.0f' 0 $((i - 1)) | tr '\n' ' ')))
  (type \$t (func))
  (func (export "_start")
    (drop (call \$sizes (i32.const 0) (i32.const 8)))
    (call_indirect (type \$t) (i32.sub (i32.load (i32.const 8)) (i32.const 2)))))
WAT
    while read -r name size at i; do
        run ./bounds/program --argv0 "$(printf "%$((i + 1))s" '')"
        if [ "$at" = $((65536 - size)) ] || { [ "$at" = 65535 ] && [ "$size" = 1 ]; }; then
            [ "$st" = 0 ] || fail "$name at $at is inside"
        else
            [ "$st" = 134 ] || fail "$name at $at is outside"
            err 'out of its bounds'
        fi
    done <cases
}

test_traps_and_limits_end_it_with_a_message() {
    wabt
    program traps <<'WAT'
(module
  (import "wasi_snapshot_preview1" "args_sizes_get" (func $sizes (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (memory (export "memory") 1)
  (type $t (func)) (type $other (func (param i64) (result i64)))
  (table 8 10 funcref)
  (elem (i32.const 0) $unreachable $signature $null $outside $deep $endless $grow $output)
  (func $unreachable unreachable)
  (func $signature (drop (call_indirect (type $other) (i64.const 1) (i32.const 0))))
  (func $null (drop (table.grow (ref.null func) (i32.const 2))) (call_indirect (type $t) (i32.const 9)))
  (func $outside (call_indirect (type $t) (i32.const -1)))
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
    run ./traps/program --argv0 0
    status 134
    err 'Unreachable instruction'
    for name in 01 012 0123; do
        run ./traps/program --argv0 "$name"
        status 134
        err 'Invalid call_indirect'
    done
    run ./traps/program --max-wasm-stack 1M --argv0 01234
    status 134
    err 'too deep for its stack'
    # `run` takes 124 for its own time limit.
    st=0
    timeout 20 ./traps/program --deadline 0.3 --argv0 012345 >.out 2>.err || st=$?
    status 124
    err 'its deadline has passed'
    run ./traps/program --argv0 0123456
    status 1
    run ./traps/program --max-memory 1M --argv0 0123456
    status 255
    run ./traps/program --max-memory 4K --argv0 0
    status 125
    err 'more memory than its limit'
    run ./traps/program --max-output 1K --argv0 01234567
    status 134
    err 'more than its limit of output'
    is "$(wc -c <.out)" 600
    # A file that may not grow is an error of the guest's, which goes on.
    st=0
    (ulimit -f 1 && exec timeout 20 ./traps/program --deadline 0.3 --argv0 01234567 >large 2>.err) || st=$?
    status 124
    for option in --nothing --dir=/no/such/folder --max-memory=many --deadline=soon --fd=99; do
        run ./traps/program "$option"
        status 125
        err "${option%%=*}"
    done
}

# One library, many guests: each ends alone, and the process around them goes on.
test_a_library() {
    wabt
    cat >guests.txt <<'WAT'
(module
  (import "wasi_snapshot_preview1" "args_sizes_get" (func $sizes (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "environ_sizes_get" (func $environ (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_prestat_get" (func $prestat (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_read" (func $read (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "poll_oneoff" (func $poll (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (memory (export "memory") 200)
  (global $runs (mut i32) (i32.const 0))
  (data (i32.const 600) "a line\0a") (data (i32.const 65536) "\01")
  (table 11 20 funcref)
  (elem (i32.const 0) $own $unreachable $bounds $deep $endless $wait $read_it $output $count $folder $deep_in_host)
  (func $own (drop (call $environ (i32.const 16) (i32.const 20))) (call $exit (i32.load (i32.const 16))))
  (func $unreachable unreachable)
  (func $bounds (drop (i32.load (i32.const 13107200))))
  (func $down (param i64) (result i64) (i64.add (call $down (i64.add (local.get 0) (i64.const 1))) (local.get 0)))
  (func $deep (drop (call $down (i64.const 0))))
  (func $endless (loop $l (br $l)))
  (func $wait
    (i64.store (i32.const 1024) (i64.const 0)) (i32.store8 (i32.const 1032) (i32.const 0))
    (i32.store (i32.const 1040) (i32.const 1)) (i64.store (i32.const 1048) (i64.const 3600000000000))
    (drop (call $poll (i32.const 1024) (i32.const 2048) (i32.const 1) (i32.const 3000))))
  (func $read_it (i32.store (i32.const 16) (i32.const 512)) (i32.store (i32.const 20) (i32.const 1))
    (drop (call $read (i32.const 0) (i32.const 16) (i32.const 1) (i32.const 24))))
  (func $line (i32.store (i32.const 16) (i32.const 600)) (i32.store (i32.const 20) (i32.const 7))
    (drop (call $write (i32.const 1) (i32.const 16) (i32.const 1) (i32.const 24))))
  (func $output (call $line) (i32.store (i32.const 20) (i32.const 2000))
    (drop (call $write (i32.const 1) (i32.const 16) (i32.const 1) (i32.const 24))))
  ;; Everything it changes is as at the start in the next one: more memory than is kept, what has grown, tables, globals.
  (func $count (local $at i32) (local $sum i32)
    (local.set $at (i32.const 131072))
    (local.set $sum (i32.sub (memory.grow (i32.const 100)) (i32.const 200)))
    (loop $page
      (local.set $sum (i32.add (local.get $sum) (i32.load8_u (local.get $at))))
      (i32.store8 (local.get $at) (i32.const 1))
      (local.set $at (i32.add (local.get $at) (i32.const 1024)))
      (br_if $page (i32.lt_u (local.get $at) (i32.const 19660800))))
    (local.set $sum (i32.add (local.get $sum) (i32.sub (table.grow (ref.null func) (i32.const 1)) (i32.const 11))))
    (if (ref.is_null (table.get (i32.const 1))) (then unreachable))
    (table.set (i32.const 1) (ref.null func))
    (if (local.get $sum) (then unreachable))
    (i32.store8 (i32.const 65536) (i32.add (i32.load8_u (i32.const 65536)) (i32.const 1)))
    (global.set $runs (i32.add (global.get $runs) (i32.const 1)))
    (call $exit (i32.add (i32.load8_u (i32.const 65536)) (global.get $runs))))
  (func $folder (call $exit (call $prestat (i32.const 3) (i32.const 16))))
  ;; The host takes memory for each of these calls, and has to give it back.
  (func $down_in_host (param i64) (result i64)
    (i32.store8 (i32.const 1032) (i32.const 0)) (i64.store (i32.const 1048) (i64.const 0))
    (drop (call $poll (i32.const 1024) (i32.const 2048) (i32.const 1) (i32.const 3000)))
    (i64.add (call $down_in_host (i64.add (local.get 0) (i64.const 1))) (local.get 0)))
  (func $deep_in_host (drop (call $down_in_host (i64.const 0))))
  (type $t (func))
  (func (export "_start")
    (drop (call $sizes (i32.const 0) (i32.const 8)))
    (call_indirect (type $t) (i32.sub (i32.load (i32.const 0)) (i32.const 1)))))
WAT
    # One whose tables change is instantiated each time, one whose do not is kept.
    program guests <guests.txt
    sed '/table.grow\|table.get\|table.set/d' guests.txt | program others
    nm -D --defined-only guests/guest.so | sed 's/.* //' >symbols
    is "$(cat symbols)" wl_guest_run
    cc -O1 -Wall -Wextra -Werror -I"$HOST" "$E2E/guest-library.c" -o embed -ldl -lpthread || fail 'the embedder was not compiled'
    for name in guests others; do
        grep -q "changes_tables = $([ $name = guests ] && echo true || echo false)" $name/glue.c || fail "$name: tables"
        SECONDS_EACH=300 run ./embed $name/guest.so
        status 139
        sed 's/.*Unreachable.*/1 134 unreachable/' .out >got
        diff - got >difference <<'END' || fail "$name: otherwise: $(cat difference)"
0 2 
1 134 unreachable
1 134 it used memory out of its bounds
1 134 its calls went too deep for its stack
2 124 its deadline has passed
2 124 its deadline has passed
2 124 its deadline has passed
a line
1 134 it wrote more than its limit of output
0 3 
0 0 
1 134 its calls went too deep for its stack
1 134 it wrote more than its limit of output
pending: 0
wrong: 0
wrong: 0
wrong: 0
wrong: 0
left open: 0
3 125 cannot give a stack of 1 bytes: it can be from 64 KiB to 64 GiB
3 125 cannot grant the folder no/such/folder: No such file or directory
3 125 cannot use the descriptor 1000 as a stream: Bad file descriptor
3 125 it starts with more memory than its limit
END
    done
}

# Every call with pointers that lead out of the memory, on descriptors of each kind, under the sanitizers.
test_bad_pointers_into_every_call() {
    wabt
    local calls='' body='' name parameters letter at
    while IFS='|' read -r name parameters; do
        letter=''
        calls+="(import \"wasi_snapshot_preview1\" \"$name\" (func \$$name (param $parameters) (result i32)))"$'\n'
        case $name in fd_close | fd_renumber | sched_yield | proc_raise) continue ;; esac
        for fd in 0 1 3 99; do
            for at in -1 65535 65533; do
                letter=''
                for type in $parameters; do
                    # The first is the descriptor; a size or count is as bad as an address.
                    [ -n "$letter" ] && letter+=" ($type.const $at)" || letter="($type.const $fd)"
                done
                case $name in args_* | environ_* | clock_* | random_get | poll_oneoff)
                    letter=$(sed "s/(i32.const $fd)/(i32.const $at)/" <<<"$letter") ;;
                esac
                body+="(drop (call \$$name $letter))"$'\n'
            done
        done
    done < <(tr -d '\\\n' <"$HOST/../wasi/wasi_calls.h" | grep -oE 'X\([a-z_]+, *\(wasi \* ?w[^)]*\)' |
        sed -E 's/X\(([a-z_]+), *\(wasi \* ?w,? *(.*)\)/\1|\2/; s/uint32_t [a-z]/i32/g; s/uint64_t [a-z]/i64/g; s/,//g')
    grep -c import <<<"$calls" | grep -qx 45 || fail "not all calls were found: $calls"
    mkdir folder
    echo safe >folder/file
    program pointers '-fsanitize=address,undefined -fno-sanitize-recover=undefined' <<WAT
(module
  $calls
  (memory (export "memory") 1)
  (func (export "_start") $body))
WAT
    ASAN_OPTIONS=handle_segv=0:use_sigaltstack=0:detect_leaks=0 run ./pointers/program --dir folder::/
    status 0
    is "$(cat folder/file)" safe
}

# `wasi_program FILE.c`: compiled to FILE.wasm, and that natively.
wasi_program() {
    local name
    name=$(basename "$1" .c)
    clang-22 --target=wasm32-wasip1 --sysroot="$OUT/toolchain/wasi-libc" -O1 -w "$1" -o "$name.wasm" ||
        fail "$1 was not compiled"
    native "$name"
}

# The program that runs a module by libwasmtime's own WASI.
reference() {
    WL_RUN=$OUT/toolchain/wl-run/bin/wl-run
    cc -O1 "$E2E/wasi-reference.c" -I"$OUT/toolchain/wasmtime/include" -L"$OUT/toolchain/wasmtime/lib" -lwasmtime \
        "-Wl,-rpath,$OUT/toolchain/wasmtime/lib" -o wasi-reference || fail 'the reference was not compiled'
}

# A C program that uses files, folders and links: as a native program and by wl-run, whose WASI is the same, it prints the
# same words and ends with the same status as with libwasmtime's own WASI.
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
    diff .out native.out >difference || fail "wl-run did otherwise: $(cat difference)"
    run ./wasi-reference files.wasm reference /d a b
    status 5
    diff .out native.out >difference || fail "libwasmtime did otherwise: $(cat difference)"
    grep -qx 'out -1 -1' native.out || fail 'a path led out'
    ls -A native >left
    [ ! -s left ] || fail 'something was left'
}

# The same call by call: thousands of them, with arguments and in an order that a seed decides.
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
        diff .out native.out >difference || fail "wl-run did otherwise: $(head difference)"
        run ./wasi-reference wasi-calls.wasm reference.$seed / $seed 100 120
        status 0
        is "$(grep -c -e '->' native.out)" 12000 'number of calls'
        [ "$(grep -c -e '-> 0$' native.out)" -gt 2000 ] || fail 'too few calls do something'
        # What succeeds does the same. Of what fails the errno may be another where two things are wrong at once, which
        # hosts look at in another order, and where this one says what Linux says.
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
                known["fd_filestat_set_size 28 8"]      # a folder
                known["fd_read 31 8"]; known["fd_pread 31 8"]
                known["fd_readdir 54 8"]                # a file
                known["fd_advise 28 8"]; known["fd_filestat_set_times 8 28"]    # two things
                known["fd_prestat_dir_name 8 54"]
                known["path_open 8 25"]; known["path_open 54 25"]
                known["path_open 54 32"]                # a link where a folder has to be
            }' >difference
        [ ! -s difference ] || fail "libwasmtime did otherwise: $(head difference)"
    done
}

aot() {
    real_tool aot "$@"
}

test_the_command() {
    wabt
    # Its result is a folder's name here, so that each run of this test compiles it anew.
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
    err '[1/1] hello_' 'translating to C' 'this once' '24 of 24 files compiled'
    out "hello_$$ ("
    run "./hello_$$"
    status 0
    is "$(cat .out)" 'hell!'
    run "./hello_$$" again
    is "$(cat .out)" 'hell!'
    aot "hello $$.wasm" -o other
    status 0
    not_err 'compiling'
    cmp "hello_$$" other || fail 'the second one is another'
    aot "hello $$.wasm" -o nowhere/other
    clean_failure 7
    aot --library "hello $$.wasm"
    status 0
    not_err 'compiling'
    out "hello_$$.so ("
    cmp wl_guest.h "$HOST/wl_guest.h" || fail 'the header is another'
    nm -D "hello_$$.so" | grep -q ' T wl_guest_run' || fail 'the library is none'
}

# run takes the native program where there is one; options and arguments reach it as they reach the runner.
test_run_by_either_engine() {
    wabt
    mkdir -p more/made/echo d
    # Writes its arguments, and the name of the folder that is mapped.
    # ($$: another one each time, so that it is compiled.)
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
    err 'echo: 24 of 24 files compiled'
    real_run --engine native made/echo -- -x 'y z'
    not_err 'compiling'
    real_run made/echo -- -x 'y z'
    real_run --engine wasmtime made/echo -- -x 'y z'
    real run --ports more --engine other made/echo
    clean_failure 2
    err "there is no engine 'other'"
}

test_bad_input_is_named() {
    wabt
    echo 'no module' >text.wasm
    aot text.wasm
    clean_failure 2
    err 'text is no WebAssembly module'
    not_there text
    echo '(module (import "env" "f" (func)) (memory (export "memory") 1) (func (export "_start")))' >import.wat
    "$WABT/bin/wat2wasm" import.wat -o import.wasm
    aot import.wasm
    clean_failure 2
    err 'imports env.f, which nobody gives'
    echo '(module (import "wasi_snapshot_preview1" "fd_steal" (func)) (memory (export "memory") 1) (func (export "_start")))' >call.wat
    "$WABT/bin/wat2wasm" call.wat -o call.wasm
    aot call.wasm
    clean_failure 2
    err 'fd_steal, which is no call of WASI'
    echo '(module (memory (export "memory") 1))' >library.wat
    "$WABT/bin/wat2wasm" library.wat -o library.wasm
    aot library.wasm
    clean_failure 2
    err 'has no function _start'
    # A proposal that wasm2c lacks: the type of a struct, of garbage collection.
    printf '\0asm\1\0\0\0\1\4\1\137\1\177\0' >proposal.wasm
    aot proposal.wasm
    clean_failure 2
    err 'uses a proposal that wasm2c lacks'
    aot nothing.wasm
    clean_failure 2
    err 'nothing.wasm'
    aot libs/zlib
    clean_failure 2
    err 'has no bin/*.wasm'
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

main "$@"
