#!/bin/sh
# differential.sh FILES WORK SEED...: makes the same random calls on files inside the module and in a real directory.
#
# FILES has calls.c and the layer of guest/vfs.h. WORK is an empty directory to work in. CC, CFLAGS, CPPFLAGS and
# LDFLAGS have the values of a recipe's step that needs zlib. RUN and ROFS_PACK name wl-run and rofs-pack. One run sees
# all files in a real directory that the host maps. The other runs have all files, or a part of them, in the archive;
# the host's directory with the rest is mapped in different places. All runs must print the same, except for the
# differences that compare.awk allows. A difference is shown with its seed.
set -eu
files=$1 work=$2
shift 2
count=${COUNT:-1500}
cd "$work"

# The tree. Every name is in one of two halves; files that both have are the same.
fill() {
    mkdir -p "$1/tree/common" "$1/tree/common/deep/deeper"
    printf 'in both halves\n' >"$1/tree/common/both"
}
fill all/ && fill inside && fill outside
put() {
    mkdir -p "$1/$(dirname "$2")" "all/$(dirname "$2")"
    cat >"$1/$2"
    cp "$1/$2" "all/$2"
}
: | put inside tree/empty
printf 'one line\n' | put inside tree/small
seq 1 3000 | put inside tree/common/large
printf 'a' | put inside tree/only-inside/a
printf 'a' | put inside tree/only-inside/a.b
printf 'a' | put inside tree/only-inside/ab
printf 'ä' | put inside tree/only-inside/ä
seq 1 500 | put inside tree/common/deep/numbers
i=0
while [ $i -lt 70 ]; do
    echo $i | put inside "tree/many/in-$i"
    echo $i | put outside "tree/many/out-$i"
    i=$((i + 1))
done
printf 'outside\n' | put outside tree/common/outside
printf 'outside\n' | put outside tree/only-outside/x/y
seq 1 700 | put outside tree/common/deep/deeper/numbers
for root in all inside outside; do
    find $root -exec touch -d @1000000000 {} +
done

$CC $CFLAGS -c "$files/calls.c" -o calls.o
# Undefined behaviour traps.
layer=
for name in channel cwd devices memory memory-copy pipe processes rofs threads vfs vfs-files vfs-modes vfs-notes vfs-paths vfs-places vfs-stat wasi-host; do
    $CC $CFLAGS $CPPFLAGS -fsanitize=undefined -fsanitize-trap=all -c "$files/$name.c" -o "$name.o"
    layer="$layer $name.o"
done
# Both use our own cwd.c.
$CC calls.o cwd.o -o plain.wasm
for half in all inside; do
    mkdir $half.data
    SOURCE_DATE_EPOCH=1000000000 "$ROFS_PACK" --deflate tree/common/deep --compress $half $half.data/rofs-archive
    $CC -I$half.data -c "$files/rofs-data.s" -o $half.o
    $CC calls.o $layer $half.o $LDFLAGS -lz "-Wl,@$files/vfs.ld" -o $half.wasm
done

failed=0
for seed; do
    "$RUN" --dir all::/::ro plain.wasm "$seed" "$count" >plain.out
    for way in 'all' 'inside --dir outside::/::ro' 'inside --dir outside/tree::/tree::ro' \
        'inside --dir outside::/::ro --dir outside/tree/common::/tree/common::ro'; do
        set -- $way
        module=$1
        shift
        "$RUN" "$@" $module.wasm "$seed" "$count" >way.out || { echo "seed $seed, $way: ended with $?"; failed=1; }
        awk -f "$files/compare.awk" plain.out way.out || { echo "seed $seed, $way: the results differ"; failed=1; }
    done
done
test $failed = 0
