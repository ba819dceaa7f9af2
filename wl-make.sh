#!/bin/sh
# Makes sure that wl-make is built, then becomes it. The first run installs what is missing, where it may.
#
# The lists of Debian packages stand here and nowhere else: `sh wl-make.sh --packages` prints them.
set -eu

tool_packages='gcc libc6-dev make meson ninja-build pkg-config libcurl4-openssl-dev libarchive-dev libssl-dev libcyaml-dev
libyaml-dev libjansson-dev'
build_packages='build-essential patch bubblewrap ca-certificates xz-utils'
llvm_packages='clang-22 lld-22 llvm-22 libclang-rt-22-dev-wasm32'
check_packages='libcmocka-dev scdoc git python3 python3-pip libclang-rt-22-dev'
# The clients of registries: a source that is fetched through one has it installed (cargo-web: Debian's package cargo is
# of 2022 and wants a registry's index by git).
client_packages='python3-pip cargo-web npm git'

# Programs started here would cost as much as a build that has nothing to do, so the shell does what it can.
self=$0
[ ! -L "$self" ] || self=$(readlink -f -- "$self")
case $self in
*/*) root=$(CDPATH= cd -- "${self%/*}/" && pwd) ;;
*) root=$PWD ;;
esac
build=$root/.build/tool
log=$root/.build/bootstrap.log

say() { printf 'wl-make: %s\n' "$*" >&2; }
die() {
    say "error: $1"
    exit 6
}

# The packages of a list that are not installed.
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

# Installs those of the packages that are missing, as root or by a sudo that asks no password; otherwise says what to type.
install_packages() {
    need=$(missing "$@")
    [ -n "$need" ] || return 0
    if [ "$(id -u)" = 0 ]; then
        as_root=
    elif command -v sudo >/dev/null 2>&1 && sudo -n true 2>/dev/null; then
        as_root='sudo -n'
    else
        say "these packages are missing and only root can install them: apt-get install$need"
        return 0
    fi
    say "installing$need"
    mkdir -p "$root/.build"
    # shellcheck disable=SC2086 # lists of words
    { $as_root apt-get update && DEBIAN_FRONTEND=noninteractive $as_root apt-get install -y --no-install-recommends \
        -o Acquire::Retries=3 -o DPkg::Lock::Timeout=300 $need; } >"$log" 2>&1 || {
        tail -n 5 "$log" >&2
        die "cannot install the packages; the whole log is $log"
    }
}

has_apt() {
    command -v dpkg-query >/dev/null 2>&1 && command -v apt-get >/dev/null 2>&1
}

# One at a time: a second one would start the tool while the first still writes it.
take_lock() {
    mkdir -p "$root/.build" 2>/dev/null || die "cannot write to $root: the tool is built there"
    exec 9>"$root/.build/lock"
    ! command -v flock >/dev/null 2>&1 || flock 9
}

# `install_clients PACKAGE...`: what the tool asks for when the client of a source is missing.
install_clients() {
    for package; do
        case " $client_packages " in
        *" $package "*) ;;
        *) die "$package is not the client of a source" ;;
        esac
    done
    has_apt || die "there is no apt here to install $* with"
    take_lock
    log=$root/.build/clients.log
    install_packages "$@"
}

# Only where apt is the packager; elsewhere the tools have to be there.
bootstrap() {
    # shellcheck disable=SC2046 # a list of words
    ! has_apt || install_packages $(wanted "${1-}")
    if [ ! -f "$build/build.ninja" ]; then
        command -v meson >/dev/null 2>&1 || die "meson is not installed (Debian: apt-get install meson ninja-build)"
        say "building the tool"
        # shellcheck disable=SC2086
        meson setup --buildtype=release "$build" "$root" >"$log" 2>&1 || {
            rm -rf "$build"
            tail -n 8 "$log" >&2
            die "cannot set up the build of the tool; the whole log is $log"
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

# Asking dpkg or ninja on every run would cost more than a build that has nothing to do: packages are looked at once
# for each list, and ninja is asked when a source file is newer than the tool.
stamp=$root/.build/installed-${WASI_SDK_ROOT:+sdk}
case ${1-} in
check) stamp=$stamp-check ;;
esac
tool=$build/src/wl-make
if [ ! -e "$stamp" ] || [ "$root/wl-make.sh" -nt "$stamp" ] || [ ! -x "$tool" ] ||
    [ -n "$(find "$root/src" "$root/meson.build" -newer "$tool" -print -quit)" ]; then
    take_lock
    bootstrap "${1-}"
    touch "$tool" # also when ninja found that nothing it builds had changed
    : >"$stamp"
    exec 9>&-
fi

WL_MAKE_ROOT=$root
export WL_MAKE_ROOT
exec "$tool" "$@"
