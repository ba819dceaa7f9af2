#!/bin/bash
# Signatures: keys, sign, verify --signature, and that the program minisign makes and accepts the same.
# shellcheck source=tests/e2e/lib.sh disable=SC2317,SC2016
. "$(dirname -- "$0")/lib.sh"

minisign_too() {
    command -v minisign >/dev/null 2>&1 || not_available minisign
}

test_minisign_checks_ours() {
    minisign_too
    tool sign --generate --key a.key --no-password
    status 0
    is "$(stat -c %a a.key)" 600 'mode of the secret key'
    head -c 3000000 /dev/urandom >file
    : >empty
    tool sign --key a.key file empty
    status 0
    run minisign -V -p a.pub -m file
    status 0
    out 'Signature and comment signature verified' 'file:file'
    run minisign -V -H -p a.pub -m empty
    status 0
    printf x >>file
    run minisign -V -p a.pub -m file
    status 1
    tool sign --key a.key --comment 'release 1' empty
    run minisign -V -P "$(tail -n 1 a.pub)" -m empty
    out 'Trusted comment: release 1'
    # minisign signs with our key.
    run minisign -S -W -s a.key -m file
    status 0
    tool verify --signature --public-key a.pub file
    status 0
    out 'file: signed by '
}

test_we_check_what_minisign_made() {
    minisign_too
    head -c 100000 /dev/urandom >file
    run minisign -G -W -p b.pub -s b.key
    status 0
    run minisign -S -s b.key -m file -t 'made by minisign'
    status 0
    tool verify --signature -p b.pub file
    status 0
    out '(made by minisign)' "$(grep -oE '[0-9A-F]{16}' b.pub | head -n 1)"
    tool sign --key b.key file
    status 0
    run minisign -V -p b.pub -m file
    status 0
    # The older kind of signature, without a hash.
    run minisign -S -l -s b.key -m file
    status 0
    tool verify --signature -p b.pub file
    clean_failure 5
    err 'old kind'
}

test_passwords() {
    echo 'a password' >password
    echo 'another' >wrong
    : >file
    tool sign --generate --key c.key --password-file password
    status 0
    tool sign --key c.key --password-file wrong file
    clean_failure 2
    err 'not the password'
    tool sign --key c.key file
    clean_failure 2
    err 'there is no terminal'
    tool sign --key c.key --password-file password file
    status 0
    tool verify --signature -p c.pub file
    status 0
    minisign_too
    # minisign reads the password from its standard input.
    minisign -S -s c.key -m file -x by-minisign <password >.out 2>&1 || fail 'minisign does not read the key'
    run minisign -V -p c.pub -m file -x by-minisign
    status 0
    printf 'a password\na password\n' | minisign -G -p d.pub -s d.key >.out 2>&1 || fail 'minisign made no key'
    tool sign --key d.key --password-file password file
    status 0
    run minisign -V -p d.pub -m file
    status 0
}

# A password that is typed is not shown.
test_typed_passwords() {
    cat >type.py <<'END'
import os, pty, sys, time, select
argv, answers = sys.argv[2:], sys.argv[1].split(",")
pid, fd = pty.fork()
if pid == 0:
    os.execvp(argv[0], argv)
seen, asked = b"", 0
while True:
    try:
        data = os.read(fd, 4096)
    except OSError:
        break
    if not data:
        break
    seen += data
    while asked < len(answers) and seen.count(b": ") > asked:
        time.sleep(0.2)
        os.write(fd, answers[asked].encode() + b"\n")
        asked += 1
sys.stdout.buffer.write(seen)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
END
    : >file
    WL_MAKE_ROOT=$ROOT run "$PYTHON" type.py tYpEd,tYpEd "$WL_MAKE" --cache-dir "$CACHE" sign --generate --key e.key
    status 0
    not_out tYpEd
    WL_MAKE_ROOT=$ROOT run "$PYTHON" type.py tYpEd "$WL_MAKE" --cache-dir "$CACHE" sign --key e.key file
    status 0
    not_out tYpEd
    tool verify --signature -p e.pub file
    status 0
    WL_MAKE_ROOT=$ROOT run "$PYTHON" type.py one,other "$WL_MAKE" --cache-dir "$CACHE" sign --generate --key f.key
    status 2
    not_there f.key f.pub
}

test_hash_lists() {
    tool sign --generate --key a.key --no-password
    mkdir dist
    echo one >dist/one
    echo two >dist/two
    (cd dist && sha256sum one two >SHA256SUMS)
    tool sign --key a.key dist/SHA256SUMS
    tool verify --signature -p a.pub dist/SHA256SUMS
    status 0
    out 'dist/SHA256SUMS: signed by' '2 files have the hashes that are signed'
    echo 'public-key = a.pub' >config
    WL_MAKE_CONFIG=$T/config tool verify --signature dist/SHA256SUMS
    status 0
    echo three >dist/two
    tool verify --signature -p a.pub dist/SHA256SUMS
    clean_failure 5
    err 'dist/two: its hash is not the one that is signed'
    rm dist/two
    tool verify --signature -p a.pub dist/SHA256SUMS
    status 7
    printf '%s  ../outside\n' "$(sha256 dist/one)" >dist/SHA256SUMS
    tool sign --key a.key dist/SHA256SUMS
    tool verify --signature -p a.pub dist/SHA256SUMS
    clean_failure 5
    err 'is in another directory'
}

# Every byte of a signature counts.
test_changed_signatures() {
    tool sign --generate --key a.key --no-password
    echo text >file
    tool sign --key a.key file
    cp file.minisig good
    cat >change.py <<'END'
import base64, sys
lines = open("good").read().split("\n")
def save(name, lines): open(name, "w").write("\n".join(lines))
n = 0
for line, size in ((1, 74), (3, 64)):
    raw = bytearray(base64.b64decode(lines[line]))
    for at in list(range(0, size, 9)) + [size - 1]:
        raw[at] ^= 1
        changed = list(lines); changed[line] = base64.b64encode(raw).decode(); raw[at] ^= 1
        save(f"bad{n}", changed); n += 1
for changed in (lines[:2] + [lines[2] + "x"] + lines[3:], lines[:3], lines[1:], [], ["x"] * 4, lines + ["more"],
                lines[:1] + [lines[1] + "A"] + lines[2:], lines[:1] + [lines[1][:-4]] + lines[2:], lines[:1] + [" " + lines[1]] + lines[2:],
                [lines[0], lines[1], "trusted comment: \0", lines[3]], ["untrusted comment: " + "x" * 5000] + lines[1:]):
    save(f"bad{n}", changed); n += 1
END
    "$PYTHON" change.py || fail 'change.py'
    local bad n=0
    for bad in bad*; do
        cp "$bad" file.minisig
        tool verify --signature -p a.pub file
        case $st in 5 | 7) ;; *) fail "$bad is accepted, or not refused properly: status $st" ;; esac
        n=$((n + 1))
    done
    [ "$n" -gt 20 ] || fail "only $n changed signatures"
    cp good file.minisig
    # (The first line is not signed.)
    sed -i '1s/.*/untrusted comment: anything/' file.minisig
    tool verify --signature -p a.pub file
    status 0
}

test_usage() {
    : >file
    tool sign file
    clean_failure 2
    err 'no secret key'
    tool sign --generate
    clean_failure 2
    tool sign --generate --key a.key --no-password
    tool sign --generate --key a.key --no-password
    clean_failure 2
    err 'a.key exists'
    tool sign --key a.key
    clean_failure 2
    tool sign --key a.pub file
    clean_failure 2
    tool sign --key a.key gone
    status 7
    tool verify --signature file
    clean_failure 2
    err 'no public key'
    tool verify --signature -p a.pub
    clean_failure 2
    tool verify --signature -p a.pub file
    status 7
    tool sign --key a.key --comment $'two\nlines' file
    clean_failure 2
    echo "untrusted comment: x" >broken.key
    tool sign --key broken.key file
    clean_failure 2
    printf 'untrusted comment: x\n%s\n' "$(tail -n 1 a.key | sed 's/A/B/g')" >broken.key
    tool sign --key broken.key file
    clean_failure 2
}

main "$@"
