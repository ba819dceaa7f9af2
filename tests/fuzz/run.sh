#!/bin/sh
# run.sh TARGET SEEDS NAME: runs a fuzz target for some seconds (FUZZ_SECONDS), starting from its seeds. An input that
# breaks it is left in the working directory.
set -eu
target=$1
seeds=$2
name=$3
corpus=$(mktemp -d)
trap 'rm -rf "$corpus"' EXIT
mkdir "$corpus/seeds" "$corpus/tmp"
"$seeds" "$name" "$corpus/seeds"
TMPDIR=$corpus/tmp "$target" -max_total_time="${FUZZ_SECONDS:-10}" -max_len=65536 -timeout=20 -rss_limit_mb=2048 \
    -artifact_prefix="$PWD/fuzz_$name-" -print_final_stats=1 "$corpus/seeds"
