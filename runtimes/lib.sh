# Functions that the scripts here share. Each script takes the options of wl-run and starts a WASI runtime with the runtime's
# own: NAME [--dir HOST::GUEST[::ro]]... [--env NAME=VALUE]... MODULE [ARGUMENT...], and in node and browser --max-threads and options for
# the network. NAME --version prints the runtime's version, and NAME --show ... prints the command instead of starting it. A script exits
# with 125 if the runtime is not installed, as wl-run does if it cannot start.
# shellcheck shell=bash disable=SC2034
set -eu

name=${0##*/}
hosts=() guests=() modes=() env=() network=() threads=() module='' arguments=() show='' setup=''

cannot() {
    printf '%s: %s\n' "$name" "$*" >&2
    exit 125
}

# `runtime PROGRAM "HOW TO INSTALL IT"`: finds the runtime's program; $WL_RUNTIME replaces it. (docs/runtimes.py reads this line.)
runtime() {
    program=${WL_RUNTIME:-$1}
    command -v "$program" >/dev/null || cannot "$1 is not installed; $2 (or set WL_RUNTIME to the program)"
}

# Parses the command line; the runtime itself answers `--version`.
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
        --net-https=* | --net-http=* | --net-proxy=* | --net-redirects | --no-isolation | --page-port=*)
            [ -n "${gives_doors-}" ] || cannot "only browser has $1"
            network+=("$1")
            shift
            ;;
        --net-listen=*)
            [ -n "${gives_network-}" ] || cannot "$name cannot listen; leave out $1, or use wl-run"
            network+=("$1")
            shift
            ;;
        --net | --net=* | --net-log=* | --max-sockets=* | --max-listening=* | --max-lookups=* | --max-received=* | --max-sent=*)
            [ -n "${gives_network-}${gives_doors-}" ] || cannot "$name gives no network; leave out $1, or use wl-run"
            network+=("$1")
            shift
            ;;
        --net-listen | --net-log | --max-sockets | --max-listening | --max-lookups | --max-received | --max-sent)
            [ $# -ge 2 ] || cannot "$1 needs a value"
            set -- "$1=$2" "${@:3}"
            ;;
        --max-threads=*)
            [ -n "${gives_threads-}" ] || cannot "$name gives no threads; leave out $1, or use wl-run"
            [[ ${1#*=} =~ ^[0-9]{1,3}$ ]] && [ "${1#*=}" -le 256 ] || cannot "cannot use $1: write a number from 0 to 256"
            threads=("$1")
            shift
            ;;
        --max-threads)
            [ $# -ge 2 ] || cannot "$1 needs a value"
            set -- "$1=$2" "${@:3}"
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
    cannot "no module is given"
}

# For engines that keep the frames of wasm on the thread's own stack: that usually has 8 MB, and Python needs more.
deep_stack() {
    setup="ulimit -s 65536"
    [ -n "$show" ] || ulimit -s 65536 2>/dev/null || setup="ulimit -s $(ulimit -H -s)"
}

# Prints the words as one would type them in a shell.
quoted() {
    local word home
    for word; do
        home=
        # shellcheck disable=SC2088 # printed, not expanded
        case $word in "$HOME"/*) home='~/' word=${word#"$HOME"/} ;; esac
        case $word in
        *[!A-Za-z0-9_./:=,@%+-]* | '') printf " %s'%s'" "$home" "${word//\'/\'\\\'\'}" ;;
        *) printf ' %s%s' "$home" "$word" ;;
        esac
    done
}

# `start WORDS...` becomes the runtime, after running the shell commands in $setup.
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
