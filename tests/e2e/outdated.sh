#!/bin/bash
# The versions that sources offer: directories, web pages, tags, Debian mirrors and registries, all made up.
# shellcheck source=tests/e2e/lib.sh disable=SC2317,SC2016
. "$(dirname -- "$0")/lib.sh"

HASH=29e4b8f5f1658542a8c13e2dd277358c9c48f2b2f7318652ef1675e402b9d2af

# `pinned NAME VERSION URL [LINE...]`: a port whose first source is at URL.
pinned() {
    local name=$1 version=$2 url=$3
    shift 3
    {
        printf 'version: "%s"\ntoolchain: none\nsources:\n  - url: "%s"\n    sha256: %s\n' "$version" "$url" $HASH
        [ $# = 0 ] || printf '%s\n' "$@"
        printf 'steps: [{name: x, run: "true"}]\n'
    } | port "$name"
}

# `row PORT VERSION NEWEST STATUS SOURCE...`: the output has this line for a port.
row() {
    local line
    line=$(grep -E "^$1 " .out | tr -s ' ') || fail "no row of $1"
    is "$line" "$*" "the row of $1"
}

# `listed DIR NAME...`: a directory of the web server with a page that lists it. A name that ends in / is a directory.
listed() {
    local folder=www/$1 name
    shift
    mkdir -p "$folder"
    {
        echo '<html><body><a href="../">..</a>'
        for name; do printf '<a href="%s">%s</a>\n' "$name" "$name"; done
    } >"$folder/index.html"
}

# Programs that hide the real one.
fake() {
    mkdir -p bin
    printf '#!/bin/sh\n%s\n' "$2" >"bin/$1"
    chmod +x "bin/$1"
    PATH=$T/bin:$PATH
}

test_files_on_this_machine() {
    mkdir there
    touch there/a-1.2.tar.gz there/a-1.10.tar.xz there/a-2.0rc1.tar.gz there/b-9.tar.gz there/a-3.0-src.tar.gz
    pinned libs/old 1.2 "file:$T/there/a-\${version}.tar.gz"
    pinned libs/new 1.10 "file:$T/there/a-\${version}.tar.gz"
    pinned libs/tracked 1.2 "file:$T/there/a-\${version}.tar.gz" 'track: "1.2"'
    pinned libs/pre 2.0b1 "file:$T/there/a-\${version}.tar.gz"
    pinned libs/gone 1.2 "file:$T/none/a-\${version}.tar.gz"
    pinned libs/odd 1.2 "file:$T/there/x.tar.gz"
    pinned libs/strange 1.2 "file:$T/there/c-\${version}.tar.gz"
    simple libs/own
    wl outdated
    status 10
    row libs/old 1.2 1.10 outdated "file:$T/there/a-1.2.tar.gz"
    row libs/new 1.10 1.10 current "file:$T/there/a-1.10.tar.gz"
    row libs/tracked 1.2 1.2 current "file:$T/there/a-1.2.tar.gz"
    row libs/pre 2.0b1 2.0rc1 outdated "file:$T/there/a-2.0b1.tar.gz"
    row libs/own 1 - unknown 'the recipe has no sources'
    grep -qE '^libs/gone .* unknown .*No such file' .out || fail 'libs/gone'
    grep -qE '^libs/odd .* unknown .*its name does not contain the version' .out || fail 'libs/odd'
    grep -qE '^libs/strange .* unknown .*names no version of it' .out || fail 'libs/strange'
    out '2 current, 2 outdated, 4 unknown'
    [ ! -s .err ] || fail 'output on stderr'
    wl outdated libs/new libs/own
    status 0
    is "$(grep -c '^libs/' .out)" 2 'rows'
    is "$(find "$CACHE/offers" -type f | wc -l)" 0 'files left'
}

test_a_version_in_the_name_of_a_directory() {
    mkdir -p there
    touch there/Python-3.13.5.tar.xz there/Python-3.13.9.tar.xz there/Python-3.14.2.tar.xz
    pinned python/v3.13.5 3.13.5 "file:$T/there/Python-\${version}.tar.xz"
    pinned python/v3.13.9 3.13.9 "file:$T/there/Python-\${version}.tar.xz"
    printf 'from: python/v3.13.5\ntrack: any\n' | port python/v3.13.6
    printf 'for-each: python\nsteps: [{name: x, run: "true"}]\ntoolchain: none\n' | port build-python
    wl outdated
    status 10
    row python/v3.13.5 3.13.5 3.13.9 outdated "file:$T/there/Python-3.13.5.tar.xz"
    row python/v3.13.9 3.13.9 3.13.9 current "file:$T/there/Python-3.13.9.tar.xz"
    row python/v3.13.6 3.13.5 3.14.2 outdated "file:$T/there/Python-3.13.5.tar.xz"
    not_out build-python
    wl outdated build-python/v3.13.5
    row build-python/v3.13.5 3.13.5 3.13.9 outdated "file:$T/there/Python-3.13.5.tar.xz"
    wl info python/v3.13.5
    out 'track        3.13'
    pinned libs/a 1 file:/x 'track: newest'
    wl outdated libs/a
    status 3
    out 'neither the beginning of a version'
}

test_pages_of_a_web_server() {
    serve
    local host=${URL#http://}
    listed flat a-1.2.tar.gz a-1.3.tar.gz a-1.3.tar.gz.asc a-2.0rc1.tar.gz
    # A directory for each version; the newest has no release yet.
    listed deep 3.13.5/ 3.13.9/ 3.13.10/ 3.14.1/
    listed deep/3.13.9 P-3.13.9rc1.tar.xz P-3.13.9.tar.xz
    listed deep/3.13.10 P-3.13.10rc1.tar.xz
    listed deep/3.14.1 P-3.14.1.tgz
    # A directory for each series.
    listed series v2.9/ v2.41/ v2.42/ v2.43/ other/
    listed series/v2.41 u-2.41.5.tar.xz u-2.41.6.tar.xz
    listed series/v2.42 u-2.42.4.tar.xz
    listed series/v2.43 u-2.43-rc1.tar.xz
    listed empty index2.html
    pinned libs/flat 1.2 "$URL/flat/a-\${version}.tar.gz"
    pinned libs/deep 3.13.5 "$URL/deep/\${version}/P-\${version}.tar.xz" 'track: "3.13"'
    pinned libs/deeper 3.13.5 "$URL/deep/\${version}/P-\${version}.tar.xz"
    pinned libs/series 2.41.5 "$URL/series/v\${series}/u-\${version}.tar.xz"
    pinned libs/fixed 2.41.5 "$URL/series/v\${series}/u-\${version}.tar.xz" 'track: "2.41"'
    pinned libs/empty 1.2 "$URL/empty/a-\${version}.tar.gz"
    pinned libs/none 1.2 "$URL/none/a-\${version}.tar.gz"
    wl outdated
    status 10
    row libs/flat 1.2 1.3 outdated "$host"
    row libs/deep 3.13.5 3.13.9 outdated "$host"
    row libs/deeper 3.13.5 3.14.1 outdated "$host"
    row libs/series 2.41.5 2.42.4 outdated "$host"
    row libs/fixed 2.41.5 2.41.6 outdated "$host"
    grep -qE '^libs/empty .* unknown .*names no version of it' .out || fail 'libs/empty'
    grep -qE '^libs/none .* unknown .*HTTP 404' .out || fail 'libs/none'
    is "$(sort .requests | uniq -d)" '' 'asked twice'
}

test_some_sources_do_not_answer() {
    serve
    local dead
    dead=http://127.0.0.1:$("$PYTHON" "$E2E/help.py" closed-port)
    listed flat a-1.2.tar.gz a-1.3.tar.gz
    pinned libs/a 1.2 "$dead/x/a-\${version}.tar.gz" '    mirrors:' "      - $dead/y/a-\${version}.tar.gz" \
        "      - $URL/flat/a-\${version}.tar.gz"
    pinned libs/b 1.3 "$dead/x/a-\${version}.tar.gz" '    mirrors:' "      - $URL/flat/a-\${version}.tar.gz"
    pinned libs/c 1.2 "$dead/x/a-\${version}.tar.gz" '    also:' "      - url: $dead/z/a-\${version}.tgz" "        sha256: $HASH"
    SECONDS=0
    wl outdated libs/b
    status 0
    wl outdated
    status 10
    [ $SECONDS -le 20 ] || fail "took $SECONDS s"
    row libs/a 1.2 1.3 outdated "${URL#http://}"
    row libs/b 1.3 1.3 current "${URL#http://}"
    grep -qE '^libs/c .* unknown .*Connection refused.*no other source answers' .out || fail 'libs/c'
    out 'These did not answer' "  ${dead#http://}: Connection refused" '1 current, 1 outdated, 1 unknown'
}

test_tags_of_a_repository() {
    command -v git >/dev/null || skip 'no git'
    export GIT_CONFIG_GLOBAL=$T/gitconfig GIT_CONFIG_NOSYSTEM=1 GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@b.c \
        GIT_COMMITTER_NAME=a GIT_COMMITTER_EMAIL=a@b.c
    printf '[url "file://%s/repos/"]\n\tinsteadOf = https://github.com/\n\tinsteadOf = https://git.example.org/\n' "$T" >gitconfig
    local tag commit
    git init -q repos/o/r
    git -C repos/o/r commit -q --allow-empty -m x
    commit=$(git -C repos/o/r rev-parse HEAD)
    for tag in v1.2 v1.3 v1.10 v2.0-rc1 other-9.9 R_1_2 R_1_4; do git -C repos/o/r tag -m x $tag; done
    pinned libs/release 1.2 'https://github.com/o/r/releases/download/v${version}/a-${version}.tar.gz'
    pinned libs/under 1.2 'https://github.com/o/r/releases/download/R_1_2/a.tar.gz'
    pinned libs/archive 1.3 'https://github.com/o/r/archive/refs/tags/v${version}.tar.gz'
    pinned libs/latest 1.2 'https://github.com/o/r/releases/download/stable/a-${version}.tar.gz'
    pinned libs/commit 1.10 "git+https://git.example.org/o/r#$commit"
    pinned libs/untagged 7.7 "git+file://$T/repos/o/r#$commit"
    pinned libs/none 1.2 'https://github.com/o/none/archive/v${version}.tar.gz'
    wl outdated
    status 10
    row libs/release 1.2 1.10 outdated github.com
    row libs/under 1.2 1.4 outdated github.com
    row libs/archive 1.3 1.10 outdated github.com
    row libs/commit 1.10 1.10 current git.example.org
    grep -qE '^libs/latest .* unknown .*named after the version' .out || fail 'libs/latest'
    grep -qE '^libs/untagged .* unknown .*named after the version' .out || fail 'libs/untagged'
    grep -qE '^libs/none .* unknown .*git failed' .out || fail 'libs/none'
}

# `apt_with MIRROR`: an apt that is configured for one mirror.
apt_with() {
    fake apt-get "echo '$1/'"
    fake apt-config ''
}

debian_ports() {
    pinned libs/zlib 1.3.1 'debian:pool/main/z/zlib/zlib_1.3.dfsg+really${version}.orig.tar.gz'
    pinned libs/tls 3.5.6 'debian:pool/main/o/openssl/openssl_${version}.orig.tar.gz' 'track: "3.5"'
    pinned libs/wasi 0.0~git20260423.161b319 'debian:pool/main/w/wasi-libc/wasi-libc_${version}-2_all.deb'
    pinned libs/gone 1 'debian:pool/main/g/gone/gone_${version}.orig.tar.gz'
}

debian_rows() {
    row libs/zlib 1.3.1 1.3.2 outdated debian:zlib
    row libs/tls 3.5.6 3.5.7 outdated debian:openssl
    row libs/wasi 0.0~git20260423.161b319 0.0~git20260501.0c0ffee outdated debian:wasi-libc
}

test_a_mirror_of_debian_that_lists_its_directories() {
    mkdir -p mirror/pool/main/{z/zlib,o/openssl,w/wasi-libc}
    touch mirror/pool/main/z/zlib/zlib_{1.2.13.dfsg,1.3.dfsg+really1.3.1,1.3.dfsg+really1.3.2}.orig.tar.gz \
        mirror/pool/main/o/openssl/openssl_{3.5.6,3.5.7,3.6.0}.orig.tar.gz \
        mirror/pool/main/w/wasi-libc/wasi-libc_0.0~git{20260423.161b319,20260501.0c0ffee}-1_all.deb
    debian_ports
    apt_with "file:$T/mirror"
    wl outdated
    status 10
    debian_rows
    grep -qE '^libs/gone .* unknown ' .out || fail 'libs/gone'
}

# `stanza DIR SOURCE VERSION`: prints one stanza of an index.
stanza() {
    printf 'Package: %s\nVersion: 1:%s\nFiles:\n 0123 10 %s_%s.dsc\n 4567 20 %s_x.orig.tar.gz\nChecksums-Sha256:\n 89 10 %s_%s.dsc\nDirectory: %s\nPriority: optional\n\n' \
        "$2" "$3" "$2" "$3" "$2" "$2" "$3" "$1"
}

test_a_mirror_of_debian_that_only_has_indices() {
    serve
    mkdir -p www/dists/{sid,testing}/main/source
    {
        stanza pool/main/o/openssl openssl 3.6.0-1
        stanza pool/main/z/zlib zlib 1:1.3.dfsg+really1.3.2-3
        stanza pool/main/z/zlib-ng zlib-ng 9.9-1
        stanza pool/main/w/wasi-libc wasi-libc '0.0~git20260501.0c0ffee-1'
    } | sed 's/_1:/_/' | xz >www/dists/sid/main/source/Sources.xz
    {
        stanza pool/main/o/openssl openssl 3.5.7-1
        stanza pool/main/z/zlib zlib 9.9-1
    } | xz >www/dists/testing/main/source/Sources.xz
    debian_ports
    apt_with "$URL"
    wl outdated
    status 10
    debian_rows
    grep -qE '^libs/gone .* unknown .*no suite of Debian has it' .out || fail 'libs/gone'
    is "$(grep -c sid/main/source/Sources.xz .requests)" 1 'requests for the index'
    # Cached for a day.
    wl outdated
    debian_rows
    is "$(grep -c sid/main/source/Sources.xz .requests)" 1 'requests for the index'
    find "$CACHE/offers" -name 'index-*' -exec touch -d '2 days ago' {} +
    wl outdated libs/zlib
    is "$(grep -c sid/main/source/Sources.xz .requests)" 2 'requests for the index'
    # A damaged file is reported, not trusted.
    rm -rf "$CACHE/offers" www/dists/testing
    head -c 60 www/dists/sid/main/source/Sources.xz >half
    mv half www/dists/sid/main/source/Sources.xz
    wl outdated libs/zlib
    status 0
    grep -qE '^libs/zlib .* unknown ' .out || fail "believed"
}

test_registries() {
    mkdir -p index/some-lib
    printf '<a href="%s">x</a>\n' some_lib-3.0b1.tar.gz some_lib-2.1-py3-none-any.whl some_lib-2.0.tar.gz \
        some-lib-extra-2.5.tar.gz some-lib-1.9.zip >index/some-lib/index.html
    echo '<a href="some_lib-2.2.tar.gz" data-yanked="">x</a>' >>index/some-lib/index.html
    export PIP_CONFIG_FILE=/dev/null PIP_INDEX_URL=file://$T/index
    fake python3 'exit 1'
    fake npm 'case "$*" in
*"view"*" @scope/pack versions"*) printf "npm warn something\n[\n  \"1.0.9\",\n  \"1.0.10\",\n  \"1.1.0-beta.1\"\n]\n" ;;
*"view"*" single versions"*) printf "\"1.0.0\"\n" ;;
*) echo "npm error code E404" >&2; echo "npm error 404 Not Found" >&2; exit 1 ;;
esac'
    fake cargo 'case "$*" in
*info*" some-crate") printf "    Updating index\nsome-crate\nDoes things\nversion: 4.0.1 (latest 4.2.0 from x)\nlicense: MIT\n" ;;
*info*" other-crate") printf "other-crate\nversion: 0.2.8\n" ;;
*) echo "error: could not find it" >&2; exit 101 ;;
esac'
    pinned libs/pypi 2.0 'pypi:some-lib==${version}/some_lib-${version}-py3-none-any.whl'
    pinned libs/pypi2 2.1 'pypi:some-lib==${version}/some_lib-${version}-py3-none-any.whl'
    pinned libs/pypi-none 2.0 'pypi:none==${version}/none-${version}.tar.gz'
    pinned libs/npm 1.0.9 'npm:@scope/pack@${version}'
    pinned libs/npm1 1.0.0 'npm:single@${version}'
    pinned libs/npm-none 1.0.0 'npm:none@${version}'
    pinned libs/crate 4.0.1 'crate:some-crate@${version}'
    pinned libs/crate-old 3.1.0 'crate:some-crate@${version}' 'track: "3.1"'
    # The crate's own version counts: the library is 3.1.
    pinned libs/crate-own 3.1 crate:other-crate@0.2.7
    # A package can add a number of its own to the library's.
    pinned libs/crate-more 0.2 crate:other-crate@0.2.8
    wl outdated
    status 10
    row libs/pypi 2.0 2.1 outdated pypi:some-lib
    row libs/pypi2 2.1 2.1 current pypi:some-lib
    row libs/npm 1.0.9 1.0.10 outdated npm:@scope/pack
    row libs/npm1 1.0.0 1.0.0 current npm:single
    row libs/crate 4.0.1 4.2.0 outdated crate:some-crate
    row libs/crate-own 3.1 0.2.8 outdated crate:other-crate
    row libs/crate-more 0.2 0.2 current crate:other-crate
    grep -qE '^libs/pypi-none .* unknown .*index/none/.*No such file' .out || fail 'libs/pypi-none'
    grep -qE '^libs/npm-none .* unknown .*404' .out || fail 'libs/npm-none'
    grep -qE '^libs/crate-old .* unknown .*cargo only names 4.2.0' .out || fail 'libs/crate-old'
}

test_json() {
    mkdir there
    touch there/a-1.2.tar.gz there/a-1.10.tar.xz
    pinned libs/old 1.2 "file:$T/there/a-\${version}.tar.gz" '    mirrors:' "      - file:$T/there/\"odd\".tar.gz"
    pinned libs/new 1.10 "file:$T/there/a-\${version}.tar.gz" 'track: "1"'
    simple libs/own
    wl outdated --json
    status 10
    "$PYTHON" - <<'END' || fail 'not the JSON that was expected'
import json
import os
folder = "file:" + os.environ["T"] + "/there/"
rows = {row["port"]: row for row in json.load(open(".out", encoding="utf-8"))}
old, new, own = rows["libs/old"], rows["libs/new"], rows["libs/own"]
assert len(rows) == 3
assert (old["version"], old["newest"], old["status"], old["track"]) == ("1.2", "1.10", "outdated", None), old
assert old["source"] == folder + "a-1.2.tar.gz" and old["error"] is None
assert [s["newer"] for s in old["sources"]] == ["1.10", None]
assert old["sources"][1]["url"] == folder + '"odd".tar.gz' and "version" in old["sources"][1]["error"], old
assert (new["newest"], new["status"], new["track"]) == ("1.10", "current", "1"), new
assert (own["newest"], own["status"], own["sources"], own["source"]) == (None, "unknown", [], None), own
assert own["error"] == "the recipe has no sources"
END
    PORTS=$T/no-ports
    mkdir "$PORTS"
    wl outdated --json
    status 0
    "$PYTHON" -c 'import json; assert json.load(open(".out")) == []' || fail 'not empty'
}

test_broken_recipes_and_wrong_names() {
    mkdir there
    touch there/a-1.2.tar.gz
    pinned libs/good 1.2 "file:$T/there/a-\${version}.tar.gz"
    printf 'nonsense: 1\n' | port libs/bad
    wl outdated
    status 3
    row libs/good 1.2 1.2 current "file:$T/there/a-1.2.tar.gz"
    grep -qE "^libs/bad .* unknown .*unknown key 'nonsense'" .out || fail 'libs/bad'
    err '1 recipe cannot be read'
    # One slash too few, which libcurl would accept.
    pinned libs/bad 1.2 'https:/127.0.0.1/a-${version}.tar.gz'
    wl outdated
    status 3
    grep -qE '^libs/bad .* unknown .*not a valid URL' .out || fail 'libs/bad'
    wl outdated libs/goof
    clean_failure 3
    err 'did you mean libs/good?'
    wl outdated --jsn
    clean_failure 2
}

test_ctrl_c_while_asking() {
    serve
    mkdir -p www/slow
    listed slow a-1.2.tar.gz
    pinned libs/a 1.2 "$URL/slow/a-\${version}.tar.gz"
    start how outdated
    wait_for 20 grep -q slow .requests
    kill -INT "$PID"
    ended how 'signal SIGINT' 5
    err interrupted
}

main "$@"
