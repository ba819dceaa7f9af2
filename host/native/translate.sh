#!/bin/sh
# translate.sh WABT MODULE NAME OUTPUTS: checks a module, writes guest_*.c, guest.h and glue.c into the current folder.
set -eu
wabt=$1 module=$2 name=$3 outputs=$4
fail() {
    echo "$*" >&2
    exit 1
}

[ "$(head -c 4 "$module" | od -An -tx1 | tr -d ' \n')" = 0061736d ] || fail "$name is no WebAssembly module"
"$wabt/bin/wasm-validate" "$module" || fail "$name is no valid module, or uses a proposal that wasm2c lacks"
# Fails where a module has no such section, which is well for imports.
"$wabt/bin/wasm-objdump" -x -j Import "$module" >imports 2>/dev/null || :
"$wabt/bin/wasm-objdump" -x -j Export "$module" >exports 2>/dev/null || :
# "- func[0] sig=0 <wasi_snapshot_preview1.fd_write> <- wasi_snapshot_preview1.fd_write"
sed -n 's/^ - [a-z]*\[.* <- //p' imports | while read -r import; do
    call=${import#wasi_snapshot_preview1.}
    [ "$call" != "$import" ] || fail "$name imports $import, which nobody gives: only WASI preview 1 is there"
    grep -q "X($call,\|^void w2c_wasi__snapshot__preview1_$call(" "$HOST/wasi_calls.h" ||
        fail "$name imports $import, which is no call of WASI preview 1"
done
grep -q '^ - memory\[0\] .*-> "memory"' exports || fail "$name does not export its memory, so it is no WASI program"
grep -q '^ - func\[.* -> "_start"' exports || fail "$name has no function _start, so it is no program that can be run"
"$wabt/bin/wasm2c" -n guest --num-outputs="$outputs" "$module" -o guest.c || fail "wasm2c cannot translate $name"
wasi=
grep -q 'wasm2c_guest_instantiate(.*preview1' guest.h && wasi=', w'
cat >glue.c <<GLUE
#include "guest.h"
#include "runtime.h"

const char guest_name[] = "$name";
static w2c_guest instance;

void guest_run(wasi *w)
{
    (void)w;
    wasm2c_guest_instantiate(&instance$wasi);
    w2c_guest_0x5Fstart(&instance);
}

const wasm_rt_memory_t *guest_memory(void)
{
    return w2c_guest_memory(&instance);
}
GLUE
