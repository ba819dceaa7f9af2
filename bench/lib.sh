# Functions that the measurements share: arguments, timing, medians, the table, the comparison with an earlier run, and the JSON
# result. The scripts here source this file.
# shellcheck shell=bash disable=SC2034
set -eu

export LC_ALL=C.UTF-8
repo=$(CDPATH= cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd)
wl=$repo/wl-make.sh
port=python/v3.11.2
cache=${XDG_CACHE_HOME:-$HOME/.cache}/wl-make
runs=
save=
earlier=
beside=
# The version of each Python that was measured.
declare -A versions=()

T=$(mktemp -d "${TMPDIR:-/var/tmp}/wl-bench.XXXXXX")
folder=
trap 'chmod -R u+rwX "$T" 2>/dev/null; rm -rf "$T" ${folder:+"$folder"}' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

die() {
    printf '%s: %s\n' "${0##*/}" "$*" >&2
    exit 1
}

# `choose NAME LIST`: reduces the array NAME to the elements whose first word is in the list.
choose() {
    local -n array=$1
    local list=,$2, words=" ${array[*]%% *}" kept=() word item
    [[ $2 =~ ^[^,]+(,[^,]+)*$ ]] || die "--$1 takes names separated by commas:$words"
    for word in ${2//,/ }; do
        [[ "$words " == *" $word "* ]] || die "--$1: unknown name $word; known are:$words"
    done
    for item in "${array[@]}"; do
        [[ $list != *",${item%% *},"* ]] || kept+=("$item")
    done
    array=("${kept[@]}")
}

# `arguments DEFAULT_RUNS "WHAT IT MEASURES" "$@"`: parses the command line. If a script has the arrays engines and programs,
# --engines and --programs choose from them, and --beside adds `old-ENGINE` for each of this project's engines.
arguments() {
    local what=$2 part='' options='[--runs N] [--cache-dir DIR]' of
    runs=$1
    shift 2
    [ ! -v engines ] || options+=' [--engines LIST] [--beside DIR]'
    [ ! -v programs ] || options+=' [--programs LIST]'
    while [ $# != 0 ]; do
        case $1 in
        --runs)
            runs=${2-}
            [[ $runs =~ ^[1-9][0-9]*$ ]] || die "--runs takes a number"
            shift
            ;;
        --cache-dir)
            cache=${2-}
            [ -n "$cache" ] || die "--cache-dir takes a directory"
            shift
            ;;
        --engines | --programs)
            [ -v "${1#--}" ] || die "unknown option $1"
            choose "${1#--}" "${2-}"
            part=$1
            shift
            ;;
        --beside)
            [ -v engines ] || die "unknown option $1"
            [ -x "${2-}/wl-make.sh" ] || die "--beside takes the directory of another checkout of this project"
            beside=$(CDPATH= cd -- "$2" && pwd)
            part=$1
            shift
            ;;
        --compare)
            earlier=${2-}
            [ -n "$earlier" ] || die "--compare takes a file that an earlier run saved"
            shift
            ;;
        --save) save=$repo/docs/benchmarks/${0##*/}.json ;;
        --save-as)
            save=${2-}
            [[ $save == *.json ]] || die "--save-as takes a file whose name ends in .json"
            part=
            shift
            ;;
        -h | --help)
            cat <<END
Usage: bench/${0##*/} $options [--compare FILE] [--save | --save-as FILE] [PORT]

$what

The default port is $port. --save writes docs/benchmarks/${0##*/}.json, with its plot and its table beside
it; --save-as writes FILE (.json) instead. Each figure is shown beside the one of an earlier run, from the file of --compare or
from docs/benchmarks/${0##*/}.json.
END
            [ ! -v engines ] || printf '\n--engines: any of these, measured in this order\n  %s\n' "${engines[*]}"
            [ ! -v engines ] || printf '\n--beside: another checkout, whose engines are built from its own sources and measured in turn, as old-ENGINE\n'
            [ ! -v programs ] || printf '\n--programs: any of these, measured in this order\n%s\n' "$(fmt -w 100 <<<"${programs[*]%% *}" | sed 's/^/  /')"
            exit
            ;;
        -*) die "unknown option $1" ;;
        *) port=$1 ;;
        esac
        shift
    done
    if [ -n "$beside" ]; then
        local name both=()
        for name in "${engines[@]}"; do
            both+=("$name")
            [[ ! $name =~ ^(plain|single|snapshot|native|native-snapshot)$ ]] || both+=("old-$name")
        done
        engines=("${both[@]}")
    fi
    # A partial table would replace the complete one.
    [ -z "$part" ] || [ "$save" != "$repo/docs/benchmarks/${0##*/}.json" ] || die "--save needs a complete run; with $part use --save-as"
    if [ -n "$earlier" ]; then
        [ -e "$earlier" ] || die "$earlier does not exist"
        of=$(head_of port "$earlier")
        [ -n "$of" ] && [ "$(head_of benchmark "$earlier")" = "${0##*/}" ] || die "$earlier was not saved by bench/${0##*/}"
        [ "$of" = "$port" ] || die "$earlier is of $of, not of $port"
    else
        earlier=$repo/docs/benchmarks/${0##*/}.json
        [ -e "$earlier" ] && [ "$(head_of port "$earlier")" = "$port" ] || earlier=
    fi
}

# `head_of NAME FILE`: the field NAME in the head of a saved result.
head_of() {
    sed -n "s/^  \"$1\": \"\(.*\)\",\$/\1/p" "$2"
}

# `where artifact|output PORT`: the port's directory in the store, or in the output.
where() {
    "$wl" --cache-dir "$cache" info "$2" | sed -n "s/^$1  *//p"
}

# `timed FILE COMMAND...`: appends the command's milliseconds to a file of samples. If the command fails, the script ends.
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

# --- results: one line each in $T/results: NAME OF UNIT RUNS BEST MEDIAN MIN MAX ---

# `result NAME OF UNIT FILE [DIVISOR [BEST]]`: the result of a file of samples. OF is the Python that it belongs to, if any. The
# best is the minimum, unless it is given.
result() {
    sort -g "$4" | awk -v name="$1" -v of="$2" -v unit="$3" -v by="${5:-1}" -v best="${6-}" '
        function four(x) { return sprintf(x < 1000 ? "%.4g" : "%.0f", x) }
        { v[NR] = $1 / by }
        END {
            m = NR % 2 ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2
            printf "%s\t%s\t%s\t%d\t%s\t%s\t%s\t%s\n", name, of, unit, NR, four(best == "" ? v[1] : best), four(m), four(v[1]), four(v[NR])
        }' >>"$T/results"
}

# `ratio NAME OF FILE FILE`: divides two files of samples that were taken in turn, pair by pair. The best, which is also set, is
# the ratio of their minima.
ratio() {
    paste "$3" "$4" | awk '{ print $1 / $2 }' >"$T/ratio"
    best=$(paste <(sort -g "$3") <(sort -g "$4") | awk 'NR == 1 { print $1 / $2 }')
    result "$1" "$2" ratio "$T/ratio" 1 "$best"
}

# `fact NAME OF UNIT NUMBER`: a figure that is the same each time.
fact() {
    printf '%s\t%s\t%s\t1\t%s\t%s\t%s\t%s\n' "$1" "$2" "$3" "$4" "$4" "$4" "$4" >>"$T/results"
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

# Prints the results, beside those of an earlier run, and saves them.
report() {
    local name=${0##*/} key of unit n best median min max comma=''
    printf '%s of %s\n%s\ncommit %s, %s\n' "$name" "$port" "$(machine)" "$(commit)" "$(date -u +%Y-%m-%d)"
    [ -z "$earlier" ] || printf 'earlier: %s, commit %s, %s\n' "${earlier#"$repo/"}" "$(head_of commit "$earlier")" \
        "$(head_of date "$earlier" | cut -dT -f1)"
    echo
    {
        [ -z "$earlier" ] || sed -n '/^    {"name": /p' "$earlier"
        printf 'what\tof\tunit\truns\tbest\tmedian\tmin\tmax\n'
        cat "$T/results"
    } | awk -F '\t' -v with="${earlier:+1}" '
        function field(name, text) {
            if (!match($0, "\"" name "\": (\"[^\"]*\"|[0-9.e+-]+)")) return ""
            text = substr($0, RSTART, RLENGTH)
            sub(/^"[^"]*": "?/, "", text)
            sub(/"$/, "", text)
            return text
        }
        /^    \{"name": / { old[field("name") SUBSEP field("of") SUBSEP field("unit")] = field("median"); next }
        {
            n++
            if (with) $9 = n == 1 ? "earlier" : old[$1 SUBSEP $2 SUBSEP $3]
            for (i = 1; i <= NF; i++) { cell[n, i] = $i; if (length($i) > width[i]) width[i] = length($i) }
            columns = NF
        }
        END {
            for (r = 1; r <= n; r++) {
                line = ""
                for (i = 1; i <= columns; i++) line = line sprintf(i < 4 ? "%-" width[i] "s  " : "%" width[i] "s  ", cell[r, i])
                sub(/ *$/, "", line)
                print line
            }
        }'
    [ -n "$save" ] || return 0
    {
        printf '{\n  "benchmark": "%s",\n  "port": "%s",\n  "machine": "%s",\n  "date": "%s",\n  "commit": "%s",\n' \
            "$name" "$(json_text "$port")" "$(json_text "$(machine)")" "$(date -u +%Y-%m-%dT%H:%M:%SZ)" "$(commit)"
        if [ ${#versions[@]} != 0 ]; then
            printf '  "versions": {'
            for key in "${engines[@]}"; do
                printf '%s"%s": "%s"' "$comma" "$key" "$(json_text "${versions[$key]}")"
                comma=', '
            done
            printf '},\n'
            comma=
        fi
        printf '  "results": ['
        while IFS=$'\x1f' read -r key of unit n best median min max; do
            printf '%s\n    {"name": "%s", %s"unit": "%s", "runs": %s, "best": %s, "median": %s, "min": %s, "max": %s}' "$comma" \
                "$(json_text "$key")" "${of:+"\"of\": \"$(json_text "$of")\", "}" "$unit" "$n" "$best" "$median" "$min" "$max"
            comma=,
        done < <(tr '\t' '\037' <"$T/results")
        printf '\n  ]\n}\n'
    } >"$T/json"
    mkdir -p "$(dirname -- "$save")"
    cp "$T/json" "$save"
    python3 "$repo/bench/plot.py" "$save"
    printf '\nsaved in %s\n' "${save#"$repo/"}"
}
