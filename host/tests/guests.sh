#!/bin/sh
# guests.sh WABT AOT HOST DIR: makes the programs of the tests, guests/*.wat, in DIR: NAME.wasm and, with the artifacts of
# toolchain/aot and toolchain/aot-host, the native NAME.so.
set -e
here=$(dirname -- "$(readlink -f -- "$0")")
mkdir -p "$4"
for wat in "$here"/guests/*.wat; do
    name=$(basename "$wat" .wat)
    "$1/bin/wat2wasm" "$wat" -o "$4/$name.wasm"
    mkdir -p "$4/$name"
    (cd "$4/$name" && "$2/bin/aot" --wabt "$1" --cc clang-22 --library --parts 1 --opt -O1 --no-lto --profile none translate \
        "../$name.wasm" "$name" && "$2/bin/aot" --cc clang-22 --library link translation "$3/lib/library" "$name")
    mv "$4/$name/guest.so" "$4/$name.so"
    rm -r "${4:?}/$name"
done
