#!/bin/bash
# Flavours: how the tool handles made-up ones, and the real ones of a real Python.
# shellcheck source=tests/e2e/lib.sh disable=SC2317,SC2016
LIMIT=${LIMIT:-3600}
. "$(dirname -- "$0")/lib.sh"

PY=${WL_PYTHON:-python/v3.13.5}
VERSION=${PY##*/v}
SERIES=${VERSION%.*}
ZIP=python${SERIES/./}.zip

# --- made-up ports ---

# A kind `snake` with two ports, and a flavour `tame` of it.
snakes() {
    local name
    for name in v1.0 v1.1; do
        port snake/$name <<EOF
version: ${name#v}
toolchain: none
vars: [colour=green]
steps:
  - name: make
    run: |
      mkdir "\$STAGE/bin"
      echo "snake \$VERSION" >"\$STAGE/bin/snake"
EOF
    done
    port snake/tame <<'EOF'
for-each: snake
flavour: tame
toolchain: none
steps:
  - name: make
    run: |
      mkdir -p "$STAGE/bin" "$STAGE/share/doc"
      { cat "$PLAIN/bin/snake"; echo "tame and $VAR_COLOUR"; } >"$STAGE/bin/snake-tame"
      echo fed >"$STAGE/share/doc/tame"
tests:
  - name: tame
    run: grep -x 'tame and green' "$STAGE/bin/snake-tame"
EOF
}

test_a_flavour_is_put_beside_the_plain_result() {
    snakes
    wl build snake/v1.1 --flavour tame
    status 0
    out "snake/tame/v1.1: $OUT/snake/v1.1"
    is "$(cat "$OUT/snake/v1.1/bin/snake")" 'snake 1.1'
    is "$(cat "$OUT/snake/v1.1/bin/snake-tame")" $'snake 1.1\ntame and green'
    wl build snake/v1.1 --flavour tame
    out 'nothing to do'
    wl build snake/v1.1
    out 'nothing to do'
    there "$OUT/snake/v1.1/share/doc/tame"
    wl build snake/v1.1 --flavour plain
    out 'nothing to do'
    # A deleted file comes back; the port itself stays as it is.
    rm "$OUT/snake/v1.1/bin/snake-tame"
    wl build snake/v1.1 --flavour tame
    status 0
    there "$OUT/snake/v1.1/bin/snake-tame"
    find "$OUT" -name '*.new.*' | grep . && fail 'something was left aside'
    wl test snake/v1.1 --flavour tame
    status 0
    out '1 passed'
}

# However the steps of a flavour name their files, the note beside them lists exactly these files: files in the note are
# deleted when the flavour changes or is cleaned.
test_a_flavour_with_line_breaks_in_its_names() {
    snakes
    mkdir -p "$T/mine"
    echo mine >"$T/mine/file"
    cat >>"$PORTS/snake/tame/recipe.yaml" <<EOF
  - name: odd
    run: |
      mkdir -p "\$STAGE/x
      5 $T/mine"
      echo odd >"\$STAGE/x
      5 $T/mine/file"
      echo odd >"\$STAGE/two
      lines"
EOF
    sed -i '/^tests:/,/STAGE.bin.snake-tame"$/d' "$PORTS/snake/tame/recipe.yaml"
    wl build snake/v1.1 --flavour tame
    status 0
    is "$(cat "$OUT/snake/v1.1/two"$'\n'lines)" odd
    wl build snake/v1.1 --flavour tame
    out 'nothing to do'
    wl clean snake/v1.1 --flavour tame
    status 0
    not_there "$OUT/snake/v1.1/two"$'\n'lines "$OUT/snake/v1.1/bin/snake-tame"
    is "$(cat "$T/mine/file")" mine
}

# Through a link in the port, a file of the flavour would land somewhere else.
test_a_flavour_writes_through_no_link() {
    snakes
    mkdir "$T/mine"
    cat >>"$PORTS/snake/v1.1/recipe.yaml" <<EOF
  - name: link
    run: ln -s "$T/mine" "\$STAGE/share"
EOF
    wl build snake/v1.1 --flavour tame
    clean_failure 3
    err 'share/doc/tame' 'is not a directory'
    is "$(find "$T/mine" -mindepth 1)" ''
}

# When a port changes, its flavour is no longer valid.
test_a_flavour_goes_when_its_port_changes() {
    snakes
    wl build snake/v1.0 --flavour tame
    status 0
    sed -i 's/echo "snake/echo "big snake/' "$PORTS/snake/v1.0/recipe.yaml"
    wl build snake/v1.0
    is "$(cat "$OUT/snake/v1.0/bin/snake")" 'big snake 1.0'
    not_there "$OUT/snake/v1.0/bin/snake-tame"
    wl build snake/v1.0 --flavour tame
    is "$(head -n 1 "$OUT/snake/v1.0/bin/snake-tame")" 'big snake 1.0'
    # A file that the flavour no longer has is deleted, and nothing else.
    sed -i '/share\/doc\/tame/d; s/ "$STAGE\/share\/doc"//' "$PORTS/snake/tame/recipe.yaml"
    wl build snake/v1.0 --flavour tame
    status 0
    not_there "$OUT/snake/v1.0/share/doc/tame"
    there "$OUT/snake/v1.0/bin/snake" "$OUT/snake/v1.0/bin/snake-tame"
}

test_flavours_are_named() {
    snakes
    wl info snake/v1.0
    grep -qx 'flavours  *plain tame' .out || fail 'info does not name the flavours'
    wl info snake/v1.0 --flavour tame
    grep -qx 'flavour  *tame of snake/v1.0' .out || fail 'info does not say of what it is a flavour'
    wl list
    out snake/v1.0
    not_out tame
    wl list --all
    out snake/tame/v1.0
    wl build snake/v1.0 --flavour shy
    status 2
    err "snake/v1.0 has no flavour 'shy'; its flavours are plain, tame"
    wl build snake/v1.0 --flavour ''
    status 2
    err '--flavour NAME: the value is empty'
    printf 'version: 1\ntoolchain: none\nsteps: [{name: x, run: "true"}]\n' | port other/thing
    wl build other/thing --flavour tame
    status 2
    err "other/thing has no flavour 'tame'"
}

test_clean_removes_a_flavour() {
    snakes
    wl build snake/v1.0 snake/v1.1 --flavour tame
    status 0
    wl clean snake/v1.0 --flavour tame
    status 0
    not_there "$OUT/snake/v1.0/bin/snake-tame" "$OUT/snake/v1.0/share/doc/tame" "$OUT/snake/v1.0/.wl-make-tame"
    there "$OUT/snake/v1.0/bin/snake" "$OUT/snake/v1.1/bin/snake-tame"
    wl list --all snake/tame
    grep -q 'snake/tame/v1.1 .* built' .out || fail 'list does not say that it is built'
    ! grep -q 'snake/tame/v1.0 .* built' .out || fail 'list says that it is built'
}

test_a_flavour_that_cannot_be() {
    snakes
    printf 'flavour: wild\nversion: 1\ntoolchain: none\nsteps: [{name: x, run: "true"}]\n' | port snake/alone
    wl build snake/alone
    status 3
    err "snake/alone/recipe.yaml:1: flavour: wild, but no 'for-each' says of which ports"
    rm -r "$PORTS/snake/alone"
    sed -i 's/^flavour: .*/flavour: plain/' "$PORTS/snake/tame/recipe.yaml"
    wl build snake/tame/v1.0
    status 3
    err 'snake/tame/recipe.yaml:2: flavour "plain" is not a name'
    # It must not hide the port's own files.
    sed -i 's/^flavour: .*/flavour: tame/; s/snake-tame/snake/' "$PORTS/snake/tame/recipe.yaml"
    wl build snake/v1.0 --flavour tame
    status 3
    err 'snake/tame/v1.0 makes bin/snake, which snake/v1.0 has already'
    is "$(cat "$OUT/snake/v1.0/bin/snake")" 'snake 1.0'
}

# --- the real Python ---

# `single OPTION... -- ARGUMENT...`
single() {
    real run $PY --flavour single --quick "$@"
}

# `says TEXT`: Python printed this, and no complaints.
says() {
    status 0
    is "$(cat .out)" "$1"
    is "$(cat .err)" ''
}

test_single_needs_no_directory() {
    real build $PY --flavour single
    status 0
    # All of it in 15 MB.
    [ "$(stat -c %s "$OUT/$PY/bin/python-single.wasm")" -le 15728640 ] || fail "$(ls -l "$OUT/$PY/bin")"
    single -- -c 'import json, ssl, zoneinfo; print(zoneinfo.ZoneInfo("Europe/Berlin"), len(ssl.create_default_context().get_ca_certs()) > 50)'
    says 'Europe/Berlin True'
    single -- -c 'import sys; print(sys.path)'
    says "['', '/usr/local/lib/$ZIP', '/usr/local/lib/python$SERIES', '/usr/local/lib/python$SERIES/lib-dynload']"
    # Any other runtime can start it on its own.
    ! command -v wasmtime >/dev/null || {
        run wasmtime run -W max-wasm-stack=8388608 "$OUT/$PY/bin/python-single.wasm" -c 'print("alone")'
        says alone
    }
}

test_single_is_a_read_only_directory() {
    cat >look.py <<'EOF'
import errno, importlib.resources, importlib.util, io, os, pkgutil, select, stat, sys, zipimport, zipfile

top = "/usr/local"
archive = next(p for p in sys.path if p.endswith(".zip"))
cert = top + "/ssl/cert.pem"


def refused(expected, call, *arguments):
    try:
        call(*arguments)
    except OSError as e:
        assert e.errno == expected, (call, arguments, e)
    else:
        raise AssertionError((call, arguments))


root = ["usr", "tmp", "home", "dev"]
assert os.listdir("/") == root
assert sorted(os.listdir(top)) == ["app", "bin", "lib", "share", "ssl"]
assert os.listdir(top + "/lib") == [os.path.basename(archive)]
st = os.stat(cert)
assert stat.S_ISREG(st.st_mode) and st.st_size == len(open(cert, "rb").read()) and st.st_mtime > 1e9
assert stat.S_ISDIR(os.stat(top + "/ssl").st_mode)
assert os.path.samefile(cert, top + "/share/../ssl/./cert.pem") and not os.path.samefile(cert, archive)
assert len({os.stat(p).st_ino for p in (top, top + "/lib", archive, cert)}) == 4
with os.scandir(top + "/share/zoneinfo") as entries:
    zones = {e.name: (e.is_dir(), e.is_file(), e.inode() == e.stat().st_ino) for e in entries}
assert zones["Europe"] == (True, False, True) and zones["UTC"] == (False, True, True), zones["UTC"]
assert sum(len(f) for _, _, f in os.walk(top + "/share/zoneinfo")) > 300

# Reading.
with open(cert, "rb") as f:
    data = f.read()
    f.seek(-10, io.SEEK_END)
    assert f.tell() == len(data) - 10 and f.read() == data[-10:] and f.read() == b""
    assert os.pread(f.fileno(), 5, 7) == data[7:12]
    f.seek(len(data) + 100)
    assert f.read(1) == b""
    refused(errno.EINVAL, os.lseek, f.fileno(), -1, os.SEEK_SET)
    waiting = select.poll()
    waiting.register(f.fileno(), select.POLLIN)
    assert waiting.poll(0) == [(f.fileno(), select.POLLIN)]
    buffers = [bytearray(10), bytearray(0), bytearray(20)]
    os.lseek(f.fileno(), 0, os.SEEK_SET)
    if hasattr(os, "readv"):
        assert os.readv(f.fileno(), buffers) == 30 and b"".join(buffers) == data[:30]
files = [open(cert, "rb") for _ in range(300)]
numbers = [f.fileno() for f in files]
assert len(set(numbers)) == 300 and all(f.read(5) == data[:5] for f in files)
for f in files:
    f.close()
for number in numbers:
    refused(errno.EBADF, os.read, number, 1)

# Missing files, and files of another type.
refused(errno.ENOENT, open, top + "/lib/missing")
refused(errno.ENOENT, open, "/tmp/missing")
refused(errno.ENOTDIR, os.listdir, cert)
refused(errno.ENOTDIR, os.stat, cert + "/")
refused(errno.ENOTDIR, os.stat, cert + "/x")
refused(errno.EISDIR, open, top)
refused(errno.EISDIR, open, top, "w")
refused(errno.EINVAL, os.readlink, cert)
refused(errno.ENAMETOOLONG, os.stat, "/" + "x" * 256)
assert os.access(cert, os.R_OK) and not os.access(cert, os.W_OK) and not os.access(top, os.W_OK)
assert not os.access(top + "/missing", os.F_OK)

# Writing.
for call, *arguments in (
    (open, cert, "w"), (open, cert, "r+"), (open, cert, "a"), (open, top + "/new", "w"), (open, "/new", "x"),
    (os.mkdir, top + "/new"), (os.mkdir, "/new"), (os.unlink, cert), (os.rmdir, top + "/ssl"),
    (os.rename, cert, top + "/x"), (os.rename, cert, cert + "2"), (os.utime, cert, (1, 1)), (os.truncate, cert, 1),
    (os.symlink, "x", top + "/x"), (os.link, cert, top + "/x"),
):
    refused(errno.EROFS, call, *arguments)
for call, *arguments in ((os.mkdir, top), (open, cert, "x"), (os.symlink, "x", cert)):
    refused(errno.EEXIST, call, *arguments)
refused(errno.ENOENT, os.unlink, top + "/missing")
refused(errno.ENOENT, os.mkdir, top + "/missing/new")

# The working directory.
os.chdir(top + "/ssl")
assert os.getcwd() == top + "/ssl" and open("cert.pem").read(1) and os.listdir(".") == ["cert.pem"]
assert os.path.exists("../lib") and os.listdir("../../..") == root and os.listdir("/..") == root
if os.listdir in os.supports_fd:
    fd = os.open("..", os.O_RDONLY)
    assert sorted(os.listdir(fd)) == sorted(os.listdir(top))
    assert os.stat("lib", dir_fd=fd).st_ino == os.stat("../lib").st_ino
    os.close(fd)

# The same through Python's modules.
importer = zipimport.zipimporter(archive)
assert importer.get_data("json/__init__.pyc") == pkgutil.get_data("json", "__init__.pyc")
with zipfile.ZipFile(archive) as z:
    assert z.testzip() is None
assert importlib.resources.files("json").joinpath("__init__.pyc").read_bytes()[:4] == importlib.util.MAGIC_NUMBER
print("as a folder")
EOF
    single -- -c "$(cat look.py)"
    says 'as a folder'
}

# The lines of examples/c/README.md, for this version.
test_example_c() {
    real build $PY --flavour single
    status 0
    real build toolchain/wlpy
    status 0
    ln -s "$OUT" build-output
    ln -s "$WL_SOURCE_ROOT/examples" examples
    local readme=$WL_SOURCE_ROOT/examples/c/README.md
    sed -n 's/^    //p' "$readme" | grep '^export\|^cc\|^\./formula' | sed "s/v3\.13\.5/v$VERSION/g" >lines
    is "$(grep -c . lines)" 4
    sed -i 's/^cc /&-Wall -Wextra -Werror /' lines
    # (124 would be a test that takes too long.)
    echo '[ $? = 124 ] && exit 3' >>lines
    SECONDS_EACH=600 run bash -u lines
    status 3
    is "$(cat .out; grep '^formula' .err)" "$(sed -n 's/^    \([0-9].*\|formula: .*\)$/\1/p' "$readme")"
    run ./formula "$OUT/$PY/bin/python-single.wasm" '1 / x' x=0
    status 1
    err ZeroDivisionError
    run ./formula "$OUT/$PY/bin/python-single.wasm" 'print(open("/etc/passwd").read())'
    status 1
    err FileNotFoundError
    run ./formula "$OUT/$PY/bin/python.wasmer" 1
    status 127
    err 'cannot read'
}

# A directory in memory, which libwlpy gives to a Python.
test_files_in_memory() {
    real build $PY --flavour single
    status 0
    real build toolchain/wlpy
    status 0
    local wlpy=$OUT/toolchain/wlpy
    cc -O1 -Wall -Wextra -Werror -I"$wlpy/include" "$WL_SOURCE_ROOT/tests/e2e/python-files.c" -o python-files -L"$wlpy/lib" -lwlpy \
        "-Wl,-rpath,$wlpy/lib" || fail 'python-files.c was not compiled'
    SECONDS_EACH=600 run ./python-files "$OUT/$PY/bin/python-single.wasm"
    status 0
    sed -i 's/Errno [0-9]*/Errno/; s/^t.db [1-9][0-9]*$/t.db/' .out
    diff - .out >difference <<'END' || fail "otherwise: $(cat difference)"
['input'] ['1,2', '3,4']
hello y.txt 50
[('copy', ['a'], ['link', 'y.txt']), ('copy/a', ['b'], []), ('copy/a/b', [], [])]
(499500,)
[Errno] Quota exceeded
[Errno] Quota exceeded: 'n41'
1 ValueError the end
input/ 0
input/data.csv 8
output/ 0
output/a/ 0
output/a/b/ 0
output/y.txt 50
output/link -1
t.db
big 10
END
}

test_single_beside_the_host() {
    mkdir -p data/pkg data/usr/local/lib/python$SERIES/site-packages data/usr/local/ssl data/usr/share
    echo 'def greet(): return "from the host"' >data/pkg/__init__.py
    printf 'text\n' >data/pkg/text.txt
    echo 'HERE = 1' >data/usr/local/lib/python$SERIES/site-packages/installed.py
    echo fake >data/usr/local/ssl/cert.pem
    echo more >data/usr/local/ssl/more.pem
    : >"data/usr/local/lib/$ZIP"
    ln -s usr/local data/link
    cat >data/see.py <<'EOF'
import importlib.resources, inspect, os, pkgutil, sys
import pkg
assert inspect.getsource(pkg.greet) == 'def greet(): return "from the host"\n'
assert pkgutil.get_data("pkg", "text.txt") == b"text\n" == importlib.resources.files(pkg).joinpath("text.txt").read_bytes()
print(sorted(set(os.listdir(sys.argv[1])) - {"__pycache__"}), pkg.greet())
EOF
    # A directory of the host.
    single --dir data::/data -- /data/see.py /data
    says "['link', 'pkg', 'see.py', 'usr'] from the host"
    # "/" and ".": the directory merges both, and the library inside is the one that is used.
    single --dir data::/ -- /see.py /
    says "['dev', 'home', 'link', 'pkg', 'see.py', 'tmp', 'usr'] from the host"
    single --dir data::. -- see.py .
    says "['dev', 'home', 'link', 'pkg', 'see.py', 'tmp', 'usr'] from the host"
    single --dir data::/ -- -c '
import os, installed, json
print(sorted(os.listdir("/usr")), sorted(os.listdir("/usr/local/ssl")), open("/usr/local/ssl/cert.pem").read(5) == "fake\n",
      open("/usr/local/ssl/more.pem").read(), open("/link/ssl/cert.pem").read(), installed.HERE)'
    says "['local', 'share'] ['cert.pem', 'more.pem'] False more
 fake
 1"
    # Parts of it.
    single --dir data/usr::/usr -- -c 'import installed, os; print(sorted(os.listdir("/usr")), os.listdir("/"))'
    says "['local', 'share'] ['usr', 'tmp', 'home', 'dev']"
    single --dir data/usr/local/lib::/usr/local/lib -- -c 'import installed, os; print(sorted(os.listdir("/usr/local/lib")))'
    says "['python$SERIES', '$ZIP']"
    # Writes go to the host if the host has the directory.
    single --dir data::/ -- -c '
import os
open("/usr/local/lib/new", "w").write("x")
os.mkdir("/usr/share/new")
for path in "/usr/local/share/new", "/usr/local/ssl/cert.pem", "/usr/local/share/zoneinfo/new":
    try:
        open(path, "w")
    except OSError as e:
        print(e.strerror)
os.rename("/usr/local/lib/new", "/moved")
os.unlink("/usr/local/ssl/more.pem")
print(os.listdir("/usr/local/ssl"), os.path.exists("/moved"))'
    says "Read-only file system
Read-only file system
Read-only file system
['cert.pem'] True"
    there data/moved data/usr/share/new
    not_there data/usr/local/ssl/more.pem data/usr/local/share
    is "$(cat data/usr/local/ssl/cert.pem)" fake
}

test_single_with_another_library() {
    real build $PY
    mkdir lib
    cp "$OUT/$PY/usr/local/lib/$ZIP" lib/
    single --dir lib::/mypath --env PYTHONPATH=/mypath/$ZIP --env PYTHONHOME=/mypath/$ZIP -- -c 'import sys, json; print(json.__loader__.archive, json.__file__ == sys._stdlib_dir + "/json/__init__.py" == json.dumps.__code__.co_filename, sys.path[1])'
    says "/mypath/$ZIP True /mypath/$ZIP"
    echo 'print("mine")' >lib/json.py
    single --dir lib::/mine --env PYTHONPATH=/mine -- -c 'import json'
    says mine
}

test_single_is_built_again_only_when_it_has_to() {
    real build $PY --flavour single
    status 0
    real build $PY --flavour single
    status 0
    out "$PY/bin/python-single.wasm is up to date"
    real build $PY --flavour double
    status 2
    err "$PY has no flavour 'double'; its flavours are plain, single"
    # The port's own program is a different one.
    real run $PY -- -c 'import os; print(os.listdir("/usr/local/lib"))'
    says "['$ZIP']"
    run "$WL_MAKE" run --help
    out '--flavour NAME'
}

# The archive's files are compared with a real directory call by call. To try your own seeds, run it in the same way.
test_single_passes_its_own_tests() {
    real test --own $PY --flavour single
    status 0
    out '2 passed, 0 failed'
}

main "$@"
