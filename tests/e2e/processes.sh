#!/bin/bash
# Processes of Python: subprocess, multiprocessing, pools; in wl-run, or as a native program with ENGINE=native.
# tests/e2e/guest.sh has the limits, with small modules.
# shellcheck source=tests/e2e/lib.sh disable=SC2317
LIMIT=${LIMIT:-3600}
. "$(dirname -- "$0")/lib.sh"

PY=${WL_PYTHON:-python/v3.13.5}

# `python OPTION... -- ARGUMENT...`: runs it with the directory d as /d.
python() {
    local options=()
    options_before "$@"
    shift $((${#options[@]} + 1))
    mkdir -p d
    real_tool run -q --offline "$PY" --engine "${ENGINE:-wasmtime}" ${FLAVOUR:+--flavour "$FLAVOUR"} --dir "$T/d::/d" \
        "${options[@]}" -- "$@"
}

test_subprocess() {
    mkdir -p d
    cat >d/main.py <<'PYTHON'
import os
import signal
import subprocess
import sys
import time
import warnings

me = sys.executable
assert os.getpid() == 42 and os.getppid() == 0
run = subprocess.run

# What it is given, and what it gives.
code = "import os, sys; print(sys.argv[1:], os.getcwd(), os.environ['X'], 'Y' in os.environ, sys.stdin.read()); print('e', file=sys.stderr); sys.exit(7)"
done = run([me, "-c", code, "a", "b c", "ü"], input="in", capture_output=True, text=True, cwd="/d", env={"X": "1"})
assert (done.returncode, done.stderr) == (7, "e\n"), done
assert done.stdout == "['a', 'b c', 'ü'] /d 1 False in\n", done.stdout
for name in "python", "python3", "python%d.%d" % sys.version_info[:2]:
    assert run([name, "-c", "print(1)"], capture_output=True).stdout == b"1\n"
assert subprocess.check_output([me, "-c", "print(2)"]) == b"2\n"

# No other program, however it is named.
for what in ["ls"], ["/bin/sh", "-c", "true"], [me + "x"], ["./python3"], ["../python"], ["python2"]:
    try:
        run(what)
    except FileNotFoundError as error:
        assert error.filename == what[0], error
    else:
        raise AssertionError(what)
for kind, arguments in (FileNotFoundError, dict(shell=True)), (RuntimeError, dict(preexec_fn=print)), (FileNotFoundError, dict(cwd="/no")):
    try:
        run([me, "-c", "pass"], **arguments)
    except kind:
        pass
    else:
        raise AssertionError(arguments)

# A process that was never started is not one that is still running.
warnings.simplefilter("error")
lost = []
sys.unraisablehook = lost.append
for _ in range(2):
    try:
        subprocess.Popen(["ls"])
    except FileNotFoundError:
        pass
assert not lost and not subprocess._active, lost
try:
    os.waitpid(2**31 - 1, 0)
except ChildProcessError:
    pass
else:
    raise AssertionError("there was a process")
warnings.simplefilter("default")

# Much in both directions, streams that are joined, closed or nothing.
text = "x" * 1000000
done = run([me, "-c", "import sys; sys.stdout.write(sys.stdin.read()[::-1])"], input=text, stdout=-1, text=True)
assert done.stdout == text
done = run([me, "-c", "import sys; print(1, flush=True); print(2, file=sys.stderr)"], stdout=-1, stderr=subprocess.STDOUT)
assert done.stdout == b"1\n2\n", done
assert run([me, "-c", "import sys; print(repr(sys.stdin.read()))"], stdin=subprocess.DEVNULL, stdout=-1).stdout == b"''\n"
with open("/d/out", "w") as file:
    run([me, "-c", "print('into a file')"], stdout=file)
assert open("/d/out").read() == "into a file\n"

# Descriptors.
read, write = os.pipe()
run([me, "-c", "import os, sys; os.write(int(sys.argv[1]), b'by number')", str(write)], pass_fds=[write])
assert os.read(read, 20) == b"by number"
done = run([me, "-c", "import os, sys; os.write(int(sys.argv[1]), b'')", str(write)], stderr=-1)
assert b"Bad file descriptor" in done.stderr

# Time and signals.
try:
    run([me, "-c", "import time; time.sleep(100)"], timeout=0.5)
except subprocess.TimeoutExpired:
    pass
for number in signal.SIGTERM, signal.SIGKILL, signal.SIGHUP:
    child = subprocess.Popen([me, "-c", "import time; time.sleep(100)"])
    child.send_signal(number)
    assert child.wait() == -number
child = subprocess.Popen([me, "-c", "import time\ntry:\n print('ready', flush=True); time.sleep(100)\nexcept KeyboardInterrupt: print('came')"], stdout=-1)
assert child.stdout.readline() == b"ready\n"
child.send_signal(signal.SIGINT)
assert child.communicate()[0] == b"came\n" and child.returncode == 0
assert run([me, "-c", "import os; os.abort()"], stderr=-1).returncode == -6
assert run([me, "-c", "import os; os.kill(os.getpid(), 15)"]).returncode == -15

# A process reaches its parent by signals that programs send each other.
def tell(number):
    code = f"import os\ntry: os.kill({os.getpid()}, {int(number)})\nexcept PermissionError: print('refused')"
    return run([me, "-c", code], stdout=-1, check=True).stdout


came = []
for number in signal.SIGUSR1, signal.SIGTERM, signal.SIGHUP, signal.SIGCHLD:
    signal.signal(number, lambda number, frame: came.append(number))
    came.clear()
    assert tell(number) == b"" and number in came, (number, came)
    signal.signal(number, signal.SIG_DFL)
for number in signal.SIGKILL, signal.SIGSEGV, signal.SIGSTOP:
    assert tell(number) == b"refused\n", number
assert tell(0) == tell(signal.SIGWINCH) == b""
done = run([me, "-c", "import os, subprocess, sys; subprocess.run([sys.executable, '-c', 'import os; os.kill(os.getppid(), 12)']); print('not here')"], stdout=-1)
assert (done.returncode, done.stdout) == (-12, b""), done

# Groups and sessions.
code = "import os; print(os.getpid(), os.getpgrp(), os.getsid(0), os.getpgid(os.getppid()))"


def groups(**how):
    pid, *them = run([me, "-c", code], stdout=-1, check=True, **how).stdout.split()
    return ["own" if one == pid else int(one) for one in them]


def waiting(**how):
    child = subprocess.Popen([me, "-c", "import sys; print(flush=True); sys.stdin.read()"], stdin=-1, stdout=-1, **how)
    child.stdout.readline()
    return child


assert (os.getpgrp(), os.getsid(0)) == (42, 42)
assert groups() == groups(process_group=42) == [42, 42, 42]
assert groups(process_group=0) == ["own", 42, 42] and groups(start_new_session=True) == ["own", "own", 42]
try:
    groups(process_group=4711)
except PermissionError:
    pass
else:
    raise AssertionError("there was a group")
leader, other = waiting(process_group=0), waiting()
member = waiting(process_group=leader.pid)
assert os.getpgid(member.pid) == os.getpgid(leader.pid) == leader.pid and os.getpgid(other.pid) == os.getsid(member.pid) == 42
os.killpg(leader.pid, signal.SIGTERM)
assert leader.wait() == member.wait() == -signal.SIGTERM and other.poll() is None
signal.signal(signal.SIGTERM, lambda number, frame: came.append("group"))
os.killpg(0, signal.SIGTERM)
assert other.wait() == -signal.SIGTERM and came[-1] == "group"
signal.signal(signal.SIGTERM, signal.SIG_DFL)
for child in leader, member, other:
    child.communicate()
# One that has ended is in its group until it is waited for, and waiting for a group waits for nobody else.
leader = subprocess.Popen([me, "-c", ""], process_group=0, stdout=-1)
leader.stdout.read()
time.sleep(0.5)
member, other = waiting(process_group=leader.pid), subprocess.Popen([me, "-c", ""])
assert os.waitpid(-leader.pid, 0) == (leader.pid, 0) and os.waitpid(-leader.pid, os.WNOHANG) == (0, 0)
member.kill()
assert os.waitpid(-leader.pid, 0) == (member.pid, signal.SIGKILL) and os.waitpid(0, 0) == (other.pid, 0)
for number in -leader.pid, 0:
    try:
        os.waitpid(number, os.WNOHANG)
    except ChildProcessError:
        continue
    raise AssertionError(number)
for arguments, error in ((-1, 0), OSError), ((4711, 0), ProcessLookupError):
    try:
        os.setpgid(*arguments)
    except error:
        continue
    raise AssertionError(arguments)
try:
    os.kill(4711, signal.SIGSTOP)
except ProcessLookupError:
    pass
else:
    raise AssertionError("there was a process")
code = "import os; os.setpgid(os.getppid(), 0)"
assert b"ProcessLookupError" in run([me, "-c", code], stderr=-1).stderr
done = run([me, "-c", "import os; os.setsid(); print(os.getsid(0) == os.getpgrp() == os.getpid())"], stdout=-1)
assert done.stdout == b"True\n", done

# /tmp is copied; a process of a process.
with open("/tmp/script.py", "w") as file:
    file.write("import os, subprocess, sys\nprint(os.getppid(), flush=True)\nif len(sys.argv) > 1: subprocess.run([sys.executable, __file__])")
done = run([me, "/tmp/script.py", "again"], stdout=-1, text=True).stdout.split()
assert done[0] == "42" and int(done[1]) > 42, done
print("good")
PYTHON
    python -- /d/main.py
    status 0
    out good
}

test_multiprocessing() {
    mkdir -p d
    cat >d/main.py <<'PYTHON'
import asyncio
import concurrent.futures
import multiprocessing
import os
import queue
import sys
import time


def square(n):
    return n * n


def talk(pipe, lock, items, event, barrier):
    with lock:
        pipe.send(("pid", os.getpid() != 42, multiprocessing.parent_process().pid))
    items.put("from the child")
    event.wait()
    barrier.wait()
    assert pipe.recv() == "end"


def fail(n):
    raise ValueError(n)


def die(n):
    os._exit(n)


def pool_in_process(pipe):
    with multiprocessing.Pool(2) as pool:
        pipe.send(pool.map(square, range(5)))


async def subprocess_of_asyncio():
    child = await asyncio.create_subprocess_exec(sys.executable, "-c", "print(input())", stdin=-1, stdout=-1)
    out, _ = await child.communicate(b"through asyncio\n")
    assert (out, child.returncode) == (b"through asyncio\n", 0)


def main():
    context = multiprocessing.get_context()
    assert context.get_start_method() == "spawn"
    here, there = context.Pipe()
    lock, items, event, barrier = context.Lock(), context.Queue(), context.Event(), context.Barrier(2)
    child = context.Process(target=talk, args=(there, lock, items, event, barrier))
    child.start()
    assert here.recv() == ("pid", True, 42) and items.get(timeout=60) == "from the child"
    assert child.is_alive() and not event.is_set()
    event.set()
    barrier.wait(60)
    here.send("end")
    child.join()
    assert child.exitcode == 0
    child = context.Process(target=die, args=(3,))
    child.start()
    child.join()
    assert child.exitcode == 3
    child = context.Process(target=time.sleep, args=(100,))
    child.start()
    child.terminate()
    child.join()
    assert child.exitcode == -15

    # A process whose descriptors have other numbers than in its parent starts some itself.
    others = [os.pipe() for _ in range(3)]
    os.close(others[1][0])
    child = context.Process(target=pool_in_process, args=(there,))
    child.start()
    assert here.poll(60) and here.recv() == [n * n for n in range(5)]
    child.join()
    assert child.exitcode == 0

    semaphore = context.BoundedSemaphore(2)
    assert semaphore.acquire() and semaphore.acquire() and not semaphore.acquire(False) and not semaphore.acquire(timeout=0.05)
    semaphore.release()
    semaphore.release()
    for one in semaphore, context.Lock():
        try:
            one.release()
        except ValueError:
            pass
        else:
            raise AssertionError(one)
    recursive = context.RLock()
    with recursive, recursive:
        pass

    with context.Pool(2) as pool:
        assert pool.map(square, range(20)) == [n * n for n in range(20)]
        try:
            pool.apply(fail, (5,))
        except ValueError as error:
            assert error.args == (5,)
    with concurrent.futures.ProcessPoolExecutor(2) as pool:
        assert list(pool.map(square, range(20))) == [n * n for n in range(20)]
        assert isinstance(pool.submit(fail, 1).exception(), ValueError)
        try:
            pool.submit(die, 1).result()
        except concurrent.futures.process.BrokenProcessPool:
            pass
    asyncio.run(subprocess_of_asyncio())
    for name in "Value", "Array":
        try:
            getattr(multiprocessing, name)("i", 1)
        except OSError:
            pass
        else:
            raise AssertionError(name)
    print("good")


if __name__ == "__main__":
    main()
PYTHON
    python -- /d/main.py
    status 0
    out good
}

# Signals that come until the last of its processes has ended do not change how a program has ended.
test_signals_at_the_end() {
    mkdir -p d
    cat >d/main.py <<'PYTHON'
import os
import signal
import subprocess
import sys
import time

signal.signal(signal.SIGUSR1, lambda number, frame: None)
code = "import os\nwhile True: os.kill(os.getppid(), 10)"
children = [subprocess.Popen([sys.executable, "-c", code]) for i in range(2)]
time.sleep(1)
if len(sys.argv) > 1:
    os._exit(5)
while True:
    time.sleep(0.1)
PYTHON
    for _ in 1 2 3 4; do
        python -- /d/main.py ends
        status 5
        # (The status is 124, which `run` takes for that of its own time limit.)
        (python --deadline 2 -- /d/main.py) >/dev/null || :
        err 'its deadline has passed'
    done
}

# A directory that was replaced by a link, a deadline, and Ctrl-C.
test_what_is_passed_on() {
    mkdir -p d inner secret
    mkdir d/shared
    echo hidden >secret/file
    cat >d/main.py <<'PYTHON'
import os
import subprocess
import sys

os.rename("/d/shared", "/d/moved")
os.symlink("../secret", "/d/shared")
code = "import os; print(sorted(os.listdir('/s')), os.path.exists('/s/file'))"
print(subprocess.check_output([sys.executable, "-c", code], text=True))
PYTHON
    python --dir "$T/d/shared::/s" -- /d/main.py
    status 0
    out '[] False'
    python --max-processes 0 -- -c 'import subprocess, sys; subprocess.run([sys.executable])'
    status 1
    err 'OSError: [Errno 58] wasi does not support processes.'
    python --max-processes 1 -- -c '
import subprocess, sys
a = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(100)"])
try:
    subprocess.Popen([sys.executable, "-c", "pass"])
except BlockingIOError:
    print("one is the limit")
a.kill()'
    status 0
    out 'one is the limit'
    python -- -c '
import subprocess, sys
subprocess.run([sys.executable, "-c", "while True: pass"], timeout=2)'
    status 1
    err TimeoutExpired
    python --dir-ro "$T/inner::/r" -- -c '
import subprocess, sys
print(subprocess.run([sys.executable, "-c", "open(\"/r/x\", \"w\")"], capture_output=True, text=True).stderr)'
    out 'Read-only'
    ! pgrep -af -- '--child-of [0-9]' | grep -F -- "$T" >left || fail "left over: $(cat left)"
}

# A manager, whose processes talk over sockets with names.
test_manager() {
    mkdir -p d
    cat >d/main.py <<'PYTHON'
import multiprocessing


def work(numbers, words, lock, n):
    with lock:
        numbers.append(n)
        words[n] = words.get(n, 0) + 1


def main():
    with multiprocessing.Manager() as manager:
        numbers, words, lock, space = manager.list(), manager.dict(), manager.Lock(), manager.Namespace()
        space.name = "shared"
        with multiprocessing.Pool(2) as pool:
            pool.starmap(work, [(numbers, words, lock, n % 3) for n in range(9)])
        assert sorted(numbers) == sorted(n % 3 for n in range(9)), list(numbers)
        assert dict(words) == {0: 3, 1: 3, 2: 3} and space.name == "shared"
        queue = manager.Queue()
        child = multiprocessing.Process(target=queue.put, args=("through the manager",))
        child.start()
        assert queue.get(timeout=60) == "through the manager"
        child.join()
    print("good")


if __name__ == "__main__":
    main()
PYTHON
    python --net=127.0.0.1 --net-listen=127.0.0.1:0-65535 -- /d/main.py
    status 0
    out good
    # Without a network it says so.
    python -- /d/main.py
    status 1
    err OSError
}

# Packages of PyPI, as they are: pytest with workers, joblib with both of its kinds of processes.
test_packages() {
    local series=${PY##*v}
    series=${series%.*}
    with_index
    HOME=$REAL_HOME SECONDS_EACH=600 run "$PYTHON" -m pip install -q --disable-pip-version-check --no-deps --only-binary=:all: --target d/packages \
        --python-version="$series" --platform=any --implementation=py --abi=none -r "$E2E/process-packages.txt"
    [ "$st" = 0 ] || not_available "$(tail -n 1 .err)"
    mkdir -p d/t d/tmp
    cat >d/t/test_many.py <<'PYTHON'
import os
import time

import pytest


@pytest.mark.parametrize("n", range(12))
def test_one(n, tmp_path):
    (tmp_path / "file").write_text("of my own")
    with open("/d/workers", "a") as file:
        file.write(f"{os.environ['PYTEST_XDIST_WORKER']} {os.getpid() != 42}\n")
    time.sleep(0.2)
    assert n != 7
PYTHON
    # (Its workers expect a directory of the first process in /tmp.)
    python --env PYTHONPATH=/d/packages --dir "$T/d/tmp::/tmp" -- -m pytest -q -n 2 -p no:cacheprovider /d/t
    status 1
    out '1 failed, 11 passed' 'FAILED'
    is "$(sort -u d/workers | tr '\n' ' ')" 'gw0 True gw1 True '
    is "$(wc -l <d/workers)" 12
    cat >d/main.py <<'PYTHON'
import os
import sys

import joblib


def square(n):
    return n * n, os.getpid()


def fail(n):
    raise ValueError(n)


if __name__ == "__main__":
    for backend in "loky", "multiprocessing":
        done = joblib.Parallel(n_jobs=2, backend=backend)(joblib.delayed(square)(n) for n in range(20))
        assert [n for n, _ in done] == [n * n for n in range(20)], done
        assert 42 not in {pid for _, pid in done}, done
    # (Of loky, it would want to end the workers by the program pgrep.)
    try:
        joblib.Parallel(n_jobs=2, backend="multiprocessing")(joblib.delayed(fail)(n) for n in [3])
    except ValueError as error:
        assert error.args == (3,)
    else:
        raise AssertionError("no exception")
    # What cannot be pickled by name: loky's workers get the code.
    assert joblib.Parallel(n_jobs=2)(joblib.delayed(lambda n: n + 1)(n) for n in range(5)) == [1, 2, 3, 4, 5]
    print("good")
PYTHON
    python --env PYTHONPATH=/d/packages -- /d/main.py
    status 0
    out good
}

# The same from a snapshot, whose modules are imported before it knows of a host.
test_from_a_snapshot() {
    FLAVOUR=snapshot
    test_subprocess
    test_multiprocessing
}

test_natively() {
    ENGINE=native
    test_subprocess
    test_multiprocessing
    test_what_is_passed_on
    test_manager
}

main "$@"
