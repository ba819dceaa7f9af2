#!/bin/sh
# guests.sh WABT AOT HOST DIR [OPTION...]: makes the programs of the tests, guests/*.wat, in DIR: NAME.wasm and, with the
# artifacts of toolchain/aot and toolchain/aot-host, the native NAME.so, with more options of aot.
set -e
here=$(dirname -- "$(readlink -f -- "$0")")
wabt=$1 aot=$2 host=$3 to=$4
shift 4
mkdir -p "$to"
for wat in "$here"/guests/*.wat; do
    name=$(basename "$wat" .wat)
    "$wabt/bin/wat2wasm" "$wat" -o "$to/$name.wasm"
    mkdir -p "$to/$name"
    (cd "$to/$name" && "$aot/bin/aot" --wabt "$wabt" --cc clang-22 --library --parts 1 --opt -O1 --no-lto --profile none "$@" \
        translate "../$name.wasm" "$name" && "$aot/bin/aot" --cc clang-22 --library "$@" link translation "$host/lib/library" "$name")
    mv "$to/$name/guest.so" "$to/$name.so"
    rm -r "${to:?}/$name"
done
