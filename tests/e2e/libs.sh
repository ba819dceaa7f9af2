#!/bin/bash
# The own tests of every library and of the files for the guest, which run inside wasm: built from source unless the
# user's cache has it.
# shellcheck source=tests/e2e/lib.sh disable=SC2317
LIMIT=${LIMIT:-3600}
. "$(dirname -- "$0")/lib.sh"

port_passes() {
    CACHE=${WL_CHECK_CACHE:-$REAL_HOME/.cache/wl-make}
    SECONDS_EACH=3000 WL_MAKE_ROOT=$WL_SOURCE_ROOT run "$WL_MAKE" test --cache-dir "$CACHE" --output "$OUT" \
        ${WL_CHECK_OFFLINE:+--offline} "$1"
    [ "$st" != 4 ] || skip "a source cannot be had here: $(head -c 300 .err)"
    status 0
    out ' passed, 0 failed'
    not_out '0 passed'
}

# All at once first, side by side, as a Python that needs them has them built.
test_they_are_built() {
    CACHE=${WL_CHECK_CACHE:-$REAL_HOME/.cache/wl-make}
    SECONDS_EACH=3000 WL_MAKE_ROOT=$WL_SOURCE_ROOT run "$WL_MAKE" build --cache-dir "$CACHE" --output "$OUT" \
        ${WL_CHECK_OFFLINE:+--offline} --keep-going "${ports[@]}"
    [ "$st" != 4 ] || skip "a source cannot be had here: $(head -c 300 .err)"
    status 0
}

names=(test_they_are_built)
ports=()
for recipe in "$WL_SOURCE_ROOT"/ports/{libs,data}/*/recipe.yaml; do
    folder=$(dirname "$recipe")
    name=$(basename "$folder")
    eval "test_$name() { port_passes $(basename "$(dirname "$folder")")/$name; }"
    names+=("test_$name")
    ports+=("$(basename "$(dirname "$folder")")/$name")
done

[ $# != 0 ] || set -- "${names[@]}"
main "$@"
