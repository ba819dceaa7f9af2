# What the scripts here share. Each starts a WASI runtime in the way that it wants to be started, and is itself called as
# wl-run is: NAME [--dir HOST::GUEST[::ro]]... [--env NAME=VALUE]... MODULE [ARGUMENT...]; NAME --version prints which
# one it is, and NAME --show ... the command it would start. Ends with 125 where the runtime is not installed, as wl-run
# does when it cannot start.
# shellcheck shell=bash disable=SC2034
set -eu

name=${0##*/}
hosts=() guests=() modes=() env=() module='' arguments=() show='' setup=''

cannot() {
    printf '%s: %s\n' "$name" "$*" >&2
    exit 125
}

# `runtime PROGRAM "HOW TO GET IT"`: the runtime's program, or $WL_RUNTIME in its place.
runtime() {
    program=${WL_RUNTIME:-$1}
    command -v "$program" >/dev/null || cannot "$1 is not installed; $2 (or name the program in WL_RUNTIME)"
}

# Reads the words; `--version` is answered by the runtime.
words() {
    local rest
    while [ $# != 0 ]; do
        case $1 in
        --dir=* | --env=*) set -- "${1%%=*}" "${1#*=}" "${@:2}" ;;
        --dir)
            [[ ${2-} == *::* ]] || cannot "--dir takes HOST::GUEST"
            rest=${2#*::}
            hosts+=("${2%%::*}")
            guests+=("${rest%%::*}")
            [[ $rest == *::ro ]] && modes+=(ro) || modes+=(rw)
            shift 2
            ;;
        --env)
            [[ ${2-} == *=* ]] || cannot "--env takes NAME=VALUE"
            env+=("$2")
            shift 2
            ;;
        --show)
            show=1
            shift
            ;;
        --version) exec "$program" --version ;;
        -*) cannot "unknown option $1" ;;
        *)
            module=$1
            arguments=("${@:2}")
            [ "${arguments[0]-}" != -- ] || arguments=("${arguments[@]:1}")
            return
            ;;
        esac
    done
    cannot "which module?"
}

# For engines that keep the frames of wasm on the thread's own stack: 8 MB are usual for that, Python wants more.
deep_stack() {
    setup="ulimit -s 65536"
    [ -n "$show" ] || ulimit -s 65536 2>/dev/null || setup="ulimit -s $(ulimit -H -s)"
}

# The words as a person would type them.
quoted() {
    local word home
    for word; do
        home=
        # shellcheck disable=SC2088 # it is written, not expanded
        case $word in "$HOME"/*) home='~/' word=${word#"$HOME"/} ;; esac
        case $word in
        *[!A-Za-z0-9_./:=,@%+-]* | '') printf " %s'%s'" "$home" "${word//\'/\'\\\'\'}" ;;
        *) printf ' %s%s' "$home" "$word" ;;
        esac
    done
}

# `start WORDS...` becomes the runtime. $setup is what has to be done before, for a shell.
start() {
    local line
    if [ -n "$show" ]; then
        line=$(quoted "$@")
        printf '%s\n' "${setup:+$setup; }${line# }"
        exit
    fi
    eval "$setup"
    exec "$@"
}
