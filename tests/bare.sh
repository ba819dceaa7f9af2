#!/bin/bash
# Runs the README's two commands on a machine that has nothing: in a minimal Debian with git and ca-certificates, from a clone
# of HEAD, with an empty cache. The addresses that recipes list first (upstream's) cannot be reached.
#
#   bash tests/bare.sh [--suite NAME] [--no-namespaces] [--upstream] [--keep] [build | check | same]...
#
#   build            the first command; check: the second one. Without a part, both
#   same             compares what `build` has made with what it made in Debian 12: the bytes must not depend on the machine
#   --suite NAME     another Debian than 12 (bookworm), for example trixie
#   --no-namespaces  as where namespaces cannot be created, which is the default in a container (e2e/no-namespaces.c)
#   --upstream       do not block upstream's addresses
#   --keep           reuse the root and the cache of the last run with --keep, and keep them again: for experiments
#
# Must run as root. It uses only registries: apt's mirror, and those in this machine's settings of pip, npm and cargo. The
# minimal root is cached under the hash of its inputs.
set -u
export LC_ALL=C

self=$(readlink -f -- "$0")
repo=$(CDPATH= cd -- "${self%/*}/.." && pwd)

say() {
    printf 'bare: %s\n' "$*"
}
die() {
    say "error: $*" >&2
    exit 1
}

# --- inside its own namespaces: makes WORK/root the root, and types the command there ---

if [ "${1-}" = --inside ]; then
    root=$2 home=$3 helper=$4 command=$5
    mount --make-rprivate / && mount --bind "$root" "$root" && mount --rbind /dev "$root/dev" &&
        mount -t proc proc "$root/proc" && mount --rbind /sys "$root/sys" && mkdir -p "$root/old" && cd "$root" &&
        pivot_root . old || exit 1
    umount -l /old || exit 1
    # shellcheck disable=SC2046 # one word per line, without white space
    exec env -i HOME="$home" PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin TERM=dumb CI=true LANG=C.UTF-8 \
        $(cat /bare-environment) $helper sh -c "cd /srv/wl-make && $command" </dev/null
fi

suite=bookworm
helper=
upstream=
keep=
parts=
while [ $# -gt 0 ]; do
    word=$1
    shift
    case $word in
    --suite)
        suite=${1-}
        [[ $suite =~ ^[a-z]+$ ]] || die '--suite needs the name of a suite of Debian, for example trixie'
        shift
        ;;
    --no-namespaces) helper=/bare-no-namespaces ;;
    --upstream) upstream=yes ;;
    --keep) keep=yes ;;
    build | check | same) parts="$parts $word" ;;
    *) die "unknown argument $word; known are --suite, --no-namespaces, --upstream, --keep, build, check and same" ;;
    esac
done
[ "$(id -u)" = 0 ] || die 'only root can create the minimal root'

# --- the minimal root ---

need() {
    command -v "$1" >/dev/null && return
    say "installing $2"
    { apt-get update && apt-get install -y --no-install-recommends "$2"; } >"$logs/install.log" 2>&1 ||
        die "cannot install $2: $logs/install.log"
}

# Prints this machine's Debian mirrors as lines of a sources.list, without other projects' repositories, for the wanted suite.
mirrors() {
    local own
    own=$(sed -n 's/^VERSION_CODENAME=//p' /etc/os-release)
    # shellcheck disable=SC2016 # for apt
    apt-get indextargets --format 'deb $(REPO_URI) $(RELEASE) $(COMPONENT) $(ORIGIN)' 'Created-By: Packages' |
        sed -n 's/ Debian$//p' | sed "s/^\(deb [^ ]* \)${own:-bookworm}\([ -]\)/\1$suite\2/" | sort -u
}

logs=$repo/.build/bare
mkdir -p "$logs" || exit 1
need mmdebstrap mmdebstrap
need gcc gcc
need git git
list=$(mirrors)
[ -n "$list" ] || die 'apt has no Debian mirror here; run apt-get update'
key=$({
    printf '%s\n' "$list"
    sh "$repo/wl-make.sh" --packages
    cat "$self"
} | sha256sum | cut -c 1-16)
cache=${XDG_CACHE_HOME:-$HOME/.cache}/wl-make-bare
pristine=$cache/$suite-$key
if [ ! -d "$pristine" ]; then
    say 'creating the minimal root'
    mkdir -p "$cache"
    find "$cache" -mindepth 1 -maxdepth 1 \( -name "$suite-*" -o -name 'new.*' \) -mmin +60 -exec rm -rf {} + # those made from other lists
    made=$(mktemp -d "$cache/new.XXXXXX") || exit 1
    chmod 755 "$made"
    mmdebstrap --variant=minbase --include=git,ca-certificates "$suite" "$made" - <<<"$list" >"$logs/root.log" 2>&1 || {
        tail -n 10 "$logs/root.log"
        rm -rf "$made"
        die 'cannot create the minimal root'
    }
    mv "$made" "$pristine" || exit 1
fi

kept=$cache/kept-$suite
if [ -n "$keep" ] && [ -d "$kept" ]; then
    work=$kept
else
    if [ -n "$keep" ]; then
        work=$kept
        mkdir "$work" || exit 1
    else
        work=$(mktemp -d "${TMPDIR:-/var/tmp}/wl-bare.XXXXXX") || exit 1
    fi
    cp -a "$pristine" "$work/root" || die 'cannot copy the root'
fi
root=$work/root
home=$(sed -n 's/^root:.*:\(.*\):[^:]*$/\1/p' "$root/etc/passwd")
clone=$root/srv/wl-make # other users can read it; some tests become such a user
child=
finish() {
    # When unshare ends, everything inside it ends, too.
    [ -z "$child" ] || kill -KILL "$child" 2>/dev/null
    [ -n "$keep" ] || rm -rf "$work"
}
trap finish EXIT
trap 'exit 130' INT TERM HUP

# --- this machine's settings for registries ---

# `bring FILE...`: copies files of this machine to the same path in the root; files of the home directory go to root's home.
bring() {
    local file to
    for file; do
        [ -f "$file" ] || continue
        to=$file
        case $file in
        "$HOME"/*) to=$home/${file#"$HOME"/} ;;
        esac
        mkdir -p "$root${to%/*}"
        cp -L "$file" "$root$to"
    done
}
bring /etc/resolv.conf /etc/hosts /etc/pip.conf ~/.pip/pip.conf ~/.config/pip/pip.conf ~/.npmrc /etc/npmrc \
    /usr/local/etc/npmrc ~/.cargo/config ~/.cargo/config.toml /etc/ssl/certs/ca-certificates.crt
find /usr/local/share/ca-certificates -name '*.crt' -print0 2>/dev/null | while IFS= read -r -d '' file; do
    bring "$file"
done
env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin chroot "$root" update-ca-certificates >"$logs/certificates.log" 2>&1 || die "no certificates: $logs/certificates.log"
apt-config dump | grep -E '^Acquire::([A-Za-z:]*[Pp]roxy|Check-)' >"$root/etc/apt/apt.conf.d/90bare"
# Of the environment, keep only the settings for proxies, certificates and registries.
env | grep -iE '^(https?_proxy|all_proxy|no_proxy|SSL_CERT_FILE|SSL_CERT_DIR|CURL_CA_BUNDLE|REQUESTS_CA_BUNDLE|PIP_(CERT|INDEX_URL|EXTRA_INDEX_URL|PROXY|DEFAULT_TIMEOUT)|NODE_EXTRA_CA_CERTS|NPM_CONFIG_[a-z_]*|CARGO_(HTTP|REGISTR|SOURCE)[A-Z_]*)=[^[:space:]]+$' \
    >"$root/bare-environment"

# Point upstream's addresses at this machine, where nothing listens.
if [ -z "$upstream" ]; then
    grep -rhoE '(https|git\+https)://[A-Za-z0-9.-]+' "$repo/ports" --include=recipe.yaml | sed 's|.*//||' | sort -u |
        sed 's/^/127.0.0.1 /' >>"$root/etc/hosts"
fi

# --- the clone ---

if [ -n "$keep" ] && [ -d "$clone/.git" ]; then
    git -C "$clone" fetch -q "$repo" HEAD && git -C "$clone" checkout -q -f FETCH_HEAD
else
    git clone -q --no-hardlinks "$repo" "$clone" &&
        git -C "$clone" checkout -q --detach "$(git -C "$repo" rev-parse HEAD)"
fi || die 'cannot clone HEAD'
chown -R 0:0 "$clone"
if [ -n "$helper" ]; then
    gcc -O1 -static -o "$root$helper" "$repo/tests/e2e/no-namespaces.c" || die 'cannot compile no-namespaces.c'
fi

# --- the commands ---

passed=0
failed=0
name_of() {
    local name=$1
    [ "$suite" = bookworm ] || name=$name-$suite
    printf '%s' "$name${helper:+-no-namespaces}"
}

# `expect NAME COMMAND`: the command must end with status 0.
expect() {
    local name start=$SECONDS status=0
    name=$(name_of "$1")
    say "$name: $2"
    unshare --mount --pid --ipc --uts --fork --kill-child -- bash "$self" --inside "$root" "$home" "$helper" "$2" >"$logs/$name.log" 2>&1 &
    child=$!
    wait "$child" || status=$?
    child=
    if [ "$status" = 0 ]; then
        passed=$((passed + 1))
        say "$name: passed in $((SECONDS - start)) s"
    else
        failed=$((failed + 1))
        tail -n 40 "$logs/$name.log"
        say "$name: failed with status $status after $((SECONDS - start)) s; the whole log is $logs/$name.log"
    fi
}

# `expect_not NAME PATTERN WHAT`: the log of a command must not have such a line.
expect_not() {
    local name
    name=$(name_of "$1")
    if grep -E "$2" "$logs/$name.log"; then
        failed=$((failed + 1))
        say "$name: $3"
    else
        passed=$((passed + 1))
    fi
}

# `hashes DIRECTORY`: of the files in it.
hashes() {
    find "$1" -type f ! -name .wl-make -print0 | sort -z | xargs -0 sha256sum
}

for part in ${parts:-build check}; do
    case $part in
    build)
        expect build './wl-make.sh python/v3.11.2'
        expect run "./wl-make.sh run python/v3.11.2 -- -c 'import zlib, uuid, ssl, zoneinfo; print(uuid.uuid1(), zoneinfo.ZoneInfo(\"Europe/Berlin\"))'"
        # The first run compiles the runner. After that there is nothing to do, so only the guest prints anything.
        expect silence "test -z \"\$(./wl-make.sh run python/v3.11.2 -- -c '' 2>&1)\""
        (cd "$clone/build-output" && hashes python) >"$logs/$(name_of bytes).txt"
        ;;
    same)
        [ "$(name_of bytes)" != bytes ] || die 'same compares with Debian 12 with namespaces: it needs --suite or --no-namespaces'
        [ -s "$logs/bytes.txt" ] || die 'nothing to compare with: run `tests/bare.sh build` first'
        if diff "$logs/bytes.txt" "$logs/$(name_of bytes).txt"; then
            passed=$((passed + 1))
            say "same: $(wc -l <"$logs/bytes.txt") files have the same bytes as those made in Debian 12"
        else
            failed=$((failed + 1))
            say 'same: these files differ from those made in Debian 12'
        fi
        ;;
    check)
        expect check './wl-make.sh check'
        grep -A 100 -E '^[0-9]+ skipped:$' "$logs/$(name_of check).log"
        # A test must not be skipped only because a package is missing.
        expect_not check '^  [0-9]+ .*(not installed|[Nn]o (clang|compiler|make|ninja|git|pkg-config|toolchain)|has no library)' \
            'tests are skipped because a package is missing'
        ;;
    esac
done
printf '%d passed, %d failed\n' "$passed" "$failed"
[ "$failed" = 0 ]
