#!/bin/bash
# Presses Tab and compares what completions/wl-make offers. Prints TAP. Meson sets WL_MAKE and WL_SOURCE_ROOT.
set -u

: "${WL_MAKE:?WL_MAKE must name the tool}"
: "${WL_SOURCE_ROOT:=$(CDPATH= cd -- "$(dirname -- "${BASH_SOURCE[0]}")/../.." && pwd)}"
# shellcheck source=/dev/null
source "$WL_SOURCE_ROOT/completions/wl-make"

T=$(mktemp -d) || exit 1
trap 'rm -rf "$T"' EXIT
mkdir -p "$T/root/ports/python/v3.1" "$T/root/ports/libs/zlib" "$T/here/folder" "$T/root/.build/tool/src" "$T/bin"
for port in python/v3.1 libs/zlib; do
    printf 'version: 1\ntoolchain: none\nsteps: [{name: a, run: "true"}]\n' >"$T/root/ports/$port/recipe.yaml"
done
printf '#!/bin/sh\necho the script was started >&2\nexit 1\n' >"$T/root/wl-make.sh"
chmod +x "$T/root/wl-make.sh"
mkdir "$T/root/runtimes"
: >"$T/root/runtimes/other"
: >"$T/root/runtimes/other.yaml"
ln -s "$WL_MAKE" "$T/root/.build/tool/src/wl-make"
ln -s "$WL_MAKE" "$T/bin/wl-make"
: >"$T/here/file.tar"
export WL_MAKE_ROOT=$T/root PATH=$T/bin:$PATH HOME=$T
cd "$T/here" || exit 1

n=0
failed=0

# `offers "WORD..." WORD...`: completing the last word must offer exactly the first argument, sorted.
offers() {
    local want=$1 got
    shift
    n=$((n + 1))
    # bash treats "=" as a separate word.
    mapfile -t COMP_WORDS < <(printf '%s\n' "$@" | sed 's/^\(--[a-z0-9-]*\)=\(.*\)$/\1\n=\n\2/' |
        sed -e ':a' -e 'N' -e '$!ba' -e 's/=\n$/=/')
    COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
    _wl_make 2>"$T/err"
    got=$(printf '%s\n' "${COMPREPLY[@]}" | LC_ALL=C sort | tr '\n' ' ')
    got=${got% }
    if [ "$got" = "$want" ] && [ ! -s "$T/err" ]; then
        echo "ok $n - $*"
    else
        failed=$((failed + 1))
        echo "not ok $n - $*"
        echo "#   offered: $got"
        echo "#   expected: $want"
        sed 's/^/#   /' "$T/err"
    fi
}

offers 'check clean' wl-make c
offers 'libs/zlib list' wl-make l
offers 'python/v3.1' wl-make py
offers 'python/v3.1' wl-make build py
offers 'libs/zlib python/v3.1' wl-make info ''
offers 'libs/zlib python/v3.1' wl-make -q clean ''
offers 'python/v3.1' "$T/root/wl-make.sh" py
offers '--keep-build --keep-going' wl-make build --keep
offers '--keep-going' wl-make fetch --k
offers '--dry-run' wl-make libs/zlib --dr
offers '--version' wl-make --vers
offers '' wl-make list --so
offers '--dir-ro= --dir=' wl-make run --di
offers 'always auto never' wl-make --color ''
offers 'always' wl-make --color=al
offers 'always auto never' wl-make list --color=''
offers 'folder' wl-make --output ''
offers 'folder' wl-make --cache-dir=fo
offers 'file.tar' wl-make python/v3.1 --source fi
offers 'python/v3.1' wl-make --output folder build py
offers 'python/v3.1' wl-make --output=folder -j 2 build py
offers '' wl-make -j ''
offers 'native wasmtime' wl-make run --engine ''
offers 'native' wl-make run --engine=n
offers '--output=' wl-make clean --out
offers '-o' wl-make app -o
offers 'python/v3.1' wl-make app --python py
offers 'file.tar folder' wl-make aot --profile ''
offers 'plain' wl-make test --flavour pl
offers 'python/v3.1' wl-make test --flavour plain py
offers 'other' wl-make test --runtime ot
offers 'file.tar folder' wl-make run python/v3.1 f
offers 'file.tar folder' wl-make run python/v3.1 -- f
offers 'doctor' wl-make help do
offers '' wl-make doctor ''

# In a checkout whose tool is not built yet, nothing is started, but commands are offered.
rm "$T/root/.build/tool/src/wl-make"
offers '' "$T/root/wl-make.sh" py
offers 'run' "$T/root/wl-make.sh" ru

echo "1..$n"
[ "$failed" = 0 ]
