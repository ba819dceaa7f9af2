#!/bin/sh
# aot.sh WABT MODULE NAME PARTS TARGET [MAKE-ARGUMENT...]: makes the executable "program" or the library "guest.so", which is
# TARGET, of a module, in the current folder.
#
# The module is checked, its data is split off, its functions are named by their shapes, wasm2c writes PARTS files of C, and
# build.mk compiles them side by side. CC (default: cc) compiles everything. PROFILES are files, a line each, in which `wl-make profile
# --native` has written down where the time goes; they are for clang, with llvm-profdata beside it (LLVM_PROFDATA).
set -eu
wabt=$1 module=$2 name=$3 parts=$4
shift 4
here=$(CDPATH= cd -- "$(dirname -- "$0")" && pwd)
host=${here%/make}
exec 3>&2
# Status 3: the module is none that can be translated, and the last line says why.
fail() {
    echo "$*" >&2
    exit 3
}
# `tool COMMAND...`: a program that reads the module or what was made of it. Status 4: it was stopped by a limit, or came to an
# end in the middle, and the last line says how.
tool() {
    status=0
    "$@" || status=$?
    case $status in
    134 | 139) echo "${1##*/} needed more memory or stack than it may have, or has a fault (signal $((status - 128)))" >&3 ;;
    137 | 152) echo "${1##*/} needed more time than it may have" >&3 ;;
    153) echo "${1##*/} would have written a larger file than it may" >&3 ;;
    *) return $status ;;
    esac
    exit 4
}

[ -r "$module" ] || fail "$module cannot be read"
# What is imported and exported, how much there is of everything.
${CC:-cc} -O1 -w -I"${host%/native}" "$here/check.c" -o check
tool ./check "$module" "$name" >facts || exit
tool "$wabt/bin/wasm-validate" "$module" || fail "$name is no valid module, or uses a proposal that wasm2c lacks"
${CC:-cc} -O1 -w -I"${host%/native}" "$here/split.c" -o split
# Its data is mapped where that can be; else wasm2c's code copies it.
status=0
tool ./split "$module" rest.wasm image >from 2>split.log || status=$?
[ "$status" -le 2 ] && [ "$status" != 1 ] || { cat split.log >&2; exit 1; }
if [ "$status" = 0 ]; then
    module=rest.wasm from=$(cat from)
else
    from=0
    : >image
fi
# Whether an instance begins with that in its memory and nothing else.
image_is_all=true
! grep -qx start facts || image_is_all=false
[ "$status" = 0 ] || ! grep -qx data facts || image_is_all=false
# A profile knows functions by name. (What is too new for this has none, and serves without.)
${CC:-cc} -O1 -w -I"${host%/native}" "$here/shapes.c" -o shapes
status=0
tool ./shapes "$module" named.wasm 2>shapes.log || status=$?
[ "$status" -le 2 ] && [ "$status" != 1 ] || { cat shapes.log >&2; exit 1; }
[ "$status" != 0 ] || module=named.wasm
cat >image.s <<IMAGE
    .section .wl_image,"a",@progbits
    .balign 65536
    .globl guest_image
    .hidden guest_image
guest_image:
    .incbin "image"
    .balign 4096
    .globl guest_image_end
    .hidden guest_image_end
guest_image_end:
    .section .note.GNU-stack,"",@progbits
IMAGE
tool "$wabt/bin/wasm2c" -n guest --num-outputs="$parts" "$module" -o guest.c || fail "wasm2c cannot translate $name"
# Where the memory lies, runtime.h says (RUNTIME_BASE): a program knows it as a constant. What is called through a table
# need not go by a function around it, whose only difference is how C calls the type of its first argument; only an import has one
# that is needed: it is given the place where its instance stands, which wasm2c forgets. All have to be seen from the table.
sed -i -e 's|^\(#define MEM_ADDR_MEMOP(mem, addr, n)\) (&wasm_rt_local_memory_base\[(addr)\])$|\1 RUNTIME_ADDRESS(wasm_rt_local_memory_base, addr)|' \
    -e 's|(wasm_rt_function_ptr_t)wrap_w2c_guest_|(wasm_rt_function_ptr_t)w2c_guest_|' \
    -e 's|((struct w2c_wasi__snapshot__preview1\*) instance|(*(struct w2c_wasi__snapshot__preview1**) instance|' \
    -e 's|^static \(.* wrap_w2c_wasi__.*{\)$|\1|' -e 's|^static \(.* w2c_guest_[A-Za-z0-9_]*(w2c_guest\*\)|\1|' guest*.[ch]
grep -q RUNTIME_ADDRESS guest*.[ch] || { echo "this wasm2c writes another C than aot.sh expects" >&2; exit 1; }
profile=
if [ -n "${PROFILES-}" ]; then
    n=0
    before=$IFS
    IFS='
'
    for file in $PROFILES; do
        n=$((n + 1))
        xz -dc "$file" >"profile.$n" || fail "$file is no profile that wl-make profile --native wrote"
    done
    IFS=$before
    "$LLVM_PROFDATA" merge -o profile profile.[0-9]* || fail "a profile is not for this compiler: $PROFILES"
    profile=$PWD/profile
fi
# What every start of a Python runs: pages of the file that it needs.
: >order
for file in "$host"/profiles/*.start; do
    sed 's/^/w2c_guest_/' "$file" >>order
done
wasi= use=
if grep -q 'wasm2c_guest_instantiate(.*preview1' guest.h; then
    wasi=', w' use='((w2c_guest *)instance)->w2c_wasi__snapshot__preview1_instance = w;'
fi
# What is done when it is instantiated has constants for arguments, an instruction variables.
changes=false
! grep -qE '(_table_(set|fill|copy|init)|wasm_rt_grow_[a-z]*_table)\(&.*var_' guest*.c || changes=true
# A table that never changes is read where it lies in the file, instead of being made anew by each instance.
: >table.s
table=$(sed -n 's/^  wasm_rt_[a-z]*_table_t \**\(w2c_.*\);/\1/p' guest.h)
types='^FUNC_TYPE(_EXTERN)?_T[(]w2c_guest_' segments='^(static )?const wasm_elem_segment_expr_t ' elements='^  [{](RefFunc|RefNull|GlobalGet)'
if [ "$changes$(echo "$table" | wc -w)" = false1 ] &&
    grep -hE "$types|$segments|$elements|instance->$table" guest*.c | awk -v table="$table" -v HEADER=table.h -f "$here/table.awk" >table.s; then
    sed -i -E -e "/^  (wasm_rt_allocate_funcref_table|funcref_table_init|wasm_rt_free_funcref_table)[(]/d" -e "/$segments/,/^};/d" \
        -e "s|instance->$table[.]data[[]var_[a-z0-9]*[]][.]module_instance|instance|" \
        -e 's|^static inline uint64_t checked_add_u64|#include "table.h"\n&|' guest*.[ch]
else
    : >table.s
fi
interrupts=
! grep -qx interrupts facts ||
    interrupts='runtime_interrupts(w2c_guest_wl_interrupt_cells(instance));'
cat >glue.c <<GLUE
#include "guest.h"
#include "runtime.h"

const char guest_name[] = "$name";
const uint64_t guest_image_from = $from;
const bool guest_image_is_all = $image_is_all;
const size_t guest_size = sizeof(w2c_guest);

const bool guest_changes_tables = $changes;

void guest_instantiate(void *instance, wasi *w)
{
    (void)w;
    wasm2c_guest_instantiate(instance$wasi);
}

void guest_use(void *instance, wasi *w)
{
    (void)instance;
    (void)w;
    $use
}

void guest_start(void *instance)
{
    $interrupts
    w2c_guest_0x5Fstart(instance);
}

void guest_free(void *instance)
{
    wasm2c_guest_free(instance);
}

const wasm_rt_memory_t *guest_memory(void *instance)
{
    return w2c_guest_memory(instance);
}
GLUE

make -f "$here/build.mk" HOST="$host" WABT="$wabt" PROFILE="$profile" ${CC:+CC="$CC"} "$@"
