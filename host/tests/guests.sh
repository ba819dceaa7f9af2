#!/bin/sh
# guests.sh WABT AOT DIR: makes the programs of the tests, guests/*.wat, in DIR: NAME.wasm and, with the artifact of
# toolchain/aot, the native NAME.so.
set -e
here=$(dirname -- "$(readlink -f -- "$0")")
mkdir -p "$3"
for wat in "$here"/guests/*.wat; do
    name=$(basename "$wat" .wat)
    "$1/bin/wat2wasm" "$wat" -o "$3/$name.wasm"
    mkdir -p "$3/$name"
    (cd "$3/$name" && "$2/bin/aot" --wabt "$1" --cc clang-22 --profdata llvm-profdata-22 --library --parts 1 --opt -O1 \
        --no-lto --profile none "../$name.wasm" "$name")
    mv "$3/$name/guest.so" "$3/$name.so"
    rm -r "${3:?}/$name"
done
