#!/bin/bash
# The own tests of every library and of the files for the guest, which run inside wasm: built from source unless the
# user's cache has it.
# shellcheck source=tests/e2e/lib.sh disable=SC2317
LIMIT=${LIMIT:-3600}
. "$(dirname -- "$0")/lib.sh"

port_passes() {
    real test "$1"
    status 0
    out ' passed, 0 failed'
    not_out '0 passed'
}

# All at once first, side by side, as a Python that needs them has them built.
test_they_are_built() {
    real build --keep-going "${ports[@]}"
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
