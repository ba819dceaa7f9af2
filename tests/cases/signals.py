"""Handlers, timers, masks, and signals between processes."""
import asyncio
import errno
import os
import select
import signal
import subprocess
import sys
import threading
import time

came = []


def note(number, frame):
    came.append(signal.Signals(number).name)


def take():
    names = came[:]
    came.clear()
    return names


def handlers():
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2, signal.SIGQUIT, signal.SIGWINCH, signal.SIGCONT):
        assert signal.signal(number, note) is signal.SIG_DFL
        os.kill(os.getpid(), number)
        assert take() == [number.name], number
        signal.raise_signal(number)
        assert take() == [number.name], number
        assert signal.signal(number, signal.SIG_IGN) is note
        os.kill(os.getpid(), number)
        assert take() == []
        assert signal.signal(number, signal.SIG_DFL) is signal.SIG_IGN
    for number in (signal.SIGKILL, signal.SIGSTOP):
        try:
            signal.signal(number, note)
            raise AssertionError(number)
        except OSError as e:
            assert e.errno == errno.EINVAL
    assert {signal.SIGTERM, signal.SIGALRM, signal.SIGINT} < signal.valid_signals()


def timers():
    signal.signal(signal.SIGALRM, note)
    assert signal.alarm(100) == 0
    assert 98 <= signal.alarm(0) <= 100
    assert signal.setitimer(signal.ITIMER_REAL, 0.02) == (0.0, 0.0)
    begun = time.monotonic()
    time.sleep(0.3)  # goes on afterwards
    assert 0.29 < time.monotonic() - begun, time.monotonic() - begun
    assert take() == ['SIGALRM']
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)
    # It ends a loop of Python's, and one of C.
    signal.setitimer(signal.ITIMER_REAL, 0.02)
    while not came:
        pass
    assert take() == ['SIGALRM']

    def too_long(number, frame):
        raise TimeoutError

    import re
    signal.signal(signal.SIGALRM, too_long)
    for work in (lambda: re.match('(a*)*b', 'a' * 40), lambda: threading.Event().wait(), lambda: select.select([], [], [], 100),
                 lambda: os.read(os.pipe()[0], 1)):
        signal.setitimer(signal.ITIMER_REAL, 0.02)
        try:
            work()
            raise AssertionError('it did not come')
        except TimeoutError:
            pass
    # Again and again.
    signal.signal(signal.SIGALRM, note)
    signal.setitimer(signal.ITIMER_REAL, 0.01, 0.01)
    for i in range(5):
        signal.pause()
    assert signal.setitimer(signal.ITIMER_REAL, 0)[1] == 0.01
    assert len(take()) >= 5
    for wrong in (-1, 0), (1, -1):
        try:
            signal.setitimer(signal.ITIMER_REAL, *wrong)
            raise AssertionError(wrong)
        except signal.ItimerError as e:
            assert e.errno == errno.EINVAL


def waiting():
    signal.signal(signal.SIGALRM, note)
    signal.setitimer(signal.ITIMER_REAL, 0.02)
    signal.pause()
    assert take() == ['SIGALRM']
    # A blocked signal waits, once.
    assert signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGALRM, signal.SIGTERM]) == set()
    signal.setitimer(signal.ITIMER_REAL, 0.01)
    assert signal.sigwait([signal.SIGALRM]) == signal.SIGALRM
    os.kill(os.getpid(), signal.SIGTERM)
    os.kill(os.getpid(), signal.SIGTERM)
    assert signal.sigpending() == {signal.SIGTERM}
    assert signal.sigwait({signal.SIGTERM, signal.SIGALRM}) == signal.SIGTERM
    assert signal.sigpending() == set()
    assert signal.sigtimedwait([signal.SIGTERM], 0.01) is None
    signal.setitimer(signal.ITIMER_REAL, 0.01)
    assert signal.sigwaitinfo([signal.SIGALRM]).si_signo == signal.SIGALRM
    assert take() == []
    signal.raise_signal(signal.SIGALRM)
    assert take() == []
    assert signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGALRM]) == {signal.SIGALRM, signal.SIGTERM}
    assert take() == ['SIGALRM']
    assert signal.pthread_sigmask(signal.SIG_SETMASK, []) == {signal.SIGTERM}


def from_threads():
    """The first thread gets them, also while it waits."""
    # One that was handled before does not come again with the first other thread.
    signal.signal(signal.SIGALRM, note)
    signal.setitimer(signal.ITIMER_REAL, 0.01)
    while not came:
        pass
    assert take() == ['SIGALRM']
    other = threading.Thread(target=time.sleep, args=(0.01,))
    other.start()
    other.join()
    assert take() == []

    def later(number):
        time.sleep(0.05)
        os.kill(os.getpid(), number)

    for number, wait in ((signal.SIGUSR1, signal.pause), (signal.SIGTERM, lambda: time.sleep(0.2)),
                         (signal.SIGINT, lambda: time.sleep(0.2))):
        before = signal.signal(number, note)
        other = threading.Thread(target=later, args=(number,))
        other.start()
        wait()
        other.join()
        assert take() == [number.name]
        signal.signal(number, before)
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR1])
    other = threading.Thread(target=later, args=(signal.SIGUSR1,))
    other.start()
    assert signal.sigwait([signal.SIGUSR1]) == signal.SIGUSR1
    other.join()
    # Another thread waits for one.
    got = []
    other = threading.Thread(target=lambda: got.append(signal.sigwait([signal.SIGUSR1])))
    other.start()
    os.kill(os.getpid(), signal.SIGUSR1)
    other.join()
    assert got == [signal.SIGUSR1]
    signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGUSR1])


def wakeup():
    reads, writes = os.pipe()
    os.set_blocking(writes, False)
    signal.set_wakeup_fd(writes)
    signal.signal(signal.SIGALRM, note)
    signal.setitimer(signal.ITIMER_REAL, 0.02)
    while not came:
        time.sleep(0.01)
    assert os.read(reads, 10) == bytes([signal.SIGALRM])
    signal.set_wakeup_fd(-1)
    take()


def restarting():
    """A read goes on after the handler of C, if that was asked for; Python's own then comes after it."""
    for breaks in False, True:
        reads, writes = os.pipe()
        order = []

        def write():
            time.sleep(0.2)
            order.append('write')
            os.write(writes, b'x')

        signal.signal(signal.SIGALRM, lambda *_: order.append('handler'))
        signal.siginterrupt(signal.SIGALRM, breaks)
        other = threading.Thread(target=write)
        other.start()
        signal.setitimer(signal.ITIMER_REAL, 0.02)
        assert os.read(reads, 1) == b'x'
        other.join()
        assert order == (['handler', 'write'] if breaks else ['write', 'handler']), order
        os.close(reads)
        os.close(writes)


def full_pipe():
    """A write waits until another thread has read all, or until a handler raises."""
    def read(fd, n):
        while n > 0:
            n -= len(os.read(fd, 10000))

    def too_long(number, frame):
        raise TimeoutError

    reads, writes = os.pipe()
    other = threading.Thread(target=read, args=(reads, 300000))
    other.start()
    assert os.write(writes, bytes(300000)) == 300000
    other.join()
    other = threading.Thread(target=read, args=(reads, 1))
    other.start()
    signal.signal(signal.SIGALRM, too_long)
    signal.setitimer(signal.ITIMER_REAL, 0.2)
    try:
        os.write(writes, bytes(1000000))
        raise AssertionError('it did not wait')
    except TimeoutError:
        pass
    other.join()
    os.close(reads)
    os.close(writes)


def in_asyncio():
    async def main():
        loop = asyncio.get_running_loop()
        done = asyncio.Event()
        loop.add_signal_handler(signal.SIGALRM, done.set)
        signal.setitimer(signal.ITIMER_REAL, 0.02)
        await asyncio.wait_for(done.wait(), 10)
        loop.add_signal_handler(signal.SIGTERM, came.append, 'asked to end')
        os.kill(os.getpid(), signal.SIGTERM)
        await asyncio.sleep(0.01)
        assert loop.remove_signal_handler(signal.SIGTERM)

    asyncio.run(main())
    assert take() == ['asked to end']


CHILD = '''
import os, signal, sys, time
def handler(number, frame):
    # (It may have interrupted print().)
    os.write(1, f'got {signal.Signals(number).name}\\n'.encode())
    if number == signal.SIGTERM:
        sys.exit(3)
for number in signal.SIGTERM, signal.SIGUSR1, signal.SIGCHLD, signal.SIGWINCH:
    signal.signal(number, handler)
signal.signal(signal.SIGHUP, signal.SIG_IGN)
print('ready', flush=True)
while True:
    time.sleep(100)
'''


def children():
    child = subprocess.Popen([sys.executable, '-c', CHILD], stdout=subprocess.PIPE, text=True)
    assert child.stdout.readline() == 'ready\n'
    for number in signal.SIGUSR1, signal.SIGCHLD, signal.SIGWINCH:
        child.send_signal(number)
        assert child.stdout.readline() == f'got {number.name}\n'
    child.send_signal(signal.SIGHUP)
    child.terminate()
    assert child.communicate()[0] == 'got SIGTERM\n'
    assert child.returncode == 3
    for number in signal.SIGTERM, signal.SIGUSR1, signal.SIGHUP:
        child = subprocess.Popen([sys.executable, '-c', 'import time; print(flush=True); time.sleep(100)'], stdout=subprocess.PIPE)
        child.stdout.readline()
        child.send_signal(number)
        child.communicate()
        assert child.returncode == -number
    # By its own timer.
    code = 'import signal, time; signal.setitimer(signal.ITIMER_REAL, 0.02); time.sleep(100)'
    assert subprocess.run([sys.executable, '-c', code]).returncode == -signal.SIGALRM


def ends_of_children():
    signal.signal(signal.SIGCHLD, note)
    child = subprocess.Popen([sys.executable, '-c', 'pass'])
    while not came:
        time.sleep(0.01)
    assert take() == ['SIGCHLD']
    assert os.waitpid(-1, os.WNOHANG) == (child.pid, 0)
    # It ends no wait for another one.
    quick, slow = (subprocess.Popen([sys.executable, '-c', f'import time; time.sleep({s})']) for s in (0, 1))
    assert os.waitpid(slow.pid, 0) == (slow.pid, 0)
    assert os.waitpid(quick.pid, 0) == (quick.pid, 0)
    assert set(take()) == {'SIGCHLD'}
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGCHLD])
    child = subprocess.Popen([sys.executable, '-c', 'pass'])
    assert signal.sigwait([signal.SIGCHLD]) == signal.SIGCHLD
    assert child.wait() == 0
    signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGCHLD])
    assert take() == []


handlers()
timers()
waiting()
from_threads()
wakeup()
restarting()
full_pipe()
in_asyncio()
children()
ends_of_children()
