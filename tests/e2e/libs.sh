#!/bin/bash
# The tests of every library and of the data files for the guest, which run inside wasm. They are built from source
# unless the user's cache has them.
# shellcheck source=tests/e2e/lib.sh disable=SC2317
LIMIT=${LIMIT:-3600}
. "$(dirname -- "$0")/lib.sh"

port_passes() {
    real test "$1"
    status 0
    out ' passed, 0 failed'
    not_out '0 passed'
}

# Build all of them first, in parallel, as for a Python that needs them.
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
