#!/bin/bash
# wl-make release: in a checkout whose wl-make.sh only writes down what it was asked to do. dist.sh makes a real one.
# shellcheck source=tests/e2e/lib.sh disable=SC2317,SC2016
LIMIT=${LIMIT:-300}
. "$(dirname -- "$0")/lib.sh"

# A checkout of one commit. `fails COMMAND` lets a command of it fail.
checkout() {
    recorder <<EOF
[ "\$1" != "\$(cat "$T/fails" 2>/dev/null)" ] || exit 3
case \$1 in
dist)
    for word; do case \$word in --output=*) dir=\${word#*=} ;; esac; done
    echo file >"\$dir/file"
    cd "\$dir" && sha256sum file >>SHA256SUMS
    ;;
esac
EOF
    cat >"$ROOT/CHANGELOG.md" <<'EOF'
# Changes

## 0.1.0-rc1

Not this.

## 0.1.0 (2026-12-01)

- One thing.

- Another one.

## 0.0.9

Nor this.
EOF
    git init -q "$ROOT"
    git -C "$ROOT" add -A
    git -C "$ROOT" -c user.name=x -c user.email=x@example.org commit -qm first
    COMMIT=$(git -C "$ROOT" rev-parse HEAD)
    mkdir -p osv
}

fails() {
    echo "$1" >fails
}

release() {
    rm -f asked
    tool release "$@"
}

test_all_steps() {
    checkout
    release --database osv -j 2 --no-sandbox
    status 0
    is "$(cut -d ' ' -f 1 asked | tr '\n' ' ')" 'check verify audit dist '
    grep -qx "check --cache-dir=$CACHE --ports=$PORTS --jobs=2" asked || fail "$(cat asked)"
    grep -qx "verify .*--jobs=2 --no-sandbox python/v3.13.5" asked || fail "$(cat asked)"
    grep -qx "audit .*--database=osv --licenses=$ROOT/ports/licenses.txt python/v3.13.5 toolchain/wlpy-tree" asked || fail "$(cat asked)"
    grep -qx "dist .*--no-sandbox --all --output=\./\.dist\.new\.[^ /]*/dist python/v3.13.5" asked || fail "$(cat asked)"
    is "$(cd dist && echo *)" 'RELEASE-NOTES.md SHA256SUMS file'
    (cd dist && sha256sum --check --strict --quiet SHA256SUMS) || fail 'the hashes are wrong'
    is "$(wc -l <dist/SHA256SUMS)" 2
    is "$(sed -n '1,5p' dist/RELEASE-NOTES.md)" $'# wl-make 0.1.0\n\n- One thing.\n\n- Another one.'
    grep -q "^Commit $COMMIT, with python/v3.13.5 inside" dist/RELEASE-NOTES.md || fail "$(cat dist/RELEASE-NOTES.md)"
    ! grep -q 'Left out\|Not this\|Nor this' dist/RELEASE-NOTES.md || fail "$(cat dist/RELEASE-NOTES.md)"
    out 'release: check' 'release: dist' 'dist has release 0.1.0'
    # There is one already.
    release --database osv
    status 7
    err 'dist exists'
    not_there asked
}

# What is left out is not done, and the notes say so.
test_steps_left_out() {
    checkout
    touch "$ROOT/new"
    release --skip tree --skip check --skip audit -o more/out/ python/v3.11.2 -q
    status 0
    is "$(cat .out)" ''
    is "$(cut -d ' ' -f 1 asked | tr '\n' ' ')" 'verify dist '
    is "$(grep -c '^- Left out: \(tree\|check\|audit\)\.$' more/out/RELEASE-NOTES.md)" 3
    is "$(ls -A more) $(stat -c %a more/out)" "out $(stat -c %a more)"
    grep -q '^With python/v3.11.2 inside' more/out/RELEASE-NOTES.md || fail "$(cat more/out/RELEASE-NOTES.md)"
    ! grep -q 'vulnerab\|tests passed\|one commit' more/out/RELEASE-NOTES.md || fail "$(cat more/out/RELEASE-NOTES.md)"
}

# A step that fails ends it, and nothing is left.
test_steps_that_fail() {
    local step
    checkout
    for step in check verify audit dist; do
        fails $step
        release --database osv
        status 1
        err "there is no release: $step ended with status 3"
        is "$(tail -n 1 asked | cut -d ' ' -f 1)" $step
        is "$(echo dist* .dist*)" 'dist* .dist*'
    done
}

test_a_signature() {
    checkout
    run "$WL_MAKE" sign --generate --no-password --key "$T/k.key"
    status 0
    release --skip check --skip verify --skip audit --sign k.key
    status 0
    there dist/SHA256SUMS.minisig
    tool verify --signature --public-key k.pub dist/SHA256SUMS
    status 0
    rm -r dist
    # A key that cannot be used is found first.
    echo nonsense >k.key
    release --skip audit --sign k.key
    [ "$st" != 0 ] || fail 'it succeeded'
    err k.key
    not_there asked dist
}

# All of this is found before the first step.
test_bad_input() {
    checkout
    release
    status 2
    err '--database is missing' '--skip audit'
    release --database osv --skip audit
    status 2
    err '--database and --skip audit'
    release --skip audits
    status 2
    err 'there is no step audits'
    release --skip audit python/v3.13.5 python/v3.11.2
    status 2
    err 'one Python'
    release --skip audit zlib
    [ "$st" != 0 ] || fail 'it succeeded'
    touch "$ROOT/new"
    release --skip audit
    status 2
    err 'changes that are not committed' new
    rm "$ROOT/new"
    rm -rf "$ROOT/.git"
    GIT_CEILING_DIRECTORIES=$T release --skip audit
    status 2
    err "git says nothing about $ROOT" '--skip tree'
    printf '## 0.1.0\n\n \n## 0.0.9\nold\n' >"$ROOT/CHANGELOG.md"
    release --skip audit --skip tree
    status 2
    err 'CHANGELOG.md says nothing about version 0.1.0'
    printf '## 0.1.01\n\nno\n' >"$ROOT/CHANGELOG.md"
    release --skip audit --skip tree
    status 2
    rm "$ROOT/CHANGELOG.md"
    release --skip audit --skip tree
    status 7
    err CHANGELOG.md
    not_there asked dist
}

main "$@"
