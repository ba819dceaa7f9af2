#!/bin/sh
# Builds wl-make if needed, then becomes it. The first run installs missing packages, if it has the permission.
#
# The lists of Debian packages are here and nowhere else: `sh wl-make.sh --packages` prints them.
set -eu

tool_packages='gcc libc6-dev make meson ninja-build pkg-config libcurl4-openssl-dev libarchive-dev libssl-dev libcyaml-dev
libyaml-dev libjansson-dev libsodium-dev libzstd-dev'
build_packages='build-essential patch bubblewrap ca-certificates xz-utils scdoc'
llvm_packages='clang-22 lld-22 llvm-22 libclang-rt-22-dev-wasm32'
check_packages='faketime libcmocka-dev libcurl4-openssl-dev git python3 python3-pip python3-venv
libclang-rt-22-dev minisign procps tmux'
# The clients of registries. When a source is fetched through one, that client is installed. (cargo-web, because Debian's package
# cargo dates from 2022 and reads a registry's index with git.)
client_packages='python3-pip cargo-web npm git'

# Each process started here costs as much as a build that has nothing to do, so the shell itself does what it can.
self=$0
[ ! -L "$self" ] || self=$(readlink -f -- "$self")
case $self in
*/*) root=${self%/*} ;;
*) root=. ;;
esac
case $root/ in
./) root=$PWD ;;
*//* | */./* | */../* | [!/]* | /) root=$(CDPATH= cd -- "$root/" && pwd) ;;
esac
build=$root/.build/tool
log=$root/.build/bootstrap.log
WL_MAKE_ROOT=$root
export WL_MAKE_ROOT WL_MAKE_SCRIPT

# `run` starts what an earlier run recorded, unless something has changed since (src/launch/launch.h). In that case wl-make
# starts this script again, with an empty WL_MAKE_SCRIPT.
if [ "${WL_MAKE_SCRIPT-new}" ]; then
    WL_MAKE_SCRIPT=
    case " $* " in
    *' run '*)
        if [ -x "$build/src/wl-make" ]; then
            WL_MAKE_SCRIPT=$root/wl-make.sh
            exec "$build/src/wl-make" "$@"
        fi
        ;;
    esac
fi

say() { printf 'wl-make: %s\n' "$*" >&2; }
die() {
    say "error: $1"
    exit 6
}

# Prints the packages of a list that are not installed.
missing() {
    for package in "$@"; do
        case $(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null) in
        installed) ;;
        *) printf ' %s' "$package" ;;
        esac
    done
}

wanted() {
    printf '%s %s ' "$tool_packages" "$build_packages"
    [ -n "${WASI_SDK_ROOT-}" ] || printf '%s ' "$llvm_packages"
    [ "${1-}" != check ] || printf '%s ' "$check_packages"
}

# apt waits for a lock of dpkg by itself, but not for that of its lists, which a machine often holds just after its start.
update_lists() {
    tries=60
    until $as_root apt-get update -o Acquire::Retries=3 >"$log" 2>&1; do
        tries=$((tries - 1))
        { [ $tries -gt 0 ] && grep -q 'lists/lock' "$log"; } || return 1
        sleep 5
    done
}

# Installs the missing packages, as root or with a sudo that asks no password; otherwise prints the command to type.
install_packages() {
    need=$(missing "$@")
    [ -n "$need" ] || return 0
    if [ "$(id -u)" = 0 ]; then
        as_root=
    elif command -v sudo >/dev/null 2>&1 && sudo -n true 2>/dev/null; then
        as_root='sudo -n'
    else
        say "packages are missing, and only root can install them: apt-get install$need"
        return 0
    fi
    say "installing$need"
    mkdir -p "$root/.build"
    # shellcheck disable=SC2086 # lists of words
    { update_lists && DEBIAN_FRONTEND=noninteractive $as_root apt-get install -y --no-install-recommends \
        -o Acquire::Retries=3 -o DPkg::Lock::Timeout=300 $need >"$log" 2>&1; } || {
        absent=$(sed -n -e 's/^E: Unable to locate package \(.*\)/ \1/p' \
            -e "s/^E: Package '\(.*\)' has no installation candidate/ \1/p" "$log" | tr -d '\n')
        [ -z "$absent" ] || die "this system has no package$absent; what other systems need: docs/usage.md"
        tail -n 5 "$log" >&2
        die "cannot install the packages; the whole log is $log"
    }
}

# Where there is no apt: which programs are missing. Only without the first four the tool cannot be built; doctor lists the
# others once it is. (Meson says which libraries are missing.)
say_missing_programs() {
    lacks=
    essential=
    programs='cc meson ninja pkg-config make patch scdoc'
    [ -n "${WASI_SDK_ROOT-}" ] || programs="$programs clang-22 wasm-ld-22 llvm-ar-22"
    for program in $programs; do
        command -v "$program" >/dev/null 2>&1 && continue
        lacks="$lacks $program"
        case $program in
        cc | meson | ninja | pkg-config) essential=yes ;;
        esac
    done
    [ -z "$essential" ] || die "this system has no apt, and these programs are missing:$lacks; what other systems need: docs/usage.md"
}

has_apt() {
    command -v dpkg-query >/dev/null 2>&1 && command -v apt-get >/dev/null 2>&1
}

# Only one at a time: a second one would start the tool while the first is still writing it.
take_lock() {
    mkdir -p "$root/.build" 2>/dev/null || die "cannot write to $root: the tool is built there"
    exec 9>"$root/.build/lock"
    ! command -v flock >/dev/null 2>&1 || flock 9
}

# `install_clients PACKAGE...`: the tool calls this when the client of a source is missing.
install_clients() {
    for package; do
        case " $client_packages " in
        *" $package "*) ;;
        *) die "$package is not the client of a source" ;;
        esac
    done
    has_apt || die "cannot install $*: this machine has no apt"
    take_lock
    log=$root/.build/clients.log
    install_packages "$@"
}

# Installs packages only with apt; on other systems the tools must already be installed.
bootstrap() {
    if has_apt; then
        # shellcheck disable=SC2046 # a list of words
        install_packages $(wanted "${1-}")
    else
        say_missing_programs
    fi
    if [ ! -f "$build/build.ninja" ]; then
        command -v meson >/dev/null 2>&1 || die "meson is not installed: apt-get install meson ninja-build"
        say "building the tool"
        # shellcheck disable=SC2086
        meson setup --buildtype=release "$build" "$root" >"$log" 2>&1 || {
            rm -rf "$build"
            tail -n 8 "$log" >&2
            die "cannot configure the build of the tool; the whole log is $log"
        }
    fi
    ninja -C "$build" >"$log" 2>&1 || {
        tail -n 20 "$log" >&2
        die "cannot build the tool; the whole log is $log"
    }
}

case ${1-} in
--packages)
    wanted check | tr -s ' \n' '\n\n'
    exit 0
    ;;
--install)
    shift
    install_clients "$@"
    exit 0
    ;;
esac

# Asking dpkg or ninja on every run would cost more than a build that has nothing to do. So packages are checked once for each
# list, and ninja runs only if a source file is newer than the tool.
stamp=$root/.build/installed-${WASI_SDK_ROOT:+sdk}
case ${1-} in
check) stamp=$stamp-check ;;
esac
tool=$build/src/wl-make-tool
if [ ! -e "$stamp" ] || [ "$root/wl-make.sh" -nt "$stamp" ] || [ ! -x "$tool" ] ||
    [ -n "$(find "$root/src" "$root/host/cli" "$root/host/core" "$root/meson.build" -newer "$tool" -print -quit)" ]; then
    take_lock
    bootstrap "${1-}"
    touch "$tool" # even if ninja found nothing to rebuild
    : >"$stamp"
    exec 9>&-
fi

exec "$tool" "$@"
