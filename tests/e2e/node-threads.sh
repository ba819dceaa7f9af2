#!/bin/bash
# Threads of a guest in Node, in the real Python. WL_PYTHON names the Python.
# shellcheck source=tests/e2e/lib.sh disable=SC2317
LIMIT=${LIMIT:-3600}
. "$(dirname -- "$0")/lib.sh"

PY=${WL_PYTHON:-python/v3.11.2}

built() {
    command -v node >/dev/null || not_available 'node is not installed'
    real build -q "$PY"
    status 0
}
# `python OPTION... -- ARGUMENT...`: runs the Python, with this test's directory as /w.
python() {
    command_of "$@"
    SECONDS_EACH=300 run "${command[@]}"
}
command_of() {
    local options=()
    options_before "$@"
    shift $((${#options[@]} + 1))
    mkdir -p w
    command=("$WL_SOURCE_ROOT/runtimes/node" "${options[@]}" --dir "$T/w::/w" --dir "$OUT/$PY/usr::/usr" "$OUT/$PY/bin/python.wasm" "$@")
}
# `begin FILE OPTION... -- ARGUMENT...`: the same in the background, with the file as standard input, until it has made w/ready.
begin() {
    command_of "${@:2}"
    timeout -k 5 300 "${command[@]}" <"$1" >.out 2>.err &
    exec 8>"$1"
    wait_for 200 test -e w/ready
}

test_what_programs_do() {
    built
    mkdir w
    cat >w/uses.py <<'END'
import asyncio, contextvars, os, queue, threading, time
from concurrent.futures import ThreadPoolExecutor

def helper():
    found = []
    thread = threading.Thread(target=found.append, args=(1,))
    thread.start()
    thread.join()
    assert found == [1]

def pool():
    with ThreadPoolExecutor(4) as executor:
        assert list(executor.map(abs, range(-500, 0))) == list(range(500, 0, -1))

def queues():
    items = queue.Queue(10)
    threading.Thread(target=lambda: [items.put(n) for n in range(2000)]).start()
    assert sum(items.get() for _ in range(2000)) == 1999000

def waits_at_the_same_time():
    began = time.monotonic()
    threads = [threading.Thread(target=time.sleep, args=(1,)) for _ in range(20)]
    for thread in threads: thread.start()
    for thread in threads: thread.join()
    assert 0.99 < time.monotonic() - began < 15

def to_thread():
    async def main():
        return await asyncio.gather(*[asyncio.to_thread(pow, n, 2) for n in range(5)])
    assert asyncio.run(main()) == [0, 1, 4, 9, 16]

def locks():
    lock, began = threading.Lock(), time.monotonic()
    lock.acquire()
    assert not lock.acquire(timeout=0.2) and time.monotonic() - began > 0.19
    threading.Timer(0.1, lock.release).start()
    assert lock.acquire(timeout=60)
    condition = threading.Condition()
    with condition:
        assert not condition.wait(0.05)
    try:
        lock.acquire()
    except RuntimeError as error:
        assert 'deadlock' in str(error)
    barrier = threading.Barrier(3, timeout=60)
    threads = [threading.Thread(target=barrier.wait) for _ in range(2)]
    for thread in threads: thread.start()
    barrier.wait()
    for thread in threads: thread.join()

def computing_lets_others_run():
    stop, turns = False, [0, 0]
    def count(which):
        while not stop:
            turns[which] += 1
    threads = [threading.Thread(target=count, args=(n,)) for n in range(2)]
    for thread in threads: thread.start()
    deadline = time.monotonic() + 60
    while not all(turns):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    stop = True
    for thread in threads: thread.join()

def own_words():
    local, wrong = threading.local(), []
    def fails(n):
        local.n = n
        for _ in range(50):
            try:
                os.stat('/no/such/file' if n % 2 else '/w/uses.py/below')
            except OSError as error:
                if error.errno != (44 if n % 2 else 54): wrong.append(error)
            time.sleep(0)
        if local.n != n: wrong.append(n)
    threads = [threading.Thread(target=fails, args=(n,)) for n in range(4)]
    for thread in threads: thread.start()
    for thread in threads: thread.join()
    assert not wrong, wrong[0]

def files():
    def write(n):
        with open(f'/w/file{n}', 'w') as file:
            for i in range(100): print(i, file=file, flush=True)
        with open(f'/w/file{n}') as file:
            assert sum(map(int, file)) == 4950
        os.rename(f'/w/file{n}', f'/w/done{n}')
    with ThreadPoolExecutor(4) as executor: list(executor.map(write, range(8)))
    assert len([name for name in os.listdir('/w') if name.startswith('done')]) == 8

def memory_grows_in_all():
    kept = []
    def fill(size):
        for n in range(20): kept.append(bytes([n]) * size)
    threads = [threading.Thread(target=fill, args=(300000 * n,)) for n in range(1, 5)]
    for thread in threads: thread.start()
    for thread in threads: thread.join()
    assert sum(map(sum, kept)) == sum(300000 * n * 190 for n in range(1, 5))

def deep():
    def recurse(n): return n and recurse(n - 1)
    def go():
        try:
            recurse(1000000)
        except RecursionError:
            found.append(1)
    found = []
    thread = threading.Thread(target=go)
    thread.start()
    thread.join()
    assert found

def pipes():
    r, w = os.pipe()
    thread = threading.Thread(target=lambda: (time.sleep(0.1), os.write(w, b'x')))
    thread.start()
    assert os.read(r, 1) == b'x'
    thread.join()

def many():
    for _ in range(200):
        thread = threading.Thread(target=int)
        thread.start()
        thread.join()

for test in (helper, pool, queues, waits_at_the_same_time, to_thread, locks, computing_lets_others_run, own_words, files,
             memory_grows_in_all, deep, pipes, many):
    test()
    print('ok', test.__name__, flush=True)
END
    python --max-threads=20 -- /w/uses.py
    status 0
    is "$(grep -c ^ok .out)" 13
}

test_the_limit() {
    built
    python --max-threads 3 -- -c '
import threading
go, n = threading.Event(), 0
try:
    while True:
        threading.Thread(target=go.wait).start()
        n += 1
except RuntimeError as error:
    print(n, error)
go.set()'
    status 0
    out "3 can't start new thread"
    python --max-threads=0 -- -c 'import threading; threading.Thread(target=print).start()'
    status 1
    err "RuntimeError: can't start new thread"
    python --max-threads=0 --env WL_THREADS=inline -- -c 'from concurrent.futures import ThreadPoolExecutor as T; print(list(T().map(abs, [-1])))'
    status 0
    out '[1]'
    # Without a word about threads, as many as in wl-run.
    python -- -c 'import threading; t = threading.Thread(target=print, args=("there",)); t.start(); t.join()'
    out there
}

test_the_end() {
    built
    python -- -c '
import sys, threading, time
thread = threading.Thread(target=sys.exit, args=(3,))
thread.start()
thread.join()
print("goes on")
def spin():
    while True: pass
for work in spin, lambda: time.sleep(1000), threading.Event().wait:
    threading.Thread(target=work, daemon=True).start()
time.sleep(0.1)
print("ends")
sys.exit(4)'
    status 4
    out 'goes on' ends
    # Not a daemon: Python waits for it.
    python -- -c 'import threading, time; threading.Thread(target=lambda: (time.sleep(0.3), print("last"))).start()'
    status 0
    out last
    python -- -c 'import os, threading, time; threading.Thread(target=os._exit, args=(7,)).start(); time.sleep(1000)'
    status 7
    python -- -c 'import os, threading, time; threading.Thread(target=os.abort).start(); time.sleep(1000)'
    status 134
    err "$OUT/$PY/bin/python.wasm: unreachable"
    is "$(wc -l <.err)" 1 'lines of the error'
    # The same while the first thread runs.
    python -- -c '
import os, threading
threading.Thread(target=os.abort).start()
while True: pass'
    status 134
}

# Others run while one waits for a line, and an end of the input ends that.
test_standard_input() {
    built
    mkdir w
    cat >w/reads.py <<'END'
import sys, threading
lines, came = [], threading.Event()
def read():
    for line in sys.stdin:
        lines.append(line.strip())
        came.set()
thread = threading.Thread(target=read)
thread.start()
open('/w/ready', 'w').close()
assert came.wait(60)
thread.join()
print(lines)
END
    mkfifo in
    begin in -- /w/reads.py
    echo one >&8
    echo two >&8
    exec 8>&-
    wait $! || fail "$(cat .err)"
    out "['one', 'two']"
}

# Servers and clients in threads of one guest; a server that is closed has a connection left.
test_sockets() {
    built
    mkdir w
    cat >w/sockets.py <<'END'
import os, socket, sys, threading, time, urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        time.sleep(0.2)
        self.send_response(200)
        self.send_header('Content-Length', '5')
        self.end_headers()
        self.wfile.write(b'hello')
    def log_message(self, *_): pass

server = ThreadingHTTPServer(('127.0.0.1', 0), Handler)
serving = threading.Thread(target=server.serve_forever, daemon=True)
serving.start()
address = 'http://127.0.0.1:%d/' % server.server_port
got = []
clients = [threading.Thread(target=lambda: got.append(urllib.request.urlopen(address).read())) for _ in range(8)]
for client in clients: client.start()
for client in clients: client.join()
assert got == [b'hello'] * 8, got

left = socket.create_connection(server.server_address)
time.sleep(0.1)
server.shutdown()
serving.join()
server.daemon_threads = True
socket.socket.close(server.socket)
left.close()

# Several threads take connections, and data, from the same socket; none is lost, and nobody gets nothing.
listening, numbers = socket.create_server(('127.0.0.1', 0)), []
def accept():
    for _ in range(5):
        connection, _ = listening.accept()
        numbers.append(connection.recv(100))
        connection.close()
takers = [threading.Thread(target=accept, daemon=True) for _ in range(3)]
for taker in takers: taker.start()
for n in range(15):
    with socket.create_connection(listening.getsockname()) as connection: connection.sendall(b'%d' % n)
for taker in takers: taker.join()
assert sorted(map(int, numbers)) == list(range(15)), numbers
a, b = socket.socketpair(type=socket.SOCK_STREAM)
parts = []
readers = [threading.Thread(target=lambda: parts.append(b.recv(1)), daemon=True) for _ in range(5)]
for reader in readers: reader.start()
for n in range(5):
    time.sleep(0.05)
    a.sendall(b'x')
for reader in readers: reader.join()
assert parts == [b'x'] * 5, parts

# A socket that is closed while another thread waits for it.
waiting, errors = socket.create_server(('127.0.0.1', 0)), []
def wait():
    try:
        waiting.accept()
    except OSError as error:
        errors.append(error)
thread = threading.Thread(target=wait, daemon=True)
thread.start()
time.sleep(0.2)
waiting.close()
thread.join(60)
assert errors and not thread.is_alive()
print('ok', flush=True)

# What was sent leaves, also when another thread ends the program while this one waits for a socket.
there = socket.create_connection(('127.0.0.1', int(sys.argv[1])))
there.sendall(b'x' * 1000000)
threading.Thread(target=os._exit, args=(9,)).start()
waiting = socket.create_server(('127.0.0.1', 0))
waiting.accept()
END
    "$PYTHON" -c '
import socket
server = socket.create_server(("127.0.0.1", 0))
print(server.getsockname()[1], flush=True)
connection, size = server.accept()[0], 0
while data := connection.recv(65536): size += len(data)
print(size)' >port &
    wait_for 10 test -s port
    python --net=127.0.0.1 --net-listen=127.0.0.1:0 -- /w/sockets.py "$(cat port)"
    status 9
    out ok
    wait $!
    is "$(tail -n 1 port)" 1000000
}

# A wait for standard input and a socket at once, which needs no thread.
test_standard_input_beside_a_socket() {
    built
    mkdir w
    cat >w/both.py <<'END'
import select, socket, sys
a, b = socket.socketpair()
open('/w/ready', 'w').close()
print(select.select([sys.stdin, a], [], [], 60)[0] == [sys.stdin])
END
    mkfifo in
    begin in --max-threads=0 --net=127.0.0.1 -- /w/both.py
    echo line >&8
    wait $! || fail "$(cat .err)"
    exec 8>&-
    out True
}

test_what_cannot_be_used() {
    command -v node >/dev/null || not_available 'node is not installed'
    local value
    for value in '' many -1 257 1000; do
        run "$WL_SOURCE_ROOT/runtimes/node" "--max-threads=$value" x.wasm
        status 125
        err "cannot use --max-threads=$value: write a number from 0 to 256"
        is "$(wc -l <.err)" 1 'lines of the error'
    done
    WL_RUNTIME=true run "$WL_SOURCE_ROOT/runtimes/wasmtime" --max-threads 2 x.wasm
    status 125
    err 'gives no threads'
}

# Modules whose instances cannot share a memory, and how it is rewritten.
test_modules() {
    command -v node >/dev/null || not_available 'node is not installed'
    run node "$WL_SOURCE_ROOT/tests/threads/node-module.mjs"
    status 0
    out 'ok'
}

main "$@"
